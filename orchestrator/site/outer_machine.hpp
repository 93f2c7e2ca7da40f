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

// What an outer VM says when it can be saved, and what is said to it when it was restored
// (images/outer: lab-warm).
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
  // writes all into a folder, and only when the machine asked for it. It does not go on after that.
  // Error (infrastructure) where the emulator cannot.
  virtual void save_state(const std::filesystem::path& to) = 0;

  // The serial console and the stream: non-blocking, read by who follows the machine.
  base::Fd console, stream;
};

// Starts the machine that lay_out_outer() made. `folder`: of the run, for what the emulator writes.
std::unique_ptr<OuterMachine> start_outer(const Site& site, const OuterImage& image,
                                          const guest::DomainSpec& spec,
                                          const std::filesystem::path& folder);

// Goes on with what save_state() of a machine like it wrote. Where its clock is not its own, it is
// told that it was restored, and the time. `spec` may have disks behind the system's that the saved
// one had not. Error (infrastructure) where it says nothing within half a minute (Bochs: minutes).
std::unique_ptr<OuterMachine> restore_outer(const Site& site, const OuterImage& image,
                                            guest::DomainSpec spec,
                                            const std::filesystem::path& state,
                                            const std::filesystem::path& folder);

}  // namespace lab::site
