// SPDX-License-Identifier: MIT
// What a person waiting sees on standard error: on a terminal one line that changes, elsewhere a
// line for each phase.
#pragma once

#include <cstdint>
#include <string>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/trial/event.hpp"

namespace lab::cli {

class Progress {
 public:
  enum class Mode { quiet, lines, terminal };

  explicit Progress(Mode mode) : mode_(mode) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { clear(); }

  // The mode that fits standard error.
  static Mode fitting();

  void phase(const std::string& trial, const std::string& text);
  void sample(std::uint64_t exits);
  // A detail of the present phase: shown on a terminal only.
  void detail(const std::string& text);
  // Removes the changing line, before something else is printed.
  void clear();

  void operator()(const trial::Event& event);

 private:
  void draw();

  Mode mode_;
  base::Stopwatch watch_, phase_watch_, drawn_;
  std::string where_, detail_;
  bool shown_ = false;
};

}  // namespace lab::cli
