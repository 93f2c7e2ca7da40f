// SPDX-License-Identifier: MIT
// Where trials run, and what follows from it. Whoever needs to know something about a site asks its
// descriptor, and not its name.
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
  bool emulated = false;                // its cycles are those of no processor
  std::optional<exits::Vendor> vendor;  // absent: that of this machine's processor
  // Its time goes on with its instructions, whatever this machine does, so that the same trial has
  // the same exits each time. Without it an exact run may still have that.
  bool own_clock = false;
  bool can_be_exact = false;
  bool has_processors = false;  // kvm.processor chooses the outer VM's
  // Limits around the trials are multiplied by this: the outer VM's seconds, where they are its
  // own, take longer than this machine's.
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

// Null where no site has this name.
constexpr const Site* find_site(std::string_view name) {
  for (const Site* site : sites)
    if (site->name == name) return site;
  return nullptr;
}

}  // namespace lab::record
