// SPDX-License-Identifier: MIT
// What starts the outer VMs of a site: libvirt with QEMU, or lab with Bochs. In what they differ is
// said here, so that nobody else asks which of the two it is.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "orchestrator/guest/xml/domain_spec.hpp"
#include "orchestrator/outer/machine/emulator.hpp"
#include "orchestrator/outer/machine/machine.hpp"
#include "orchestrator/record/site.hpp"
#include "orchestrator/scenario/scenario.hpp"

namespace lab::outer {

using record::Site;

// The outer image as built by images/outer.
struct OuterImage {
  std::filesystem::path disk, kernel, initrd;
  std::string cmdline;
  std::string digest;
  std::filesystem::path boot_cd;  // boots kernel and initrd where neither can be handed over (vmx)
  scenario::Processor processor = scenario::Processor::haswell;  // of site vmx
  std::optional<Emulator> emulator;                              // lab's own; empty: the machine's
};

struct OuterSize {
  unsigned vcpus = 2;
  std::uint64_t memory_mib = 4096;
};

struct BackEnd {
  virtual ~BackEnd() = default;

  // What guests of a trial, all of this size, need around them. Error (user) where outer VMs cannot
  // be so large.
  virtual OuterSize size_for_guests(unsigned guests, unsigned vcpus,
                                    std::uint64_t memory_mib) const = 0;

  // Adds the system's disk and what emulates it to the machine. `disk`: an overlay on the image's
  // disk, or that disk itself where this needs no overlay.
  virtual void complete(guest::DomainSpec& spec, const Site& site, const OuterImage& image,
                        const std::filesystem::path& disk) const = 0;

  // Starts the machine. `folder`: of the run, for what the emulator writes.
  virtual std::unique_ptr<OuterMachine> start(const OuterImage& image,
                                              const guest::DomainSpec& spec,
                                              const std::filesystem::path& folder) const = 0;

  // Goes on with what save_state() of a machine like it wrote. Where its clock is not its own, it
  // is told that it was restored, and the time. `spec` may have disks behind the system's that the
  // saved one had not. Error (infrastructure) where it says nothing within half a minute (Bochs:
  // minutes).
  virtual std::unique_ptr<OuterMachine> restore(const OuterImage& image, guest::DomainSpec spec,
                                                const std::filesystem::path& state,
                                                const std::filesystem::path& folder) const = 0;

  // The machine as the emulator is told of it: another text is another machine.
  virtual std::string description(const guest::DomainSpec& spec) const = 0;

  // "QEMU 7.2.19": of the emulator that outer VMs get where lab's own was not built. "" where it
  // says nothing.
  virtual std::string packaged_version() const = 0;

  bool needs_overlay = true;      // of the system's disk; else its changes are a part of its state
  bool takes_guest_disks = true;  // as disks of its own; else they are files of the job
  unsigned most_vcpus = std::numeric_limits<unsigned>::max();
  // Where lab's own emulator was not built.
  std::uint64_t most_packaged_mib = std::numeric_limits<std::uint64_t>::max();
  double saving_patience = 300;  // seconds, until a machine is ready to be saved
};

// The one of this site, which is not `here`.
const BackEnd& back_end(const Site& site);

// Both are there once; for back_end().
const BackEnd& libvirt_back_end();
const BackEnd& bochs_back_end();

}  // namespace lab::outer
