// SPDX-License-Identifier: MIT
// The two vendors' tables, for reasons.cpp only. Sorted by number.
#pragma once

#include <span>

#include "orchestrator/exits/reasons/reasons.hpp"

namespace lab::exits {

std::span<const Reason> vmx_reasons();
std::span<const Reason> svm_reasons();

}  // namespace lab::exits
