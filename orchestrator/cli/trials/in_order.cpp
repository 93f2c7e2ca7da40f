// SPDX-License-Identifier: MIT
#include "orchestrator/cli/trials/in_order.hpp"

#include <utility>

namespace lab::cli {

InOrder::InOrder(const std::vector<scenario::TrialPlan>& plans) {
  places_.reserve(plans.size());
  for (const scenario::TrialPlan& plan : plans) places_.push_back({.plan = &plan});
}

void InOrder::done(const std::string& trial, std::optional<record::Record> record) {
  for (std::size_t i = first_; i < places_.size(); ++i) {
    Place& place = places_[i];
    if (place.done || place.plan->name != trial) continue;
    place.done = true;
    count_ += record ? 1 : 0;
    place.record = std::move(record);
    return;
  }
}

std::vector<const record::Record*> InOrder::show(bool all) {
  std::vector<const record::Record*> shown;
  for (std::size_t i = first_; i < places_.size(); ++i) {
    Place& place = places_[i];
    if (!place.done && !all) break;
    if (place.record && !std::exchange(place.shown, true)) shown.push_back(&*place.record);
    if (place.done && i == first_) ++first_;
  }
  return shown;
}

void InOrder::forget_shown() {
  for (; forgotten_ < first_; ++forgotten_) places_[forgotten_].record.reset();
}

std::vector<scenario::TrialPlan> InOrder::missing() const {
  std::vector<scenario::TrialPlan> plans;
  for (const Place& place : places_)
    if (!place.done) plans.push_back(*place.plan);
  return plans;
}

std::vector<record::Record> InOrder::records() const {
  std::vector<record::Record> records;
  for (const Place& place : places_)
    if (place.record) records.push_back(*place.record);
  return records;
}

}  // namespace lab::cli
