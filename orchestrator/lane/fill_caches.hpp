// SPDX-License-Identifier: MIT
// Fills the caches of lanes' nodes: lab provide --via.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/lane/pool/endings.hpp"
#include "orchestrator/lane/run.hpp"

namespace lab::lane {

// How the caches of a node were filled, or why they were not.
struct FilledNode {
  std::string lane;  // "lane 3 on node7"; its node is missing where it never greeted
  double seconds = 0;
  std::optional<base::Error> error;
};

struct FillOptions {
  unsigned lanes = 1;
  std::function<base::Command(unsigned lane)> command;  // that starts a lane, from 1
  Greeting ours;
  Work work;
  double silence = usual_silence;
  double queue_limit = 0;  // seconds in which a lane must greet; 0: none
};

class CacheFiller {
 public:
  // Takes each node once, through its first lane that greets; other lanes there end at once. `sink`
  // gets phases with the lane's number, `done` each node as it comes. What fails on one node stops
  // no other.
  CacheFiller(FillOptions options, trial::Sink sink, std::function<void(const FilledNode&)> done);
  ~CacheFiller();  // lanes end

  // Error (interrupted).
  void run();

 private:
  struct Slot {
    unsigned number = 0;
    std::unique_ptr<Peer> peer;  // null: it is done
    bool given = false;
    std::optional<base::Error> error;  // that its work ends with
    base::Stopwatch since;
  };

  void start(Slot& slot);
  void give(Slot& slot);
  void wait();
  void step(Slot& slot);
  void take(Slot& slot, const trial::Event& event);
  void finish(Slot& slot, std::optional<base::Error> error);
  void end(Slot& slot);

  FillOptions options_;
  trial::Sink sink_;
  std::function<void(const FilledNode&)> done_;
  std::vector<Slot> slots_;
  Endings endings_;
  std::set<std::string> nodes_;  // whose caches are filled, or being so
};

// As run::fill_caches, on each node that `options.at_once` lanes are on. Where the plans are exact,
// the trial that proves nodes is among what is made. Errors of single nodes are `done`'s; Error
// (user) where no site fits; Error (interrupted).
void fill_caches(const std::vector<scenario::TrialPlan>& plans, const run::RunOptions& options,
                 const Via& via, const trial::Sink& sink,
                 const std::function<void(const FilledNode&)>& done);

}  // namespace lab::lane
