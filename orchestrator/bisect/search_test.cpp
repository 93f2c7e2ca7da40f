// SPDX-License-Identifier: MIT
#include "orchestrator/bisect/search.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <functional>

namespace lab::bisect {
namespace {

std::vector<Point> chain(std::size_t count) {
  std::vector<Point> points(count);
  for (std::size_t i = 0; i < count; ++i) {
    points[i].id = std::to_string(i);
    if (i > 0) points[i].parents = {i - 1};
  }
  return points;
}

// Returns whether the point has the culprit in its history.
bool has(const std::vector<Point>& points, std::size_t point, std::size_t culprit) {
  if (point == culprit) return true;
  return std::ranges::any_of(points[point].parents,
                             [&](std::size_t parent) { return has(points, parent, culprit); });
}

struct Found {
  std::vector<std::size_t> candidates;
  std::size_t rounds = 0, tests = 0;
};

Found find(const std::vector<Point>& points, std::size_t culprit, std::size_t at_once = 1,
           const std::vector<std::size_t>& broken = {}) {
  Search search(points);
  Found found;
  for (auto next = search.next(at_once); !next.empty(); next = search.next(at_once)) {
    if (++found.rounds > points.size()) {
      ADD_FAILURE() << "the search does not end";
      break;
    }
    for (const std::size_t point : next) {
      ++found.tests;
      const bool skip = std::ranges::find(broken, point) != broken.end();
      search.answer(point, skip                          ? Answer::skipped
                           : has(points, point, culprit) ? Answer::new_state
                                                         : Answer::old_state);
    }
  }
  found.candidates = search.candidates();
  return found;
}

TEST(Search, FindsEveryCulpritOf64CommitsInSixTests) {
  const auto points = chain(65);  // the good end and 64 commits
  for (std::size_t culprit = 1; culprit <= 64; ++culprit) {
    const Found found = find(points, culprit);
    EXPECT_THAT(found.candidates, testing::ElementsAre(culprit));
    EXPECT_LE(found.tests, 6u) << culprit;
  }
}

TEST(Search, TwoAtOnceTakeFourRoundsFor64Commits) {
  const auto points = chain(65);
  for (std::size_t culprit = 1; culprit <= 64; ++culprit) {
    const Found found = find(points, culprit, 2);
    EXPECT_THAT(found.candidates, testing::ElementsAre(culprit));
    EXPECT_LE(found.rounds, 4u) << culprit;
  }
}

TEST(Search, GoesAroundWhatDoesNotBuild) {
  const auto points = chain(65);
  for (std::size_t culprit = 1; culprit <= 64; ++culprit) {
    if (culprit == 32 || culprit == 33) continue;
    // The search cannot separate the culprit from two points before it that do not build.
    const Found found = find(points, culprit, 1, {32, 33});
    if (culprit == 34)
      EXPECT_THAT(found.candidates, testing::ElementsAre(32, 33, 34));
    else
      EXPECT_THAT(found.candidates, testing::ElementsAre(culprit));
  }
}

TEST(Search, SaysAllThatASkippedCulpritMayBe) {
  EXPECT_THAT(find(chain(9), 4, 1, {4, 5}).candidates, testing::ElementsAre(4, 5, 6));
}

TEST(Search, AllButTheEndsMayBeUntestable) {
  EXPECT_THAT(find(chain(4), 2, 1, {1, 2}).candidates, testing::ElementsAre(1, 2, 3));
  EXPECT_THAT(find(chain(2), 1).candidates, testing::ElementsAre(1));
}

// 0 - 1 - 2 - 3 ----- 8 - 9
//      \ 4 - 5 - 6 - 7 /
std::vector<Point> merged() {
  std::vector<Point> points = chain(10);
  points[4].parents = {1};
  points[8].parents = {3, 7};
  return points;
}

TEST(Search, FindsACulpritOnEitherSideOfAMerge) {
  for (std::size_t culprit = 1; culprit <= 9; ++culprit)
    for (std::size_t at_once = 1; at_once <= 3; ++at_once)
      EXPECT_THAT(find(merged(), culprit, at_once).candidates, testing::ElementsAre(culprit));
}

TEST(Search, ABranchFromBeforeTheGoodEndIsSearchedToo) {
  std::vector<Point> points = merged();
  points[4].parents.clear();  // it began before 0
  for (std::size_t culprit = 1; culprit <= 9; ++culprit)
    EXPECT_THAT(find(points, culprit).candidates, testing::ElementsAre(culprit));
}

TEST(Search, KnowsHowManyTestsAreLeft) {
  EXPECT_EQ(Search(chain(65)).tests_left(), 6u);
  EXPECT_EQ(Search(chain(1001)).tests_left(), 10u);
  EXPECT_EQ(Search(chain(65)).tests_left(2), 4u);
  EXPECT_EQ(Search(chain(2)).tests_left(), 0u);
}

}  // namespace
}  // namespace lab::bisect
