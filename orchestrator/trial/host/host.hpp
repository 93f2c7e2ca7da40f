// SPDX-License-Identifier: MIT
// The border between a trial and the machine that it runs on: guests as QEMU runs them, counts as
// KVM keeps them. A trial reaches libvirt, debugfs and tracefs through these only, so that its
// tests need none of them (fake_host.hpp).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/exits/causes.hpp"
#include "orchestrator/exits/host_stats.hpp"
#include "orchestrator/exits/traced/traced_details.hpp"
#include "orchestrator/guest/xml/domain_spec.hpp"
#include "orchestrator/kvm/kernel_log.hpp"
#include "orchestrator/scenario/scenario.hpp"

namespace lab::trial {

inline constexpr const char* disk_format = "qcow2";  // of each disk that a trial makes

// A guest's machine, made paused; gone with this object. All throw Error (infrastructure).
class GuestMachine {
 public:
  GuestMachine() = default;
  GuestMachine(const GuestMachine&) = delete;
  GuestMachine& operator=(const GuestMachine&) = delete;
  virtual ~GuestMachine() = default;

  virtual void resume() = 0;
  virtual void pause() = 0;
  // False as soon as it shut down, crashed or vanished.
  virtual bool running() const = 0;
  // Whether the guest itself powered it off, once running() is false.
  virtual bool powered_off() const = 0;
  // Does it and returns when the hypervisor has done it, after 30 s at most; a pause only begins.
  // `plug`: the disk that is plugged.
  virtual void perform(const scenario::HostAction& action, const std::filesystem::path& plug) = 0;
  // What lies at the guest's addresses and ports, for causes::MemoryTree::parse. Only while the
  // hypervisor has it: until the guest powers off.
  virtual std::string memory_tree() = 0;

  pid_t pid = 0;             // of the process that has the VM
  base::Fd console, reader;  // the guest's streams, non-blocking; for whoever reads them
};

// The counts of one VM, on the host's side. They stay when the guest has ended. All throw Error
// (infrastructure).
class GuestCounters {
 public:
  virtual ~GuestCounters() = default;

  virtual exits::HostStats read() const = 0;
  virtual std::string text() const = 0;              // what read() is made of
  virtual std::uint64_t read_kvm_exits() const = 0;  // KVM's own statistic
  virtual exits::HostCauses read_causes() const = 0;
  virtual exits::HostCauses latch_causes() const = 0;  // as of now, which is the latch then
};

// Exits of all VMs since its making, as an independent witness counts them.
struct TracedExits {
  std::map<std::uint32_t, std::uint64_t> reasons;
  std::optional<exits::TracedDetails> details;  // absent: not asked for, or the kernel cannot
};
using ExitTrace = std::function<TracedExits()>;
// Lines of the kernel's log since the call before, or since its making.
using KernelLines = std::function<kvm::KernelLog::Lines()>;

class Host {
 public:
  virtual ~Host() = default;

  virtual std::unique_ptr<GuestMachine> make(const guest::DomainSpec& spec) = 0;
  virtual std::unique_ptr<GuestCounters> open_counters(const GuestMachine& machine) = 0;
  // `details`: also what they were about, where the kernel can.
  virtual ExitTrace trace_exits(bool details) = 0;
  virtual KernelLines follow_log() = 0;
};

}  // namespace lab::trial
