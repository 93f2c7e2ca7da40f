// SPDX-License-Identifier: MIT
// A scenario: what to boot, what to do in it, under which settings, how often.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orchestrator/exits/layout.hpp"

namespace lab::scenario {

enum class Console { quiet, verbose, none };
enum class Paging { nested, shadow };
enum class BootUntil { multi_user, reader };

// Everything that the matrix can vary.
struct Settings {
  std::string image;
  std::uint32_t vcpus = 1;                      // 1..64
  std::uint64_t memory = 768ull * 1024 * 1024;  // bytes, whole MiB, 64 MiB..64 GiB
  Console console = Console::quiet;
  exits::Layout layout = exits::Layout::descending;
  // Nested unless said otherwise, by `paging` or by a parameter npt/ept; always set in a TrialPlan.
  std::optional<Paging> paging;
  // Which kernel the outer VM runs: a release, a series or a suite; empty: lab's default.
  std::string kernel;
  // Of the kvm modules, beyond layout and paging; never exit_layout, exit_stats.
  std::map<std::string, std::string> parameters;

  bool operator==(const Settings&) const = default;
};

struct Timeouts {
  std::chrono::seconds trial{600};
  std::chrono::seconds boot{300};
  std::chrono::seconds step{120};  // of a run step that names none

  bool operator==(const Timeouts&) const = default;
};

struct Step {
  enum class Kind { boot, run };
  Kind kind = Kind::boot;
  std::string name = "boot";  // unique in the scenario
  BootUntil until = BootUntil::multi_user;
  std::string command;              // run: for /bin/sh, at most 65536 bytes
  std::chrono::seconds timeout{0};  // 0: the default of Timeouts; always set in a TrialPlan

  bool operator==(const Step&) const = default;
};

struct Expectation {
  std::string step;
  std::string reason;  // "total", a name or a number
  std::optional<std::uint64_t> min;
  std::optional<std::uint64_t> max;

  bool operator==(const Expectation&) const = default;
};

// One dimension of the matrix: a dotted key and the values that it takes, as written.
struct Axis {
  std::string key;
  std::vector<std::string> values;
};

struct Scenario {
  std::string file;  // for messages
  std::string name;
  std::string description;
  Settings settings;
  std::vector<Axis> matrix;
  std::uint32_t repeat = 1;  // 1..10000
  Timeouts timeouts;
  std::vector<Step> steps;  // the first is the boot, and no other
  std::vector<Expectation> expect;
};

// One guest run: a cell of the matrix, once.
struct TrialPlan {
  std::string scenario;
  std::string name;                                       // "boot-count[paging=shadow]#2"
  std::vector<std::pair<std::string, std::string>> cell;  // dotted key, value: in the matrix' order
  std::uint32_t repeat = 1;                               // this one's number, from 1
  std::uint32_t repeats = 1;                              // of how many
  Settings settings;
  Timeouts timeouts;
  std::vector<Step> steps;
  std::vector<Expectation> expect;

  bool operator==(const TrialPlan&) const = default;
};

// All throw base::Error (user) saying "file:line:column: ...", what is allowed and the remedy.
// `overrides` are KEY=VALUE with dotted keys; their position is "--set". One that names a
// key of the matrix takes that key out of the matrix.
Scenario parse(std::string_view yaml, const std::string& file,
               const std::vector<std::string>& overrides = {});
Scenario load(const std::string& file, const std::vector<std::string>& overrides = {});

// Every cell times repeat, repeats of a cell together; at most 100,000 trials.
std::vector<TrialPlan> expand(const Scenario& scenario);

// For the job that goes to the outer VM. from_json throws base::Error (infrastructure).
std::string to_json(const TrialPlan& plan);
TrialPlan plan_from_json(std::string_view json);

std::string_view to_string(Console console);
std::string_view to_string(Paging paging);
std::string_view to_string(BootUntil until);

}  // namespace lab::scenario
