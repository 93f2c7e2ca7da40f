// SPDX-License-Identifier: MIT
// Defines what a trial gets: the guest's image, and what all trials of a job share.
#pragma once

#include <filesystem>
#include <string>

#include "orchestrator/record/record.hpp"
#include "orchestrator/trial/host/host.hpp"
#include "orchestrator/trial/stream/event.hpp"

namespace lab::trial {

// Describes a prepared image as the machine that runs the guest sees it: a disk, a kernel or both.
struct GuestImage {
  std::string name;
  std::string digest;  // of the image as prepared
  std::filesystem::path disk;
  std::string disk_format;  // "raw" or "qcow2"
  bool disk_is_block = false;
  std::filesystem::path kernel, initrd;
  std::string cmdline;
  // The user's own files, for the conditions: "6.12.1-mine (me@host) #3, sha256:HEX", "sha256:HEX";
  // empty where they are the image's.
  std::string kernel_file, initrd_file;
  // The user's own QEMU and firmware, and their text in the conditions; empty: the machine's.
  std::filesystem::path emulator, firmware;
  bool firmware_is_flash = false;
  std::string emulator_text, firmware_text;
};

// Contains what all trials of a job share.
struct TrialContext {
  Host* host = nullptr;
  std::string run_id;              // domain names carry it
  std::filesystem::path folder;    // for overlays
  std::filesystem::path sockets;   // a short path
  record::Conditions conditions;   // of the site, the modules and the machine
  bool own_clock = false;          // time advances with instructions, and idle time costs nothing
  bool thrown_away = false;        // this machine is discarded after the job
  bool verify_tracepoint = false;  // also count by the kvm:kvm_exit tracepoint and compare
  Sink sink;
};

}  // namespace lab::trial
