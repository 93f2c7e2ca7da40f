// SPDX-License-Identifier: MIT
// Describes one guest of a trial as a domain: its disks and all that the settings ask for.
#pragma once

#include <chrono>
#include <filesystem>
#include <vector>

#include "orchestrator/guest/xml/domain_spec.hpp"
#include "orchestrator/trial/guest/context.hpp"

namespace lab::trial {

// Makes the files of a guest and deletes them at the end: an overlay on the image's disk, an empty
// disk where the settings ask for one, and a disk to plug in.
class GuestDisks {
 public:
  // Throws an infrastructure error where they cannot be made. `number` is the guest's, from 1.
  GuestDisks(const scenario::TrialPlan& plan, const GuestImage& image,
             const std::filesystem::path& folder, unsigned number);
  GuestDisks(const GuestDisks&) = delete;
  GuestDisks& operator=(const GuestDisks&) = delete;
  ~GuestDisks();

  // Each path is empty where there is no such disk.
  const std::filesystem::path& overlay() const { return overlay_; }
  const std::filesystem::path& scratch() const { return scratch_; }
  const std::filesystem::path& plug() const { return plug_; }

 private:
  std::filesystem::path overlay_, scratch_, plug_;
};

guest::DomainSpec guest_spec(const scenario::TrialPlan& plan, const GuestImage& image,
                             const TrialContext& context, const GuestDisks& disks, unsigned number);

// Lists the devices for the conditions: "pc, serial, virtio-blk, virtio-serial".
std::string devices_in_words(const scenario::TrialPlan& plan, const GuestImage& image);

// Returns whether this action makes the guest boot anew.
bool reboots(const scenario::HostAction& action);

// Returns how long the guest gets after this action to do its part (to find a device, to give up
// memory) before the counts are read; for a pause, its length.
std::chrono::milliseconds action_time(const scenario::HostAction& action);

}  // namespace lab::trial
