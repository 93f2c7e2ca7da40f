// SPDX-License-Identifier: MIT
// Collects the results of a test in the tiny VMM.
#pragma once

#include <string>
#include <vector>

namespace lab::vmm {

struct Report {
  std::vector<std::string> lines;   // what the test did and saw
  std::vector<std::string> faults;  // the first faults
  unsigned long fault_count = 0;

  void say(std::string line) { lines.push_back(std::move(line)); }
  void fault(std::string what) {
    constexpr unsigned long shown = 20;
    if (fault_count++ < shown) faults.push_back(std::move(what));
  }
  void expect(bool holds, const std::string& what) {
    if (!holds) fault(what);
  }
};

}  // namespace lab::vmm
