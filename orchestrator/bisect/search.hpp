// SPDX-License-Identifier: MIT
// Searches the point at which something changed, without running trials itself. Points are commits
// with their parents, or the values of a list, each with the one before it as its parent.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace lab::bisect {

struct Point {
  std::string id;                    // names it for the caller that tests it
  std::string subject;               // for people; may be empty
  std::vector<std::size_t> parents;  // earlier points; absent ones count as old
};

enum class Answer {
  old_state,  // as at the beginning
  new_state,  // as at the end
  skipped,    // it cannot be tested (does not build, does not boot)
};

class Search {
 public:
  // Parents come before their children; the first point is known to be old, the last one to be new.
  // Precondition: there are at least two points, and the first is an ancestor of the last.
  explicit Search(std::vector<Point> points);

  const std::vector<Point>& points() const { return points_; }

  // Returns the next points to test, at most `most`, which divide the candidates into equal parts.
  // Returns none at the end.
  std::vector<std::size_t> next(std::size_t most = 1) const;

  // An old point makes its ancestors old; a new one leaves only its ancestors and itself.
  void answer(std::size_t point, Answer answer);

  // Returns what may be the first new point: one at the end, several where skipped points hide it.
  std::vector<std::size_t> candidates() const;

  // Estimates how many tests are left.
  std::size_t tests_left(std::size_t at_once = 1) const;

 private:
  // Marks `of` and its ancestors among the points.
  std::vector<bool> ancestors(std::size_t of) const;
  std::size_t candidates_among(const std::vector<bool>& found) const;
  // Counts for each candidate the candidates among it and its ancestors; 0 for other points.
  std::vector<std::size_t> weights() const;

  std::vector<Point> points_;
  std::vector<bool> is_candidate_, is_skipped_;
  // Is known to be new, so that it need not be tested. Two new points on different branches leave
  // their common ancestors, none of which was tested: then it is no candidate itself.
  std::size_t newest_;
};

}  // namespace lab::bisect
