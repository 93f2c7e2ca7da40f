// SPDX-License-Identifier: MIT
// The search for the point at which something changed: pure, no trial is run here. Points are
// commits with their parents, or the values of a list, each with the one before it as its parent.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace lab::bisect {

struct Point {
  std::string id;                    // what names it to whoever tests it
  std::string subject;               // for people; may be empty
  std::vector<std::size_t> parents;  // earlier points; those not among the points are old
};

enum class Answer {
  old_state,  // as at the beginning
  new_state,  // as at the end
  skipped,    // it cannot be told (does not build, does not boot)
};

class Search {
 public:
  // Parents before their children; the first point is known to be old, the last one to be new.
  // Precondition: at least two points, of which the first is an ancestor of the last.
  explicit Search(std::vector<Point> points);

  const std::vector<Point>& points() const { return points_; }

  // The next points to test, `most` at once at most: those that divide what is left into equal
  // parts. Empty at the end.
  std::vector<std::size_t> next(std::size_t most = 1) const;

  // An old point makes its ancestors old; a new one leaves only its ancestors and itself.
  void answer(std::size_t point, Answer answer);

  // What may still be the first new point: one at the end, several where skipped points hide it.
  std::vector<std::size_t> candidates() const;

  // How many tests are left, about.
  std::size_t tests_left(std::size_t at_once = 1) const;

 private:
  // Which points are `of` and its ancestors.
  std::vector<bool> ancestors(std::size_t of) const;
  std::size_t candidates_among(const std::vector<bool>& found) const;
  // For each candidate how many candidates are it and its ancestors; 0 of others.
  std::vector<std::size_t> weights() const;

  std::vector<Point> points_;
  std::vector<bool> is_candidate_, is_skipped_;
  // Known to be new, so that it need not be tested. Two new points that are on different branches
  // leave their common ancestors, of which none was tested: then it is no candidate itself.
  std::size_t newest_;
};

}  // namespace lab::bisect
