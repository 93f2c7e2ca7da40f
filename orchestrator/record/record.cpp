// SPDX-License-Identifier: MIT
#include "orchestrator/record/record.hpp"
