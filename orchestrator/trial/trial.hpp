// SPDX-License-Identifier: MIT
// One trial: one guest run under one setting of a scenario's matrix, from overlay to record.
#pragma once

#include <filesystem>
#include <string>

#include "orchestrator/guest/connection.hpp"
#include "orchestrator/record/record.hpp"
#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/trial/event.hpp"

namespace lab::trial {

// A prepared image as the machine that runs the guest sees it. Disk, kernel or both.
struct GuestImage {
  std::string name;
  std::string digest;  // of the image as prepared
  std::filesystem::path disk;
  std::string disk_format;  // "raw" or "qcow2"
  bool disk_is_block = false;
  std::filesystem::path kernel, initrd;
  std::string cmdline;
};

// What all trials of a job share.
struct TrialContext {
  virConnect* connection = nullptr;
  std::string run_id;              // domain names carry it
  std::filesystem::path folder;    // for overlays
  std::filesystem::path sockets;   // a short path
  record::Conditions conditions;   // of the site, the modules and the machine
  bool verify_tracepoint = false;  // also count by the kvm:kvm_exit tracepoint and compare
  Sink sink;
};

// Runs the trial. Whatever happens, domain and overlay are gone afterwards, and whatever went
// wrong is in the record's outcome and message. Error (interrupted) is thrown where the user stops
// lab. Kvm modules must be loaded already.
record::Record run_trial(const scenario::TrialPlan& plan, const GuestImage& image,
                         const TrialContext& context);

}  // namespace lab::trial
