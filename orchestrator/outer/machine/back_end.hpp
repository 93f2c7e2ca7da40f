// SPDX-License-Identifier: MIT
// Starts the outer VMs of a site: libvirt with QEMU, or lab with Bochs. All their differences are
// stated here, so that no other code asks which of the two it is.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/guest/xml/domain_spec.hpp"
#include "orchestrator/outer/machine/emulator.hpp"
#include "orchestrator/record/site.hpp"
#include "orchestrator/scenario/scenario.hpp"

namespace lab::outer {

using record::Site;

// The line that an outer VM prints when it can be saved (images/outer: lab-warm). Another line is
// the reason why not.
inline constexpr const char* warm_line = "warm";

// Controls a running outer VM, whichever emulates it. The machine ends with this object, and with
// lab.
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

// Describes the outer image as built by images/outer.
struct OuterImage {
  std::filesystem::path disk, kernel, initrd;
  std::string cmdline;
  std::string digest;
  std::filesystem::path boot_cd;  // boots kernel and initrd where the emulator cannot (vmx)
  scenario::Processor processor = scenario::Processor::haswell;  // of site vmx
  std::optional<Emulator> emulator;                              // lab's own; empty: the machine's
};

struct OuterSize {
  unsigned vcpus = 2;
  std::uint64_t memory_mib = 4096;
};

struct BackEnd {
  virtual ~BackEnd() = default;

  // Returns the size that an outer VM needs for a trial's guests, all of this size. Throws a user
  // error where outer VMs cannot be so large.
  virtual OuterSize size_for_guests(unsigned guests, unsigned vcpus,
                                    std::uint64_t memory_mib) const = 0;

  // Adds the system's disk and the emulator to the machine. `disk` is an overlay on the image's
  // disk, or that disk itself where the emulator needs no overlay.
  virtual void complete(guest::DomainSpec& spec, const Site& site, const OuterImage& image,
                        const std::filesystem::path& disk) const = 0;

  // Starts the machine. `folder` is the run's, for what the emulator writes.
  virtual std::unique_ptr<OuterMachine> start(const OuterImage& image,
                                              const guest::DomainSpec& spec,
                                              const std::filesystem::path& folder) const = 0;

  // Continues from what save_state() of an equal machine wrote. A machine without a clock of its
  // own gets a message that it was restored, and the time. `spec` may have disks after the system's
  // that the saved machine lacked. Throws an infrastructure error where it sends nothing within
  // half a minute (Bochs: minutes).
  virtual std::unique_ptr<OuterMachine> restore(const OuterImage& image, guest::DomainSpec spec,
                                                const std::filesystem::path& state,
                                                const std::filesystem::path& folder) const = 0;

  // Returns the machine in the emulator's configuration: another text is another machine.
  virtual std::string description(const guest::DomainSpec& spec) const = 0;

  // Returns "QEMU 7.2.19" for the emulator that outer VMs get where lab's own was not built; ""
  // where it prints no version.
  virtual std::string packaged_version() const = 0;

  bool needs_overlay = true;      // for the system's disk; else its changes are a part of the state
  bool takes_guest_disks = true;  // as separate disks; else they are files of the job
  unsigned most_vcpus = std::numeric_limits<unsigned>::max();
  // The limit where lab's own emulator was not built.
  std::uint64_t most_packaged_mib = std::numeric_limits<std::uint64_t>::max();
  double saving_patience = 300;  // seconds, until a machine is ready to be saved
};

// Returns the back end of this site, which is not `here`.
const BackEnd& back_end(const Site& site);

// Return the only object of each; for back_end().
const BackEnd& libvirt_back_end();
const BackEnd& bochs_back_end();

// Returns the site of this name among those that run trials in an outer VM. Throws a user error for
// any other name.
const Site& outer_site(const std::string& name);

// Disks and the stream's port have these names in the outer VM, below /dev/lab.
inline constexpr const char* stream_port = "stream";
inline constexpr const char* job_disk_name = "job";

// Returns the machine; `disk` is what BackEnd::complete() needs. Creates the sockets stream,
// console and agent in `sockets`.
guest::DomainSpec outer_spec(const Site& site, const OuterImage& image, const OuterSize& size,
                             const std::string& name, const std::filesystem::path& disk,
                             const std::filesystem::path& sockets);

// Makes the machine count instructions: it gets one processor and no agent, to which libvirt
// connects at any time, which the machine notices.
void count_instructions(guest::DomainSpec& spec);

// Makes an ext4 file from a folder; the same folder gives the same file.
void make_job_disk(const std::filesystem::path& folder, const std::filesystem::path& disk);

}  // namespace lab::outer
