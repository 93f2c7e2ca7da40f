// SPDX-License-Identifier: MIT
// This machine's kernel log from some moment on.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/base/fd.hpp"

namespace lab::kvm {

class KernelLog {
 public:
  // From now on. Error (infrastructure) where /dev/kmsg cannot be read (it takes root).
  KernelLog();

  struct Lines {
    std::vector<std::string> texts;  // without time and level
    bool whole = true;               // false: the kernel overwrote some that were not read
  };
  // What has come since the last call.
  Lines read();

 private:
  base::Fd file_;
};

}  // namespace lab::kvm
