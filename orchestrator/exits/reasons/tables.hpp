// SPDX-License-Identifier: MIT
// Declares the two vendors' tables, sorted by number, for reasons.cpp only.
#pragma once

#include <span>

#include "orchestrator/exits/reasons/reasons.hpp"

namespace lab::exits {

std::span<const Reason> vmx_reasons();
std::span<const Reason> svm_reasons();

}  // namespace lab::exits
