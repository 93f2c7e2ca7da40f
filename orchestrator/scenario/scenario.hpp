// SPDX-License-Identifier: MIT
// A scenario: what to boot, what to do in it, under which settings, how often.
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

#include "orchestrator/exits/layout.hpp"
#include "orchestrator/exits/reasons/reasons.hpp"

namespace lab::scenario {

enum class Console { quiet, verbose, none };
enum class Paging { nested, shadow };
enum class Machine { pc, q35 };
enum class DiskBus { virtio, scsi, sata, nvme };
enum class DiskCache { unsafe, none, writeback, writethrough, directsync };
enum class Nic { none, virtio, e1000 };
// user: QEMU's own, in which only its gateway 10.0.2.2 answers; none: no cable; open: QEMU's own
// with a way out, to this machine and what it reaches.
enum class Network { user, none, open };
enum class Clock { automatic, kvm_clock, tsc, hpet, acpi_pm };  // the guest's clock source
// Generations that site vmx emulates.
enum class Processor { haswell, skylake_x };

// Whether the same trial has the same exits each time. A plan that runs says always or never: what
// is possible is known when its site is.
enum class Exact { where_possible, always, never };

// Everything that the matrix can vary.
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
  std::uint64_t scratch_size = 0;  // guest.scratch.*: one more, empty disk; bytes; 0: none
  DiskBus scratch_bus = DiskBus::virtio;
  DiskCache scratch_cache = DiskCache::unsafe;
  Nic nic = Nic::none;  // guest.nic.model, guest.nic.network
  Network network = Network::user;
  Console console = Console::quiet;
  Clock clock = Clock::automatic;
  std::string cmdline;  // guest.cmdline: added to the guest kernel's; printable ASCII, at most 1024
  // guest.kernel, guest.initrd: files of the user's own, as absolute paths; empty: the image's.
  std::string guest_kernel, guest_initrd;
  // guest.emulator, guest.firmware: of the user's own, too; empty: the outer VM's.
  std::string guest_emulator, guest_firmware;
  bool ksm = false;            // host.ksm: same-page merging runs on the outer VM meanwhile
  std::uint32_t samples = 10;  // of the timeline, a second: 0 (none)..100
  Exact exact = Exact::where_possible;
  exits::Layout layout = exits::Layout::descending;
  // Nested unless said otherwise, by `paging` or by a parameter npt/ept; always set in a TrialPlan.
  std::optional<Paging> paging;
  // Which kernel the outer VM runs: a release, a series, a suite, or an absolute path, of a kernel
  // tree with or without "@COMMIT" or of a folder with .deb files; empty: lab's default.
  std::string kernel;
  Processor processor = Processor::haswell;  // kvm.processor: the outer VM's, on site vmx only
  std::uint32_t causes = 0;  // kvm.causes: entries a vCPU; 0: causes of exits are not counted
  // Of the kvm modules, beyond layout and paging; never exit_layout, exit_stats, exit_causes.
  // kvm.scope is kept as exit_scope in here.
  std::map<std::string, std::string> parameters;

  bool operator==(const Settings&) const = default;
};

struct Timeouts {
  std::chrono::seconds trial{600};
  std::chrono::seconds boot{300};      // of a boot or reboot step that names none
  std::chrono::seconds step{120};      // of any other step that names none
  std::chrono::seconds shutdown{120};  // of a shutdown step that names none

  bool operator==(const Timeouts&) const = default;
};

// Where a boot (or reboot) step ends. The first two and cloud_init by the reader in the guest,
// whose counts they are; the others when the console says so, counted by the host at that moment.
enum class BootUntil { multi_user, reader, cloud_init, kernel, init, console };

// Something done to the guest from the hypervisor's side.
struct HostAction {
  enum class Kind { pause, pin, balloon, plug, unplug, key, save_restore };
  enum class Device { disk, nic };
  Kind kind = Kind::pause;
  std::chrono::milliseconds duration{0};  // pause: how long
  std::uint32_t vcpu = 0;                 // pin
  std::string cpus;                       // pin: "0", "0-1", "0,2" of the outer VM
  std::uint64_t memory = 0;               // balloon: what the guest keeps, bytes, whole MiB
  Device device = Device::disk;           // plug, unplug: virtio-blk of 64 MiB or virtio-net
  std::string keys;                       // key: pressed together, "ctrl+alt+delete", "a"

  bool operator==(const HostAction&) const = default;
};

struct Step {
  enum class Kind { boot, run, sleep, reboot, shutdown, host };
  Kind kind = Kind::boot;
  std::string name = "boot";  // unique in the scenario; those without one are called as their kind
  BootUntil until = BootUntil::multi_user;  // boot
  std::string pattern;                      // boot until console: text to be found in one line
  std::string command;                      // run: for /bin/sh, at most 65536 bytes
  std::string input;                        // run: its standard input, at most 65536 bytes
  std::string background;   // run: a load for /bin/sh, running all the while and then killed
  std::uint32_t times = 1;  // run: so often in one go, until one fails; 1..1000000
  std::chrono::milliseconds duration{0};  // run: killed then, which is no failure; sleep: how long
  HostAction host;                        // host
  std::chrono::seconds timeout{0};        // 0: the default of Timeouts; always set in a TrialPlan

