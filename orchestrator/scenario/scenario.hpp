// SPDX-License-Identifier: MIT
// Defines a scenario: what to boot, what to do in it, under which settings, how often.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orchestrator/exits/reasons/reasons.hpp"
#include "orchestrator/scenario/words.hpp"

namespace lab::scenario {

// Contains everything that the matrix can vary.
struct Settings {
  std::string image;                            // a name, or an absolute path
  std::uint32_t guests = 1;                     // guest.count: 1..8 alike, at the same time
  std::uint32_t vcpus = 1;                      // 1..64
  std::uint64_t memory = 768ull * 1024 * 1024;  // bytes, whole MiB, 64 MiB..64 GiB
  bool huge_pages = false;                      // guest.huge_pages: of 2 MiB, on the outer VM
  Machine machine = Machine::pc;
  std::string cpu_model;                  // guest.cpu.model; empty: the outer VM's own
  std::vector<std::string> cpu_features;  // guest.cpu.features: "+name" or "-name"
  DiskBus disk_bus = DiskBus::virtio;     // guest.disk.*: the image's disk
  DiskCache disk_cache = DiskCache::unsafe;
  std::uint64_t scratch_size = 0;  // guest.scratch.*: another, empty disk; bytes; 0: none
  DiskBus scratch_bus = DiskBus::virtio;
  DiskCache scratch_cache = DiskCache::unsafe;
  Nic nic = Nic::none;  // guest.nic.model, guest.nic.network
  Network network = Network::user;
  Console console = Console::quiet;
  Clock clock = Clock::automatic;
  std::string cmdline;  // guest.cmdline: added to the guest kernel's; printable ASCII, at most 1024
  // guest.kernel, guest.initrd: the user's own files, as absolute paths; empty: the image's.
  std::string guest_kernel, guest_initrd;
  // guest.emulator, guest.firmware: the user's own, too; empty: the outer VM's.
  std::string guest_emulator, guest_firmware;
  bool ksm = false;            // host.ksm: same-page merging runs on the outer VM meanwhile
  std::uint32_t samples = 10;  // timeline samples a second: 0 (none)..100
  Exact exact = Exact::where_possible;
  exits::Layout layout = exits::Layout::descending;
  // Is nested unless `paging` or a parameter npt/ept says otherwise; always set in a TrialPlan.
  std::optional<Paging> paging;
  // The outer VM's kernel: a release, a series, a suite, or an absolute path, of a kernel tree with
  // or without "@COMMIT" or of a folder with .deb files; empty: lab's default.
  std::string kernel;
  Processor processor = Processor::haswell;  // kvm.processor: the outer VM's, on site vmx only
  std::uint32_t causes = 0;  // kvm.causes: entries a vCPU; 0: causes of exits are not counted
  // Parameters of the KVM modules besides layout and paging; never exit_layout, exit_stats or
  // exit_causes. kvm.scope is stored here as exit_scope.
  std::map<std::string, std::string> parameters;

  bool operator==(const Settings&) const = default;
};

struct Timeouts {
  std::chrono::seconds trial{600};
  std::chrono::seconds boot{300};      // of a boot or reboot step without its own
  std::chrono::seconds step{120};      // of any other step without its own
  std::chrono::seconds shutdown{120};  // of a shutdown step without its own

  bool operator==(const Timeouts&) const = default;
};

// Describes an action on the guest from the hypervisor's side.
struct HostAction {
  using Kind = ActionKind;
  using Device = PlugDevice;
  Kind kind = Kind::pause;
  std::chrono::milliseconds duration{0};  // pause: how long
  std::uint32_t vcpu = 0;                 // pin
  std::string cpus;                       // pin: "0", "0-1", "0,2" of the outer VM
  std::uint64_t memory = 0;               // balloon: the guest's remaining memory, bytes, whole MiB
  Device device = Device::disk;           // plug, unplug: virtio-blk of 64 MiB or virtio-net
  std::string keys;                       // key: pressed together, "ctrl+alt+delete", "a"

  bool operator==(const HostAction&) const = default;
};

struct Step {
  using Kind = StepKind;
  Kind kind = Kind::boot;
  std::string name = "boot";  // unique in the scenario; the kind's name where none is given
  BootUntil until = BootUntil::multi_user;  // boot
  std::string pattern;                      // boot until console: text to be found in one line
  std::string command;                      // run: for /bin/sh, at most 65536 bytes
  std::string input;                        // run: its standard input, at most 65536 bytes
  std::string background;   // run: a load for /bin/sh, running all the while and then killed
  std::uint32_t times = 1;  // run: repetitions without a pause, until one fails; 1..1000000
  std::chrono::milliseconds duration{0};  // run: killed then, which is no failure; sleep: length
  HostAction host;                        // host
  std::chrono::seconds timeout{0};        // 0: the default of Timeouts; always set in a TrialPlan

