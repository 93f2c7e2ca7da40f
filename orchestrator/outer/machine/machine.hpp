// SPDX-License-Identifier: MIT
// Controls a running outer VM, whichever emulates it: a libvirt domain or Bochs.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "orchestrator/base/fd.hpp"

namespace lab::outer {

// The line that an outer VM prints when it can be saved (images/outer: lab-warm). Another line is
// the reason why not.
inline constexpr const char* warm_line = "warm";

// The machine ends with this object, and with lab.
class OuterMachine {
 public:
  OuterMachine() = default;
  OuterMachine(const OuterMachine&) = delete;
  OuterMachine& operator=(const OuterMachine&) = delete;
  virtual ~OuterMachine() = default;

  // Returns false as soon as it ended; call it often. Throws an infrastructure error where the
  // emulator cannot go on.
  virtual bool running() = 0;
  // Returns what the emulator printed about its end; may be empty.
  virtual std::string last_words() const { return ""; }

  // Writes its devices into a file, which belongs to that of its memory (DomainSpec::memory_file);
  // Bochs writes all into a folder. Bochs, and a QEMU that counts instructions, wait until the
  // machine asks for it. The machine stops after that. Throws an infrastructure error where the
  // emulator cannot.
  virtual void save_state(const std::filesystem::path& to) = 0;

  // The serial console and the stream; non-blocking, read by read_stream().
  base::Fd console, stream;
};

// Waits until a restored machine sends something on its stream. Throws an infrastructure error
// where it ends instead, or sends nothing within `patience` seconds.
void wait_for_words(OuterMachine& machine, double patience);

}  // namespace lab::outer
