// SPDX-License-Identifier: MIT
#include "orchestrator/cli/bisect/bisect_points.hpp"

#include <gtest/gtest.h>

#include "orchestrator/base/error.hpp"

namespace lab::cli {
namespace {

TEST(PointsOf, AValueThatIsNamedTwiceIsRefused) {
  EXPECT_EQ(find_points({.over = "kvm.kernel=6.1,6.12"}).points.size(), 2u);
  EXPECT_THROW(find_points({.over = "kvm.kernel=6.1,6.12,6.1"}), base::Error);
  EXPECT_THROW(find_points({.over = "kvm.kernel=6.1"}), base::Error);
}

}  // namespace
}  // namespace lab::cli
