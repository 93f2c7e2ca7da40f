// SPDX-License-Identifier: MIT
// Defines the record of one trial: its outcome, counts, checks and all conditions.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orchestrator/exits/checks.hpp"
#include "orchestrator/exits/host_stats.hpp"
#include "orchestrator/exits/snapshot.hpp"
#include "orchestrator/record/causes.hpp"
#include "orchestrator/record/phase.hpp"

namespace lab::record {

enum class Outcome {
  passed,
  failed,
  regressed,
  guest_failed,
  timed_out,
  infrastructure,
  incomplete
};

std::string_view to_string(Outcome outcome);
std::optional<Outcome> parse_outcome(std::string_view text);

// Lists the keys of Record::conditions in their display order (condition_order). Others may follow.
namespace condition {
inline constexpr std::string_view
    site = "site",
    emulated = "emulated",  // "true", "false"
    vendor = "vendor",      // "vmx", "svm"
    cpu_model = "cpu_model", nesting_depth = "nesting_depth", outer_kernel = "outer_kernel",
    cpu_flags = "cpu_flags",  // of the processor whose KVM counts, as Linux names them
    microcode = "microcode",
    host_kernel = "host_kernel",  // of the KVM below (site kvm), which decides what it offers
    kvm_source = "kvm_source",  // 12 digits for the KVM source of the user's tree; absent: Debian's
    outer_image = "outer_image",  // the outer VM's system: the beginning of its disk's SHA-256
    outer_tsc = "outer_tsc",      // "100 MHz", by the outer VM's real-time clock
    patch_version = "patch_version",
    module_parameters = "module_parameters",  // those that lab set: "exit_layout=descending npt=1"
    causes = "causes",                        // of exits: "16384 entries"; absent: not counted
    kvm_parameters = "kvm_parameters",        // all others of the kvm modules, as they are in force
    guest_qemu = "guest_qemu",                // that runs the guest: "7.2.22 (Debian ...)"
    libvirt = "libvirt",
    firmware = "firmware",  // the guest's: file name, and the beginning of its SHA-256
    paging = "paging", layout = "layout", image = "image", image_digest = "image_digest",
    guest_kernel = "guest_kernel",
    guest_kernel_file =
        "guest_kernel_file",  // the user's own: what it calls itself, and its digest
    guest_initrd_file = "guest_initrd_file",  // the user's own: its digest
    guests = "guests", vcpus = "vcpus",
    memory = "memory",  // "768 MiB"
    huge_pages = "huge_pages", machine = "machine",
    guest_cpu = "guest_cpu",  // "host", or a model; then its features: "EPYC +invtsc -x2apic"
    clock = "clock", cmdline = "cmdline", ksm = "ksm",
    samples = "samples",    // of the timeline, a second
    emulator = "emulator",  // of the outer VM, and its version: "QEMU 10.0.2", "Bochs 2.7"
    host = "host",          // this machine, where it is the outer VM's clock: "2 x AMD EPYC ..."
    node = "node",          // of many machines, the one that ran it; absent: the one that keeps it
    exact = "exact",  // what was fixed so that the same trial has the same exits; absent: nothing
    devices = "devices", console = "console", lab_version = "lab_version",
    start_time = "start_time", repeat = "repeat";
}  // namespace condition

std::span<const std::string_view> condition_order();

// Returns whether a comparison only reports that this condition differs and is not refused for it:
// lab's version, as otherwise each commit would need baselines of its own.
bool is_only_told(std::string_view key);

struct Reason {
  std::uint32_t number = 0;
  std::string name;
  std::string category;
  std::uint64_t exits = 0;
  std::optional<std::uint64_t> cycles;

  bool operator==(const Reason&) const = default;
};

// Says who counted a step: the reader in the guest by CPUID, or the host at that moment.
enum class View { guest, host };

// A count that could not be taken is absent, never 0.
struct Step {
  std::string name;
  std::uint32_t guest = 1;  // whose, from 1, where a trial has several (conditions: guests)
  View view = View::guest;
  std::optional<double> begin;    // seconds from the trial's first guest's start, on the host
  std::optional<double> seconds;  // how long it took: the command's own time, or the host's
  std::optional<std::uint64_t> exits;
  std::optional<std::uint64_t> cycles;
  std::vector<Reason> reasons;                // most exits first
  std::optional<std::uint64_t> reader_exits;  // of `exits`, caused by the reading itself
  bool reader_exits_complete = true;          // false (older labs): it is a lower bound
  std::optional<bool> clean;                  // nothing came between the readings' reads
  std::optional<int> exit_code;               // of the command: 0..255, 128 + signal
  std::string output;                         // tail of the command's output, from the guest
  // Per number both add up to the reason's exits. Both are empty where causes were not requested.
  std::vector<Cause> causes;  // most exits first; bounded over the record (bound_causes)
  std::vector<CausesLost> causes_lost;

