// SPDX-License-Identifier: MIT
// A running outer VM, whoever emulates it: a libvirt domain or Bochs.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/guest/domain_xml.hpp"
#include "orchestrator/site/outer_vm.hpp"

namespace lab::site {

// Gone with this object, and with lab.
class OuterMachine {
 public:
  OuterMachine() = default;
  OuterMachine(const OuterMachine&) = delete;
  OuterMachine& operator=(const OuterMachine&) = delete;
  virtual ~OuterMachine() = default;

  // False as soon as it ended; ask often. Error (infrastructure) where the emulator cannot go on.
  virtual bool running() = 0;
  // What the emulator said of its end, where it did; may be empty.
  virtual std::string last_words() const { return ""; }

  // The serial console and the stream: non-blocking, read by who follows the machine.
  base::Fd console, stream;
};

// Starts the machine that lay_out_outer() made. `folder`: of the run, for what the emulator writes.
std::unique_ptr<OuterMachine> start_outer(OuterKind kind, const OuterImage& image,
                                          const guest::DomainSpec& spec,
                                          const std::filesystem::path& folder);

}  // namespace lab::site
