// SPDX-License-Identifier: MIT
#include "orchestrator/lane/fill_caches.hpp"

#include <gmock/gmock.h>
#include <signal.h>

#include <map>

#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/lane/fake_lane.hpp"
#include "orchestrator/lane/protocol/proof.hpp"

namespace lab::lane {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using testing::UnorderedElementsAre;

class Provide : public testing::Test {
 protected:
  Provide() { ::signal(SIGPIPE, SIG_IGN); }  // as lab does

  // Runs lanes that behave as `kinds` says, each on its own node unless `nodes` names others.
  void run(std::vector<std::string> kinds, std::vector<std::string> nodes) {
    FillOptions options{.lanes = unsigned(kinds.size()),
                        .command =
                            [this, kinds, nodes](unsigned lane) {
                              return base::Command{
                                  .argv = {"/proc/self/exe"},
                                  .environment = {{"FAKE_LANE", kinds.at(lane - 1)},
                                                  {"FAKE_NODE", nodes.at(lane - 1)},
                                                  {"FAKE_FOLDER", folder_.path().string()},
                                                  {"LAB_LANE", std::to_string(lane)},
                                                  {"FAKE_SILENCE", "3"}}};
                            },
                        .ours = fake::greeting(),
                        .work = {.provide = true, .site = "svm", .plans = {known_trial()}},
                        .silence = 3};
    CacheFiller(
        options, [this](const trial::Event& event) { events_.push_back(event); },
        [this](const FilledNode& node) {
          lines_.push_back(node.lane + ": " + (node.error ? node.error->what() : "provided"));
        })
        .run();
  }

  std::vector<std::string> lines_;
  std::vector<trial::Event> events_;

 private:
  base::TemporaryFolder folder_{testing::TempDir(), "fill"};
};

TEST_F(Provide, TakesEachNodeOnce) {
  run({"good", "good", "good"}, {"n1", "n2", "n1"});
  EXPECT_THAT(lines_, SizeIs(2));
  EXPECT_THAT(lines_, Contains("lane 2 on n2: provided"));
  EXPECT_THAT(lines_, Contains(HasSubstr(" on n1: provided")));
  for (const trial::Event& event : events_) EXPECT_GT(event.lane, 0u);
}

TEST_F(Provide, WhatFailsOnOneNodeStopsNoOther) {
  run({"good", "fails", "dies", "refuses", "stops", "another lab", "does not start", "good"},
      {"n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8"});
  EXPECT_THAT(lines_,
              UnorderedElementsAre(
                  "lane 1 on n1: provided", "lane 2 on n2: the outer VM hangs",
                  AllOf(HasSubstr("lane 3 on n3: it ended: exit code 7"), HasSubstr("on fire")),
                  "lane 4 on n4: no image 'moon'", "lane 5 on n5: it was silent for 3 s",
                  HasSubstr("lane 6: n6: it runs lab 0.9"), HasSubstr("lane 7: it ended: exit"),
                  "lane 8 on n8: provided"));
}

}  // namespace
}  // namespace lab::lane
