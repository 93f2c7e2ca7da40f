// SPDX-License-Identifier: MIT
#include "orchestrator/lane/pool/shares.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

namespace lab::lane {
namespace {

using scenario::TrialPlan;

constexpr std::size_t max_named = 10;  // trials in a message

bool stays_together(const TrialPlan& one, const TrialPlan& other) {
  if (one.scenario != other.scenario || one.cell != other.cell) return false;
  return one.warmup || one.settings.exact != scenario::Exact::always;
}

bool is_only_warmups(const Share& share) {
  return std::ranges::all_of(share.plans, &TrialPlan::warmup);
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), max_named); ++i)
    text += (i > 0 ? ", " : "") + names[i];
  if (names.size() > max_named) text += fmt::format(" and {} more", names.size() - max_named);
  return text;
}

}  // namespace

std::vector<Share> make_shares(std::vector<TrialPlan> plans) {
  std::vector<Share> shares;
  for (TrialPlan& plan : plans) {
    if (shares.empty() || !stays_together(shares.back().plans.front(), plan)) shares.emplace_back();
    shares.back().plans.push_back(std::move(plan));
  }
  return shares;
}

Shares::Shares(std::vector<TrialPlan> plans) {
  std::ranges::move(make_shares(std::move(plans)), std::back_inserter(waiting_));
}

std::optional<Share> Shares::next(unsigned lane, const std::set<unsigned>& lanes) {
  const auto found = std::ranges::find_if(waiting_, [&](const Share& share) {
    return !share.failed_on.contains(lane) || std::ranges::includes(share.failed_on, lanes);
  });
  if (found == waiting_.end()) return std::nullopt;
  Share share = std::move(*found);
  waiting_.erase(found);
  return share;
}

std::vector<std::string> Shares::give_back(Share share, const std::string& trial, unsigned lane,
                                           bool again) {
  std::vector<std::string> lost;
  if (!again || ++failures_[trial] > max_given_back) {
    const auto failed = std::ranges::find(share.plans, trial, &TrialPlan::name);
    const bool all = failed != share.plans.end() && failed->warmup;
    std::erase_if(share.plans, [&](const TrialPlan& plan) {
      const bool gone = all || plan.name == trial;
      if (gone) lost.push_back(plan.name);
      return gone;
    });
  }
  if (is_only_warmups(share)) return lost;
  share.failed_on.insert(lane);
  waiting_.push_front(std::move(share));
  return lost;
}

std::vector<std::string> Shares::names() const {
  std::vector<std::string> names;
  for (const Share& share : waiting_)
    for (const TrialPlan& plan : share.plans) names.push_back(plan.name);
  return names;
}

void Losses::add(const std::vector<std::string>& trials, const base::Error& why) {
  if (!first_) first_.emplace(why);
  std::ranges::copy(trials, std::back_inserter(trials_));
}

void Losses::throw_any(const std::vector<std::string>& never_run, bool none_left) const {
  std::vector<std::string> lost = trials_;
  std::ranges::copy(never_run, std::back_inserter(lost));
  if (lost.empty()) return;
  none_left &= last_lane_.has_value();
  const base::Error& why = none_left || !first_ ? *last_lane_ : *first_;
  throw base::Error(why.kind(),
                    fmt::format("{}no record of {}: {}", none_left ? "no lane is left; " : "",
                                listed(lost), why.what()),
                    why.hint().empty() ? "lab run --resume RUN runs what has none" : why.hint());
}

}  // namespace lab::lane
