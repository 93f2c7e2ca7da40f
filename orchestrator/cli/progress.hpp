// SPDX-License-Identifier: MIT
// What a person waiting sees on standard error: on a terminal one line that changes, elsewhere a
// line for each phase.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/trial/event.hpp"

namespace lab::cli {

class Progress {
 public:
  enum class Mode { quiet, lines, terminal };

  explicit Progress(Mode mode);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  // The mode that fits standard error.
  static Mode fitting();

  void phase(const std::string& trial, const std::string& text, unsigned lane = 0);
  // A detail of the present phase: shown on a terminal only.
  void detail(const std::string& text, unsigned lane = 0);
  // Removes the changing line until the next phase or detail, before something else is printed.
  void clear();

  void operator()(const trial::Event& event);

 private:
  // What goes on in a lane (of the outer VMs that run at once; 0: outside of them).
  struct Doing {
    std::string where, detail;
    base::Stopwatch since;
  };

  void end(unsigned lane);
  void draw();

  Mode mode_;
  base::Stopwatch watch_;
  std::mutex mutex_;  // over all that follows
  std::map<unsigned, Doing> doing_;
  bool shown_ = false;
  std::jthread ticker_;  // redraws, so that the seconds go on while nothing is heard
};

}  // namespace lab::cli
