// SPDX-License-Identifier: MIT
// Separates a trial from the machine that it runs on: QEMU runs the guests, and KVM counts their
// exits. A trial reaches libvirt, debugfs and tracefs only through these interfaces, so that its
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

inline constexpr const char* disk_format = "qcow2";  // of every disk that a trial makes

// Controls a guest's machine, paused at first and destroyed with this object. All functions throw
// infrastructure errors.
class GuestMachine {
 public:
  GuestMachine() = default;
  GuestMachine(const GuestMachine&) = delete;
  GuestMachine& operator=(const GuestMachine&) = delete;
  virtual ~GuestMachine() = default;

  virtual void resume() = 0;
  virtual void pause() = 0;
  // Returns false as soon as it shut down, crashed or vanished.
  virtual bool running() const = 0;
  // Returns whether the guest itself powered it off, once running() is false.
  virtual bool powered_off() const = 0;
  // Performs the action and returns when the hypervisor has done it, after at most 30 s; a pause
  // only begins. `plug` is the disk to plug in.
  virtual void perform(const scenario::HostAction& action, const std::filesystem::path& plug) = 0;
  // Returns what lies at the guest's addresses and ports, for causes::MemoryTree::parse. Available
  // only until the guest powers off, as the hypervisor discards it then.
  virtual std::string memory_tree() = 0;

  pid_t pid = 0;             // of the process that runs the VM
  base::Fd console, reader;  // the guest's streams, non-blocking; whoever reads them takes them
};

// Reads the counts of one VM on the host's side. They remain when the guest has ended. All
// functions throw infrastructure errors.
class GuestCounters {
 public:
  virtual ~GuestCounters() = default;

  virtual exits::HostStats read() const = 0;
  virtual std::string text() const = 0;              // the text that read() parses
  virtual std::uint64_t read_kvm_exits() const = 0;  // KVM's own statistic
  virtual exits::HostCauses read_causes() const = 0;
  virtual exits::HostCauses latch_causes() const = 0;  // latches the counts of now and returns them
};

// Contains the exits of all VMs since the trace began, as an independent witness counts them.
struct TracedExits {
  std::map<std::uint32_t, std::uint64_t> reasons;
  std::optional<exits::TracedDetails> details;  // absent: not requested or not possible
};
using ExitTrace = std::function<TracedExits()>;
// Returns the lines of the kernel's log since the previous call, or since its creation.
using KernelLines = std::function<kvm::KernelLog::Lines()>;

class Host {
 public:
  virtual ~Host() = default;

  virtual std::unique_ptr<GuestMachine> make(const guest::DomainSpec& spec) = 0;
  virtual std::unique_ptr<GuestCounters> open_counters(const GuestMachine& machine) = 0;
  // With `details`, it also counts their details, where the kernel supports that.
  virtual ExitTrace trace_exits(bool details) = 0;
  virtual KernelLines follow_log() = 0;
};

}  // namespace lab::trial
