// SPDX-License-Identifier: MIT
// Contains everything that the machine with the patched KVM needs to run trials: an outer VM gets
// it as a disk, and `here` uses it in process.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/kvm/modules/parameters.hpp"
#include "orchestrator/record/site.hpp"
#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/trial/trial.hpp"

namespace lab::inside {

using record::Site;

// Name places in an outer VM. Its image (images/outer) mounts the job's disk and names disks and
// ports; outer/places_test.cpp compares these words with its scripts.
inline constexpr const char* job_place = "/run/lab/job";  // the job's disk
inline constexpr const char* devices_place = "/dev/lab";  // disks and ports by lab's names
inline constexpr const char* stream_place = "/dev/lab/stream";

struct Job {
  const record::Site* site = &record::site_here;  // never null
  std::filesystem::path modules;                  // folder of the patched modules
  bool verify_tracepoint = false;
  // Cached from an earlier outer VM (inside/machine/capabilities); empty where libvirtd needs none.
  std::filesystem::path capabilities;
  // The seed of the random numbers of a machine restored from a state that others share: 64 bytes,
  // in hexadecimal. Empty where it was booted.
  std::string seed;
  // The machine counts instructions and nothing from outside reaches it: it has its own clock, and
  // guests' disks are files of the job.
  bool exact = false;
  bool thrown_away = false;  // the machine is discarded afterwards: nothing needs to be restored
  double time_scale = 1;     // for the limits around the trials; the plans contain theirs
  std::map<std::string, trial::GuestImage> images;  // by image_key
  std::vector<scenario::TrialPlan> plans;
};

// Returns the scenario's additions to the guest kernel's command line: clock source and
// guest.cmdline.
std::string kernel_additions(const scenario::Settings& settings);

// Returns where the guest's reader starts: the host counts until kernel, init and console, so those
// boot like multi_user, except for the step's end.
scenario::BootUntil reader_starts(const scenario::TrialPlan& plan);

// Returns the key of the plan's prepared image: plans with the same key boot from the same one.
std::string image_key(const scenario::TrialPlan& plan);

// Returns the parameters with which the KVM modules are loaded for a trial.
kvm::Parameters module_parameters(const scenario::Settings& settings, exits::Vendor vendor);

// Returns whether the machine that runs the job has a clock of its own.
bool has_own_clock(const Job& job);

std::string to_json(const Job& job);
Job job_from_json(std::string_view json);  // throws an infrastructure error

// Runs all trials on this machine's own KVM and sends a record event for each (run_job.cpp). Swaps
// the modules only where necessary, and always restores the stock ones at the end. Throws Error
// where the machinery fails.
void run_job(const Job& job, const base::Folders& folders, const trial::Sink& sink);

}  // namespace lab::inside
