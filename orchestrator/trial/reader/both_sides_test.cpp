// SPDX-License-Identifier: MIT
// Tests that the reader's own code (images/reader, C) understands lab's requests, and that lab
// understands its answers.
#include <gtest/gtest.h>

#include <memory>

#include "images/reader/serve.h"
#include "images/reader/text.h"
#include "orchestrator/scenario/yaml/values.hpp"
#include "orchestrator/trial/reader/reader_protocol.hpp"

namespace lab::trial {
namespace {

static_assert(reader_protocol == READER_PROTOCOL);
static_assert(max_reader_line == LINE_LIMIT);
static_assert(max_symbols == SYMBOLS_LIMIT);
static_assert(scenario::command_limit == COMMAND_LIMIT);
static_assert(scenario::times_limit == TIMES_LIMIT);

request understood(const std::string& text) {
  return parse_request(text.substr(0, text.find('\n')).c_str());
}

TEST(ReadersSides, AgreeOnRequests) {
  const std::string run = run_request({.id = 7,
                                       .command = "abc",
                                       .input = "in",
                                       .background = "x",
                                       .times = scenario::times_limit,
                                       .duration = std::chrono::milliseconds(250)});
  const request asked = understood(run);
  EXPECT_EQ(asked.kind, REQUEST_RUN);
  EXPECT_EQ(asked.id, 7u);
  EXPECT_EQ(run.substr(run.find('\n') + 1), "abcinx");
  EXPECT_EQ(asked.length, 3u);
  EXPECT_EQ(asked.input, 2u);
  EXPECT_EQ(asked.background, 1u);
  EXPECT_EQ(asked.times, scenario::times_limit);
  EXPECT_EQ(asked.milliseconds, 250u);
  EXPECT_EQ(understood(snapshot_request(8)).kind, REQUEST_SNAPSHOT);
  EXPECT_EQ(understood(snapshot_request(8)).id, 8u);
  EXPECT_EQ(understood(std::string(poweroff_request)).kind, REQUEST_POWEROFF);
  EXPECT_EQ(understood(std::string(reboot_request)).kind, REQUEST_REBOOT);
}

TEST(ReadersSides, AgreeOnAddresses) {
  const std::vector<std::uint64_t> addresses = {0x10, 0xffffffff81000000, UINT64_MAX};
  const std::string text = symbols_request(9, addresses);
  const request asked = understood(text);
  EXPECT_EQ(asked.kind, REQUEST_SYMBOLS);
  EXPECT_EQ(asked.id, 9u);
  const std::string words = text.substr(text.find('\n') + 1);
  ASSERT_EQ(asked.length, words.size());
  const auto symbols = std::make_unique<symbol[]>(SYMBOLS_LIMIT);
  ASSERT_EQ(parse_addresses(words.data(), words.size(), symbols.get()), addresses.size());
  for (std::size_t i = 0; i < addresses.size(); ++i) EXPECT_EQ(symbols[i].address, addresses[i]);
}

TEST(ReadersSides, AgreeOnSnapshots) {
  const auto read = std::make_unique<snapshot>();
  *read = {.start_total = 100,
           .end_total = 102,
           .own_exits = 2,
           .attempts = 1,
           .whole = true,
           .total_cycles = UINT64_MAX,
           .numbers = 1,
           .reasons = {{.number = 0x72, .read = true, .count = 101, .latched = 102}}};
  const auto line = std::make_unique<text>();
  text_clear(line.get());
  text_add(line.get(), "{\"event\":\"snapshot\",\"id\":3,\"snapshot\":");
  text_add_snapshot(line.get(), read.get());
  text_add(line.get(), "}");
  const ReaderMessage message = parse_reader_message({line->bytes, line->length});
  EXPECT_EQ(message.id, 3u);
  ASSERT_TRUE(message.after);
  EXPECT_EQ(message.after->end_total, 102u);
  EXPECT_EQ(message.after->own_exits, 2u);
  EXPECT_EQ(message.after->total_cycles, UINT64_MAX);
  ASSERT_EQ(message.after->readings.size(), 1u);
  EXPECT_EQ(message.after->readings[0].number, 0x72u);
}

}  // namespace
}  // namespace lab::trial
