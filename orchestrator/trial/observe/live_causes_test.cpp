// SPDX-License-Identifier: MIT
#include "orchestrator/trial/observe/live_causes.hpp"

#include <gmock/gmock.h>

namespace lab::trial {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint32_t port_io = 0x7b;
constexpr std::uint8_t long_mode = 5;  // 64-bit mode, CPL 0
constexpr std::uint64_t one_byte = 1 << 16, live_address = 0xffffffff81000000;

exits::HostCauses counted(std::uint64_t serial, std::uint64_t clock) {
  exits::HostCauses host{.vendor = exits::Vendor::svm, .vcpus = 1, .entries = 16};
  host.now.causes[{port_io, long_mode, 0x3f8 | one_byte, live_address}] = {serial, 0};
  if (clock > 0) host.now.causes[{port_io, long_mode, 0x70 | one_byte, live_address}] = {clock, 0};
  return host;
}

const std::string serial_text = "io 0x3f8 serial port: write 1, kernel 0xffffffff81000000",
                  clock_text = "io 0x70 clock (RTC): write 1, kernel 0xffffffff81000000";

TEST(LiveCauses, AreOfTheExitsSinceTheReadingBefore) {
  LiveCauses live;
  live.take({{"1", counted(100, 0)}});
  EXPECT_THAT(live.leading().leading, ElementsAre(Sample::Cause{port_io, serial_text, 100}));
  live.take({{"1", counted(103, 5)}});
  EXPECT_EQ(live.leading().exits, 8u);
  EXPECT_THAT(live.leading().leading, ElementsAre(Sample::Cause{port_io, clock_text, 5},
                                                  Sample::Cause{port_io, serial_text, 3}));
  live.take({{"1", counted(103, 5)}});
  EXPECT_EQ(live.leading(), Sample::Causes());
}

TEST(LiveCauses, OfAllGuestsAreAddedUpAndANewGuestBeginsAtZero) {
  LiveCauses live;
  live.take({{"1", counted(100, 0)}});
  live.take({{"1", counted(101, 0)}, {"2", counted(7, 0)}});
  EXPECT_THAT(live.leading().leading, ElementsAre(Sample::Cause{port_io, serial_text, 8}));
  live.take({});
  EXPECT_THAT(live.leading().leading, IsEmpty());
}

// A guest may flood the table: the sample stays small, and its sum includes all causes.
TEST(LiveCauses, AreTheTenLargestAtMost) {
  exits::HostCauses host = counted(1, 0);
  for (std::uint64_t i = 1; i <= 1000; ++i)
    host.now.causes[{port_io, long_mode, 0x3f8 | one_byte, live_address + i}] = {i, 0};
  LiveCauses live;
  live.take({{"1", host}});
  ASSERT_EQ(live.leading().leading.size(), max_live_causes);
  EXPECT_EQ(live.leading().leading[0].exits, 1000u);
  EXPECT_EQ(live.leading().exits, 500'501u);
}

TEST(LiveCauses, AreReadOnceASecondAndInOnePercentOfTheTime) {
  using namespace std::chrono_literals;
  LiveCauses live;
  const LiveCauses::Clock::time_point begin{10s};
  EXPECT_TRUE(live.due(begin));
  live.has_read(begin, begin + 1ms);
  EXPECT_FALSE(live.due(begin + 1000ms));
  EXPECT_TRUE(live.due(begin + 1001ms));
  live.has_read(begin, begin + 30ms);
  EXPECT_FALSE(live.due(begin + 3029ms));
  EXPECT_TRUE(live.due(begin + 3030ms));
}

}  // namespace
}  // namespace lab::trial
