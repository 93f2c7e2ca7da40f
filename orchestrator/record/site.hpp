// SPDX-License-Identifier: MIT
// Describes the sites where trials run. Code that depends on a site's properties reads its
// descriptor and does not compare names.
#pragma once

#include <optional>
#include <string_view>

#include "orchestrator/exits/reasons/reasons.hpp"

namespace lab::record {

struct Site {
  enum class Machine {
    here,   // trials run on this machine: there is no outer VM
    qemu,   // libvirt starts the outer VM
    bochs,  // lab starts the outer VM
  };
  std::string_view name;  // of --on, and of condition::site
  Machine machine = Machine::here;
  bool emulated = false;                // its cycles are no real processor's
  std::optional<exits::Vendor> vendor;  // absent: this machine's processor's
  // Its time advances with its instructions, whatever this machine does, so that the same trial has
  // the same exits each time. Without it an exact run may still achieve that.
  bool own_clock = false;
  bool can_be_exact = false;
  bool has_processors = false;  // kvm.processor chooses the outer VM's
  // Time limits around the trials are multiplied by this: where the outer VM has seconds of its
  // own, they take longer than this machine's.
  double slowness = 1;
};

inline constexpr Site site_here{.name = "here"};
inline constexpr Site site_kvm{.name = "kvm", .machine = Site::Machine::qemu};
inline constexpr Site site_svm{.name = "svm",
                               .machine = Site::Machine::qemu,
                               .emulated = true,
                               .vendor = exits::Vendor::svm,
                               .can_be_exact = true};
// Bochs takes one to three seconds for one of the outer VM's; the limits allow twice that.
inline constexpr Site site_vmx{.name = "vmx",
                               .machine = Site::Machine::bochs,
                               .emulated = true,
                               .vendor = exits::Vendor::vmx,
                               .own_clock = true,
                               .can_be_exact = true,
                               .has_processors = true,
                               .slowness = 6};
inline constexpr const Site* sites[] = {&site_here, &site_kvm, &site_svm, &site_vmx};

// Returns null where no site has this name.
constexpr const Site* find_site(std::string_view name) {
  for (const Site* site : sites)
    if (site->name == name) return site;
  return nullptr;
}

}  // namespace lab::record
