// SPDX-License-Identifier: MIT
// The records of a run in the order of its plans, whatever finishes first.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "orchestrator/record/record.hpp"
#include "orchestrator/scenario/scenario.hpp"

namespace lab::record {

class InOrder {
 public:
  explicit InOrder(const std::vector<scenario::TrialPlan>& plans);

  // That a trial of this name is done; nothing where its record is not kept (a warm-up). Of those
  // with one name (a file given twice) the first that is not done yet.
  void done(const std::string& trial, std::optional<Record> record);

  // Records that are next in order, each once: all plans before them are done.
  std::vector<const Record*> next();
  // The same at the end of the run, when nothing that is missing will come.
  std::vector<const Record*> rest();

  std::vector<scenario::TrialPlan> missing() const;  // plans that are not done
  std::vector<Record> records() const;

 private:
  struct Place {
    scenario::TrialPlan plan;
    bool done = false, shown = false;
    std::optional<Record> record;
  };

  std::vector<const Record*> show(bool all);

  std::vector<Place> places_;
};

}  // namespace lab::record
