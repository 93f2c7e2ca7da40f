// SPDX-License-Identifier: MIT
// Distributes trials to lanes, one by one, until each has a record or is given up.
#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "orchestrator/lane/pool/peer.hpp"
#include "orchestrator/lane/pool/shares.hpp"
#include "orchestrator/lane/protocol/proof.hpp"

namespace lab::lane {

struct PoolOptions {
  unsigned lanes = 1;
  std::function<base::Command(unsigned lane)> command;  // starts a lane; they count from 1
  Greeting ours;
  Work work;           // common to all work; without plans
  bool prove = false;  // each node's first trial is the known one
  double silence = usual_silence;
  double restart_delay = 1;  // seconds, doubled with each failure in a row
  double queue_limit = 0;    // seconds within which a lane must greet; 0: no limit
};

// Watches lanes that have not begun: a scheduler may keep them in its queue for long, or for ever.
class Queue {
 public:
  // Returns a text for the user when `waiting` of `lanes` lanes still wait, one for `longest`
  // seconds: after a minute, then after twice as long each time. nullopt where no text is due.
  std::optional<std::string> notice(std::size_t waiting, std::size_t lanes, double longest);

 private:
  double next_ = 60;  // seconds
};

class Pool {
 public:
  using Question = std::function<bool()>;
  using Warn = std::function<void(const std::string& text)>;

  // A lane is left out after so many failures in a row.
  static constexpr unsigned max_failures = 3;

  // `sink` gets the trials' events, each with its lane's number, each record with its node. `warn`
  // gets texts for people about failing lanes. `stop_early` is asked before each trial; once it
  // returns true, no further trial begins.
  Pool(std::vector<scenario::TrialPlan> plans, PoolOptions options, Question stop_early, Warn warn,
       trial::Sink sink);
  ~Pool();  // lanes end

  // Runs until no work is left. Another lane repeats what a lane has failed (Shares). Throws Error
  // (infrastructure, or timed_out) that names the trials without a record; Error (user) that a lane
  // reports; Error (interrupted); what `sink` throws.
  void run();

 private:
  // Are thrown from within a lane's answer: Fatal stops the run by fatal_, Stopped stops the lane
  // for --fail-fast, Leaving leaves out the lane for its failures in a row.
  struct Fatal {};
  struct Stopped {};
  struct Leaving {
    base::Error why;
  };

  struct Slot {
    unsigned number = 0;
    std::unique_ptr<Peer> peer;
    std::optional<Share> share;        // its present work
    std::string trial;                 // the present one; "" before the first
    std::optional<base::Error> error;  // its work's error
    bool proving = false, out = false;
    unsigned failures = 0;                // in a row
    std::optional<base::Stopwatch> down;  // since its last failure
  };

  bool done() const;
  std::set<unsigned> lanes_left() const;
  void start(Slot& slot);
  void hand_out(Slot& slot);
  void give(Slot& slot, std::vector<scenario::TrialPlan> plans);
  void wait();
  void step(Slot& slot);
  void take(Slot& slot, const trial::Event& event);
  void take_known_trial(Slot& slot, const trial::Event& event);
  void take_trial(Slot& slot, trial::Event event);
  void take_record(Slot& slot, trial::Event event);
  void take_end(Slot& slot);
  void pass_on(Slot& slot, trial::Event event);
  void lose_lane(Slot& slot, const base::Error& error, bool for_good = false);
  void fail_work(Slot& slot, const base::Error& error, bool again);
  void leave_out(Slot& slot, const base::Error& why);
  void drop(Slot& slot);
  void end_lanes();
  void look_at_the_queue();
  std::string called(const Slot& slot) const;

  PoolOptions options_;
  Shares shares_;
  Question stop_early_;
  Warn warn_;
  trial::Sink sink_;
  NodeProof proof_;
  std::vector<Slot> slots_;
  Endings endings_;
  Losses losses_;
  Queue queue_;
  std::exception_ptr fatal_;  // stops the run
};

}  // namespace lab::lane
