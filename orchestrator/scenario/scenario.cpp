// SPDX-License-Identifier: MIT
#include "orchestrator/scenario/scenario.hpp"
