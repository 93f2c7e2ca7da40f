// SPDX-License-Identifier: MIT
#include "orchestrator/report/report.hpp"
