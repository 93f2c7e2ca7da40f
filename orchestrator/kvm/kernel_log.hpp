// SPDX-License-Identifier: MIT
// Reads this machine's kernel log from some moment on.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/base/fd.hpp"

namespace lab::kvm {

class KernelLog {
 public:
  // Begins now. Throws an infrastructure error where /dev/kmsg cannot be read (this needs root).
  KernelLog();

  struct Lines {
    std::vector<std::string> texts;  // without time and level
    bool whole = true;               // false: the kernel overwrote unread ones
  };
  // Returns the lines since the last call.
  Lines read();

 private:
  base::Fd file_;
};

}  // namespace lab::kvm
