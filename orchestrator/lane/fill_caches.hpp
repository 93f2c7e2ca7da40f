// SPDX-License-Identifier: MIT
// Fills the caches of lanes' nodes: lab provide --via.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/lane/pool/peer.hpp"
#include "orchestrator/lane/run.hpp"

namespace lab::lane {

// Reports how a node's caches were filled, or why they were not.
struct FilledNode {
  std::string lane;  // "lane 3 on node7"; its node is missing where it never greeted
  double seconds = 0;
  std::optional<base::Error> error;
};

struct FillOptions {
  unsigned lanes = 1;
  std::function<base::Command(unsigned lane)> command;  // starts a lane; they count from 1
  Greeting ours;
  Work work;
  double silence = usual_silence;
  double queue_limit = 0;  // seconds within which a lane must greet; 0: no limit
};

class CacheFiller {
 public:
  // Fills each node's caches once, through its first lane that greets; other lanes there end at
  // once. `sink` gets phases with the lane's number, `done` each node when it is finished. A
  // failure on one node does not stop the others.
  CacheFiller(FillOptions options, trial::Sink sink, std::function<void(const FilledNode&)> done);
  ~CacheFiller();  // lanes end

  // Throws Error (interrupted) where lab is asked to stop.
  void run();

 private:
  struct Slot {
    unsigned number = 0;
    std::unique_ptr<Peer> peer;  // null when it is done
    bool given = false;
    std::optional<base::Error> error;  // its work's error
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
  std::set<std::string> nodes_;  // whose caches are filled or being filled
};

// Does what run::fill_caches does, on each node that has one of `options.at_once` lanes. Where the
// plans are exact, it also makes what the trial that proves nodes needs. `done` gets the errors of
// single nodes; throws Error (user) where no site fits, and Error (interrupted).
void fill_caches(const std::vector<scenario::TrialPlan>& plans, const run::RunOptions& options,
                 const Via& via, const trial::Sink& sink,
                 const std::function<void(const FilledNode&)>& done);

}  // namespace lab::lane
