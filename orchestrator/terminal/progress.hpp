// SPDX-License-Identifier: MIT
// Shows a run's progress on standard error: on a terminal a changing line for each lane, elsewhere
// a line for each phase.
#pragma once

#include <spdlog/sinks/sink.h>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/terminal/doing.hpp"
#include "orchestrator/terminal/expected.hpp"
#include "orchestrator/trial/stream/event.hpp"

namespace lab::terminal {

class Progress {
 public:
  enum class Mode { lines, terminal };

  explicit Progress(Mode mode = fitting());
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  // Returns the mode that suits standard error.
  static Mode fitting();

  // Sets what phases took before, and what all took together.
  void expect(Expected expected, std::optional<double> all);

  // Announces a phase that belongs to no trial.
  void phase(const std::string& what);
  // Removes the changing lines until the next event, before something else is printed.
  void clear();

  // These let std::ref() pass this object as a function for events or for phases.
  void operator()(const trial::Event& event);
  void operator()(const std::string& what) { phase(what); }

 private:
  // Is the state of one lane: of an outer VM that runs with others; lane 0 is outside of them.
  struct Lane {
    Doing doing;
    base::Stopwatch since;  // since the phase began
    std::string trial, node, phase;
    base::Stopwatch since_sample;
    std::map<std::uint32_t, std::uint64_t> exits;  // by reason, at the previous sample
  };

  void phase(const trial::Event& event, const trial::PhaseBegun& begun);
  void sample(unsigned lane, const trial::Sample& sample);
  void end(unsigned lane);
  void draw_soon();
  void draw();
  std::vector<std::string> lines_of_all(std::size_t lines, std::size_t columns);
  std::string erasure() const;

  Mode mode_;
  report::Style style_;
  base::Stopwatch watch_;
  std::mutex mutex_;  // protects all members below
  std::condition_variable_any ticks_;
  Expected expected_;
  std::optional<double> expected_all_;
  std::map<unsigned, Lane> lanes_;
  base::Stopwatch since_drawn_;
  bool changed_ = false;                             // since the last drawing
  std::vector<std::size_t> shown_;                   // widths of the lines on the terminal
  std::shared_ptr<spdlog::sinks::sink> before_log_;  // removes them before a log message
  std::jthread ticker_;  // redraws, so that the seconds advance without events
};

}  // namespace lab::terminal
