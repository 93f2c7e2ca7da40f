// SPDX-License-Identifier: MIT
// A running outer VM, whoever emulates it: a libvirt domain or Bochs.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "orchestrator/base/fd.hpp"

namespace lab::outer {

// What an outer VM says when it can be saved (images/outer: lab-warm). Another line says why not.
inline constexpr const char* warm_line = "warm";

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

  // Writes its devices into a file, which belongs to its memory's (DomainSpec::memory_file); Bochs
  // writes all into a folder. Bochs, and a QEMU that counts instructions, wait until the machine
  // asks for it. It does not go on after that. Error (infrastructure) where the emulator cannot.
  virtual void save_state(const std::filesystem::path& to) = 0;

  // The serial console and the stream: non-blocking, read by read_stream().
  base::Fd console, stream;
};

// Until a restored machine says something on its stream. Error (infrastructure) where it ends
// instead, or says nothing within so many seconds.
void wait_for_words(OuterMachine& machine, double patience);

}  // namespace lab::outer
