// SPDX-License-Identifier: MIT
#include "orchestrator/bisect/search.hpp"

#include <algorithm>

namespace lab::bisect {
namespace {

// Returns how far a point of this weight is from the wanted place.
std::size_t distance(std::size_t a, std::size_t b) {
  return a > b ? a - b : b - a;
}

}  // namespace

Search::Search(std::vector<Point> points)
    : points_(std::move(points)),
      is_candidate_(points_.size(), true),
      is_skipped_(points_.size(), false),
      newest_(points_.size() - 1) {
  answer(newest_, Answer::new_state);
  answer(0, Answer::old_state);
}

std::vector<bool> Search::ancestors(std::size_t of) const {
  std::vector<bool> found(points_.size(), false);
  std::vector<std::size_t> open{of};
  while (!open.empty()) {
    const std::size_t point = open.back();
    open.pop_back();
    if (found[point]) continue;
    found[point] = true;
    open.insert(open.end(), points_[point].parents.begin(), points_[point].parents.end());
  }
  return found;
}

std::size_t Search::candidates_among(const std::vector<bool>& found) const {
  std::size_t count = 0;
  for (std::size_t i = 0; i < points_.size(); ++i) count += found[i] && is_candidate_[i];
  return count;
}

// A point with one parent weighs one more than its parent; a merge's ancestors are counted.
std::vector<std::size_t> Search::weights() const {
  std::vector<std::size_t> weights(points_.size(), 0);
  for (std::size_t i = 0; i < points_.size(); ++i) {
    if (!is_candidate_[i]) continue;
    const std::vector<std::size_t>& parents = points_[i].parents;
    const auto open =
        std::ranges::count_if(parents, [&](std::size_t parent) { return is_candidate_[parent]; });
    if (open == 0)
      weights[i] = 1;
    else if (parents.size() == 1)
      weights[i] = weights[parents.front()] + 1;
    else
      weights[i] = candidates_among(ancestors(i));
  }
  return weights;
}

std::vector<std::size_t> Search::next(std::size_t most) const {
  const std::vector<std::size_t> weight = weights();
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < points_.size(); ++i)
    if (is_candidate_[i] && !is_skipped_[i] && i != newest_) open.push_back(i);
  const std::size_t all = candidates().size(), count = std::min(most, open.size());
  std::vector<std::size_t> chosen;
  for (std::size_t part = 1; part <= count; ++part) {
    const std::size_t wanted = (all * part + count / 2) / (count + 1);
    const auto best = std::ranges::min_element(open, {}, [&](std::size_t i) {
      return distance(weight[i], std::max<std::size_t>(wanted, 1));
    });
    chosen.push_back(*best);
    open.erase(best);
  }
  return chosen;
}

void Search::answer(std::size_t point, Answer answer) {
  if (answer == Answer::skipped) {
    is_skipped_[point] = true;
    return;
  }
  const std::vector<bool> found = ancestors(point);
  for (std::size_t i = 0; i < points_.size(); ++i) {
    if (answer == Answer::old_state && found[i]) is_candidate_[i] = false;
    if (answer == Answer::new_state && !found[i]) is_candidate_[i] = false;
  }
  if (answer == Answer::new_state && is_candidate_[point]) newest_ = point;
}

std::vector<std::size_t> Search::candidates() const {
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < points_.size(); ++i)
    if (is_candidate_[i]) all.push_back(i);
  return all;
}

std::size_t Search::tests_left(std::size_t at_once) const {
  std::size_t left = candidates().size(), tests = 0;
  for (; left > 1; left = (left + at_once) / (at_once + 1)) ++tests;
  return tests;
}

}  // namespace lab::bisect
