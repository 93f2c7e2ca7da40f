// SPDX-License-Identifier: MIT
#include "orchestrator/terminal/doing.hpp"

#include <gmock/gmock.h>

namespace lab::terminal {
namespace {

using testing::ElementsAre;

TEST(LinesByNode, CountLanesByWhatTheyDo) {
  const std::vector<LaneState> lanes{
      {"n1", "boot"}, {"n1", "boot"}, {"n1", "start"}, {"n2", "start"}, {"", "waiting for a lane"}};
  EXPECT_THAT(lines_by_node(lanes, 5, 80),
              ElementsAre("5 lanes: boot 2, start 2, waiting for a lane 1",
                          "n1: 3 lanes: boot 2, start 1", "n2: 1 lane: start 1"));
  EXPECT_THAT(lines_by_node(lanes, 2, 20), ElementsAre("5 lanes: boot 2, st…", "2 machines more"));
  EXPECT_THAT(lines_by_node(lanes, 1, 80),
              ElementsAre("5 lanes: boot 2, start 2, waiting for a lane 1"));
}

TEST(LinesByNode, SayHowManyMachinesFindNoRoom) {
  std::vector<LaneState> lanes;
  for (int node = 100; node < 200; ++node) lanes.push_back({"n" + std::to_string(node), "boot"});
  EXPECT_THAT(lines_by_node(lanes, 4, 80),
              ElementsAre("100 lanes: boot 100", "n100: 1 lane: boot 1", "n101: 1 lane: boot 1",
                          "98 machines more"));
  EXPECT_EQ(lines_by_node(lanes, 101, 80).size(), 101u);
  EXPECT_EQ(lines_by_node({}, 3, 80), std::vector<std::string>{"0 lanes"});
}

}  // namespace
}  // namespace lab::terminal
