// SPDX-License-Identifier: MIT
// Follows totals from run to run, over all trials of a store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "orchestrator/check/history/change_points.hpp"
#include "orchestrator/record/counts.hpp"

namespace lab::check {

// Summarizes a run's trials of one cell, or those of several neighbouring runs.
struct RunPoint {
  std::string run, first_id;
  std::size_t trials = 0;
  double median = 0;  // exits; of several runs, the median of their medians
  std::uint64_t least = 0, most = 0;
};

struct Trend {
  SeriesKey of;
  std::string step;
  std::uint32_t guest = 1;
  std::vector<RunPoint> points;  // oldest first
  std::size_t runs_a_point = 1;  // the most runs that one point summarizes
};

struct FailedRun {
  std::string run, first_id, scenario;
  std::string site;  // "" where its first trial ended before it had one
  std::size_t trials = 0, passed = 0;
};

// Takes trials one by one, in the order of their ids, and keeps what trends need of each. Keeps
// whole trials only of the newest runs, in which it looks for changes. Ignores confirmations.
class History {
 public:
  explicit History(HistoryOptions options = {}) : options_(options) {}

  void add(const record::TrialCounts& trial);

  std::size_t trials() const { return trials_; }
  // Returns about `points` points in all, or fewer: combines neighbouring runs where there are
  // more.
  std::vector<Trend> trends(std::size_t points) const;
  std::vector<FailedRun> failed() const;  // runs in which not all trials passed, oldest first
  std::vector<Change> changes() const;    // as changes_in()

 private:
  struct Run {
    std::string run, first_id;
    std::vector<std::uint64_t> totals;
  };
  struct Key {
    SeriesKey series;
    std::string step;
    std::uint32_t guest = 1;
    auto operator<=>(const Key&) const = default;
  };
  struct Recent {
    std::string run;
    std::vector<record::TrialCounts> trials;
  };

  void keep_recent(const record::TrialCounts& trial, const std::string& run);

  HistoryOptions options_;
  std::size_t trials_ = 0;
  std::map<Key, std::vector<Run>> runs_;
  std::map<std::pair<std::string, std::string>, FailedRun> all_runs_;  // by run and scenario
  std::map<SeriesKey, std::deque<Recent>> recent_;
};

}  // namespace lab::check
