// SPDX-License-Identifier: MIT
// One guest of a trial as a domain: its disks, and everything that the settings say.
#pragma once

#include <chrono>
#include <filesystem>
#include <vector>

#include "orchestrator/guest/xml/domain_spec.hpp"
#include "orchestrator/trial/guest/context.hpp"

namespace lab::trial {

// The files of a guest, deleted at the end: an overlay on the image's disk, an empty disk where
// the settings want one, and one to be plugged.
class GuestDisks {
 public:
  // Error (infrastructure) where they cannot be made. `number`: the guest's, from 1.
  GuestDisks(const scenario::TrialPlan& plan, const GuestImage& image,
             const std::filesystem::path& folder, unsigned number);
  GuestDisks(const GuestDisks&) = delete;
  GuestDisks& operator=(const GuestDisks&) = delete;
  ~GuestDisks();

  // Empty where there is none.
  const std::filesystem::path& overlay() const { return overlay_; }
  const std::filesystem::path& scratch() const { return scratch_; }
  const std::filesystem::path& plug() const { return plug_; }

 private:
  std::filesystem::path overlay_, scratch_, plug_;
};

guest::DomainSpec guest_spec(const scenario::TrialPlan& plan, const GuestImage& image,
                             const TrialContext& context, const GuestDisks& disks, unsigned number);

// The devices, for the conditions: "pc, serial, virtio-blk, virtio-serial".
std::string devices_in_words(const scenario::TrialPlan& plan, const GuestImage& image);

// Whether this action makes the guest boot anew.
bool reboots(const scenario::HostAction& action);

// How long the guest is given after this action to do its part (to find a device, to give up
// memory), before the counts are taken; a pause: how long it takes.
std::chrono::milliseconds action_time(const scenario::HostAction& action);

}  // namespace lab::trial
