// SPDX-License-Identifier: MIT
// Everything that the machine whose KVM is patched needs to run trials: what goes into an outer VM
// as a disk, and what `here` runs in process.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/kvm/modules/parameters.hpp"
#include "orchestrator/record/site.hpp"
#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/trial/trial.hpp"

namespace lab::inside {

using record::Site;

struct Job {
  const record::Site* site = &record::site_here;  // never null
  std::filesystem::path modules;                  // folder of the patched modules
  bool verify_tracepoint = false;
  // Kept from an earlier outer VM (inside/machine/capabilities); empty where libvirtd needs none.
  std::filesystem::path capabilities;
  // Restored from a state that others were restored from, too: 64 bytes, in hexadecimal, that its
  // random numbers are to begin with. Empty: it was booted.
  std::string seed;
  // The machine counts instructions and nothing from outside reaches it: its clock is its own, and
  // guests' disks are files of the job.
  bool exact = false;
  bool thrown_away = false;  // the machine is, after the job: nothing needs to be put back
  double time_scale = 1;     // of the limits around the trials; theirs are in the plans
  std::map<std::string, trial::GuestImage> images;  // by image_key
  std::vector<scenario::TrialPlan> plans;
};

// What the scenario adds to the guest kernel's command line: its clock source and guest.cmdline.
std::string kernel_additions(const scenario::Settings& settings);

// Where the guest's reader starts: until kernel, init and console the host counts, so that those
// boot like multi_user, but for the step's end.
scenario::BootUntil reader_starts(const scenario::TrialPlan& plan);

// Plans with the same key boot from the same prepared image.
std::string image_key(const scenario::TrialPlan& plan);

// What the kvm modules are loaded with for a trial.
kvm::Parameters module_parameters(const scenario::Settings& settings, exits::Vendor vendor);

// Whether the machine that runs it has a time of its own, and not this machine's.
bool has_own_clock(const Job& job);

std::string to_json(const Job& job);
Job job_from_json(std::string_view json);  // Error (infrastructure) where malformed

}  // namespace lab::inside
