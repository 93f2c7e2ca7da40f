// SPDX-License-Identifier: MIT
// Sorts the records of a run into the order of its plans, whatever finishes first.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "orchestrator/record/record.hpp"
#include "orchestrator/scenario/scenario.hpp"

namespace lab::cli {

class InOrder {
 public:
  // `plans` must outlive it.
  explicit InOrder(const std::vector<scenario::TrialPlan>& plans);
  explicit InOrder(std::vector<scenario::TrialPlan>&&) = delete;

  // Marks the trial of this name as done; `record` is nullopt where it is not kept (a warm-up). Of
  // trials with one name (a file given twice) it marks the first that is not done yet.
  void done(const std::string& trial, std::optional<record::Record> record);

  // Returns records that are next in order, each once: all plans before them are done.
  std::vector<const record::Record*> next() { return show(false); }
  // Returns the remaining records at the end of the run, when none that is missing will come.
  std::vector<const record::Record*> rest() { return show(true); }

  // Frees the records that it returned: those of many trials take much memory.
  void forget_shown();

  std::vector<scenario::TrialPlan> missing() const;  // plans that are not done
  std::vector<record::Record> records() const;       // without forgotten ones
  std::size_t count() const { return count_; }       // records, forgotten ones included

 private:
  struct Place {
    const scenario::TrialPlan* plan = nullptr;
    bool done = false, shown = false;
    std::optional<record::Record> record;
  };

  std::vector<const record::Record*> show(bool all);

  std::vector<Place> places_;
  std::size_t first_ = 0;      // all before it are done, and their records shown
  std::size_t forgotten_ = 0;  // the records before it are freed
  std::size_t count_ = 0;
};

}  // namespace lab::cli
