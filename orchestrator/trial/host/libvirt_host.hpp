// SPDX-License-Identifier: MIT
// Makes this machine a trial's host: libvirt's domains, the counters of lab's patch in debugfs.
#pragma once

#include "orchestrator/guest/libvirt/connection.hpp"
#include "orchestrator/trial/host/host.hpp"

namespace lab::trial {

class LibvirtHost : public Host {
 public:
  // The connection must outlive this object and all machines that it made.
  explicit LibvirtHost(virConnect* connection) : connection_(connection) {}

  std::unique_ptr<GuestMachine> make(const guest::DomainSpec& spec) override;
  std::unique_ptr<GuestCounters> open_counters(const GuestMachine& machine) override;
  ExitTrace trace_exits(bool details) override;
  KernelLines follow_log() override;

 private:
  virConnect* connection_;
};

}  // namespace lab::trial