  bool operator==(const Step&) const = default;
};

// Some of a matrix' dotted keys and their values as written: all trials whose cell agrees.
using Cell = std::vector<std::pair<std::string, std::string>>;

struct Expectation {
  std::string step;
  std::string reason;                       // "total", a name or a number
  std::optional<exits::Category> category;  // instead of a reason
  std::string cause;                        // of it, causes whose "DETAIL, PLACE" contains this
  bool per_second = false;                  // bounds are of exits a second
  std::optional<std::uint64_t> min;
  std::optional<std::uint64_t> max;
  Cell where;  // only in these trials; empty: in all, and in a plan

  bool operator==(const Expectation&) const = default;
};

// min <= median(of) / median(to) <= max, over the passed trials of each; judged after the run.
struct Relation {
  std::string step;
  std::string reason;
  std::optional<exits::Category> category;
  Cell of, to;
  std::optional<double> min, max;

  bool operator==(const Relation&) const = default;
};

// One dimension of the matrix: a dotted key and the values that it takes, as written.
struct Axis {
  std::string key;
  std::vector<std::string> values;
};

// The size of change that matters when trials are compared with a baseline.
struct Floor {
  std::string reason;                       // "total", a name or a number; "" with a category
  std::optional<exits::Category> category;  // instead of a reason; a reason's own goes before it
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
  std::set<Cell> left_out;    // cells that contradict themselves, and of which no trial is wanted
  std::uint32_t repeat = 1;   // 1..10000; 1 with repeat_auto
  bool repeat_auto = false;   // repeat: auto: whoever runs it raises repeat where counts vary
  std::uint32_t warmup = 0;   // 0..100: trials of each cell before those, not kept
  Timeouts timeouts;
  std::vector<Step> steps;  // the first is the boot, and no other; shutdown only last
  std::vector<Expectation> expect;
  std::vector<Relation> relations;
  std::vector<Floor> floors;  // none twice; what none is for has the comparison's own
};

// One guest run: a cell of the matrix, once.
struct TrialPlan {
  std::string scenario;
  std::string name;           // "boot-count[paging=shadow]#2"
  Cell cell;                  // dotted key, value: in the matrix' order
  std::uint32_t repeat = 1;   // this one's number, from 1
  std::uint32_t repeats = 1;  // of how many
  bool warmup = false;        // its record is not kept: "boot-count[paging=shadow]#w1"
  Settings settings;
  Timeouts timeouts;
  std::vector<Step> steps;
  std::vector<Expectation> expect;

  bool operator==(const TrialPlan&) const = default;
};

// Whether the trial of this name is to run.
using Wanted = std::function<bool(const std::string&)>;

// All throw base::Error (user) saying "file:line:column: ...", what is allowed and the remedy.
// `overrides` are KEY=VALUE with dotted keys; their position is "--set". One that names a
// key of the matrix takes that key out of the matrix.
Scenario parse(std::string_view yaml, const std::string& file,
               const std::vector<std::string>& overrides = {});
// Where `wanted` wants no trial of a cell, the cell may contradict itself.
Scenario load(const std::string& file, const std::vector<std::string>& overrides = {},
              const Wanted& wanted = {});

// Every cell times warmup and repeat, those of a cell together, warm-ups first; at most 100,000
// trials. Each has only those expectations that mean its cell.
std::vector<TrialPlan> expand(const Scenario& scenario);

// Whether `cell` has all of `part`: that a where, of or to means it.
bool matches(const Cell& part, const Cell& cell);

// One key of a keyboard: a letter, a digit, f1..f12 or one of these. HostAction::keys joins at most
// `pressed_limit` by '+'.
inline constexpr std::string_view named_keys[] = {"ctrl",  "alt",    "shift", "enter", "esc",
                                                  "tab",   "space",  "up",    "down",  "left",
                                                  "right", "delete", "sysrq"};
inline constexpr std::size_t pressed_limit = 16;
bool is_key(std::string_view key);

std::string_view to_string(Console console);
std::string_view to_string(Paging paging);
std::string_view to_string(BootUntil until);
std::string_view to_string(Machine machine);
std::string_view to_string(DiskBus bus);
std::string_view to_string(DiskCache cache);
std::string_view to_string(Nic nic);
std::string_view to_string(Network network);
std::string_view to_string(Clock clock);  // "automatic", "kvm-clock", "tsc", "hpet", "acpi_pm"
std::string_view to_string(Step::Kind kind);
std::string_view to_string(HostAction::Kind kind);  // "pause", ..., "save-restore"

}  // namespace lab::scenario