  bool operator==(const Step&) const = default;
};

// Contains the host's own view of the whole trial, from the guest's creation to its rest (its vCPUs
// paused). It includes the modules' preset counts.
struct Host {
  exits::Scope scope = exits::Scope::vm;  // of the guest's leaves; all here is the guest's VM's
  exits::HostCounts total;
  std::uint64_t failed_entries = 0;
  std::vector<exits::HostReason> reasons;  // most exits first; no latch
  std::vector<exits::HostVcpu> vcpus;      // without their reasons

  bool operator==(const Host&) const = default;
};

// Contains the host's counts over time, of all the trial's guests together. Seconds are from the
// first guest's start. Neighbouring samples are combined where there are more than max_samples.
struct Timeline {
  static constexpr std::size_t max_samples = 6000;

  struct Sample {
    double seconds = 0;                // when it was taken
    std::vector<std::uint64_t> exits;  // since the sample before, in the order of `numbers`

    bool operator==(const Sample&) const = default;
  };
  // Is a moment found without disturbing the guest: "start", "kernel", "init", "multi-user" from
  // its console; "reader" when the reader reported. Steps have their own times.
  struct Milestone {
    std::string name;
    double seconds = 0;

    bool operator==(const Milestone&) const = default;
  };
  std::vector<std::uint32_t> numbers;  // exit reasons that happened at all, ascending
  std::vector<Sample> samples;
  std::vector<Milestone> milestones;  // in the order of their times

  bool operator==(const Timeline&) const = default;
};

// Begins the names of runs whose trials confirm or refute a suspicion of `lab check`; the
// suspicious run's name follows. Some have old conditions, so they are not part of any history.
inline constexpr std::string_view confirmation_prefix = "confirm-";
inline bool is_confirmation(std::string_view run) {
  return run.starts_with(confirmation_prefix);
}

using Conditions = std::map<std::string, std::string>;

std::string find_condition(const Conditions& conditions, std::string_view key);  // "" where unknown

// Returns the vendor that the conditions name; nullopt where they name no known one.
std::optional<exits::Vendor> recorded_vendor(const Conditions& conditions);

bool is_emulated(const Conditions& conditions);  // by its site

// Returns whether equal trials have equal counts: in an exact run or on a site with an own clock.
bool is_deterministic(const Conditions& conditions);

struct Record {
  std::string id;  // make_id(): sorts by start time
  std::string
      run;  // the same of all trials of one `lab run`: its first record's id; "" by older labs
  std::string scenario;
  std::string trial;  // "boot-count[paging=shadow]#2"
  std::string site;
  std::uint32_t repeat = 1;
  Outcome outcome = Outcome::incomplete;
  std::chrono::system_clock::time_point start_time;  // kept in milliseconds
  Conditions conditions;
  std::vector<Step> steps;
  std::vector<exits::Check> checks;
  std::optional<Host> host;          // absent where the trial did not come to rest
  std::optional<Timeline> timeline;  // absent where samples: 0
  Timings timings;
  std::string plan;          // scenario::to_object() of what was run, as text; "" by older labs
  std::string message;       // why it did not pass
  std::string console_tail;  // where it failed, from the guest

  bool operator==(const Record&) const = default;
};

// Is a relation between cells, judged after the run (judge_relations in expectations.hpp).
struct RelationResult {
  std::string scenario;
  std::string text;             // "NPF of boot: paging=shadow / paging=nested"
  std::optional<bool> ok;       // absent: not enough data, see detail
  std::optional<double> left;   // median over the passed trials of `of`, a value a guest
  std::optional<double> right;  // of `to`
  std::optional<double> ratio;  // left / right; absent where right is 0
  std::optional<double> min, max;
  std::string detail;  // the bounds and the numbers of trials; why there is no judgement

  bool operator==(const RelationResult&) const = default;
};

// Returns "20251121T034112.123Z-3fa29c01"; `random` distinguishes records of one millisecond.
std::string make_id(std::chrono::system_clock::time_point start, std::uint32_t random);
std::string format_time(std::chrono::system_clock::time_point time);  // 2025-11-21T03:41:12.123Z

// Makes a step with its reasons named, most exits first.
Step make_step(std::string name, exits::Vendor vendor, const exits::StepCounts& counts);

Host make_host(exits::HostStats stats);

// Prepares the causes of a new record for storage. Cleans and cuts texts, combines equal causes,
// and sorts them by exits, most first. Keeps the largest causes within causes_bytes, shared fairly
// over the steps, and sums the others per number into one cause "(others)". A step without room
// even for these sums loses its causes altogether. Otherwise the sums per number do not change.
void bound_causes(Record& record);

// to_json() writes one trial as one line of JSON (record_json.hpp as an object), to_document() a
// whole document as `--format json` prints it, with relations[] where there are some. The from_
// functions throw base::Error on anything malformed.
std::string to_json(const Record& record);
Record from_json(std::string_view json);
std::string to_document(std::span<const Record> records,
                        std::span<const RelationResult> relations = {});
std::vector<Record> from_document(std::string_view json);

}  // namespace lab::record