  bool operator==(const Step&) const = default;
};

// Gives some of a matrix' dotted keys their values as written; it selects all trials whose cell
// agrees.
using Cell = std::vector<std::pair<std::string, std::string>>;

struct Expectation {
  std::string step;
  std::string reason;                       // "total", a name or a number
  std::optional<exits::Category> category;  // instead of a reason
  std::string cause;                        // only its causes whose "DETAIL, PLACE" contains this
  bool per_second = false;                  // the bounds are exits a second
  std::optional<std::uint64_t> min;
  std::optional<std::uint64_t> max;
  Cell where;  // only in these trials; empty: in all trials, and in a plan

  bool operator==(const Expectation&) const = default;
};

// Requires min <= median(of) / median(to) <= max, over the passed trials of each; judged after the
// run.
struct Relation {
  std::string step;
  std::string reason;
  std::optional<exits::Category> category;
  Cell of, to;
  std::optional<double> min, max;

  bool operator==(const Relation&) const = default;
};

// Is one dimension of the matrix: a dotted key and its values, as written.
struct Axis {
  std::string key;
  std::vector<std::string> values;
};

// Gives the size of a change that matters when trials are compared with a baseline.
struct Floor {
  std::string reason;                       // "total", a name or a number; "" with a category
  std::optional<exits::Category> category;  // instead of a reason; a reason's own goes first
  std::optional<double> share;              // 0.05 for 5 %, 0..10; absent: no change ever matters

  bool operator==(const Floor&) const = default;
};

struct Scenario {
  std::string file;  // for messages
  std::string name;
  std::string description;
  Settings settings;
  std::vector<Axis> matrix;
  std::vector<Cell> exclude;  // matrix.exclude: cells left out
  std::vector<Cell> include;  // matrix.include: more cells, each with any settings
  std::set<Cell> left_out;    // contradictory cells of which no trial is wanted
  std::uint32_t repeat = 1;   // 1..10000; 1 with repeat_auto
  bool repeat_auto = false;   // repeat: auto: the runner raises repeat where counts vary
  std::uint32_t warmup = 0;   // 0..100: trials of each cell before the kept ones
  Timeouts timeouts;
  std::vector<Step> steps;  // only the first is a boot; a shutdown may only be the last
  std::vector<Expectation> expect;
  std::vector<Relation> relations;
  std::vector<Floor> floors;  // none twice; elsewhere the comparison's own apply
};

// Plans one guest run: a cell of the matrix, once.
struct TrialPlan {
  std::string scenario;
  std::string name;           // "boot-count[paging=shadow]#2"
  Cell cell;                  // dotted key, value: in the matrix' order
  std::uint32_t repeat = 1;   // its number, from 1
  std::uint32_t repeats = 1;  // the number of repeats
  bool warmup = false;        // its record is not kept: "boot-count[paging=shadow]#w1"
  Settings settings;
  Timeouts timeouts;
  std::vector<Step> steps;
  std::vector<Expectation> expect;

  bool operator==(const TrialPlan&) const = default;
};

// Returns whether the trial of this name shall run.
using Wanted = std::function<bool(const std::string&)>;

// All functions throw base::Error (user) with "file:line:column: ...", the allowed values and the
// remedy. `overrides` are KEY=VALUE with dotted keys; their position is "--set". An override of a
// matrix key removes that key from the matrix.
Scenario parse(std::string_view yaml, const std::string& file,
               const std::vector<std::string>& overrides = {});
// A cell may contradict itself where `wanted` selects none of its trials.
Scenario load(const std::string& file, const std::vector<std::string>& overrides = {},
              const Wanted& wanted = {});

// Returns warmup and repeat trials of every cell, those of a cell together and warm-ups first; at
// most 100,000 trials. Each gets only the expectations that apply to its cell.
std::vector<TrialPlan> expand(const Scenario& scenario);

// Returns whether `cell` contains all of `part`, so that a where, of or to with `part` applies to
// it; "paging" stands for "kvm.paging".
bool matches(const Cell& part, const Cell& cell);

}  // namespace lab::scenario
