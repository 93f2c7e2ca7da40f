// SPDX-License-Identifier: MIT
#include "orchestrator/base/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

#include "orchestrator/base/fd.hpp"

namespace lab::base {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;

std::string repeated(std::string_view piece, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += piece;
  return text;
}

std::string excess(const std::string& text, const JsonLimits& limits = {}) {
  return json_excess(text, limits).value_or("");
}

TEST(Json, EachLimitIsSaid) {
  EXPECT_EQ(excess(repeated("[", 32) + repeated("]", 32)), "");
  EXPECT_EQ(excess(repeated("[", 65'000)), "more than 32 levels within each other");
  EXPECT_EQ(excess(repeated("{\"a\":[", 17)), "more than 32 levels within each other");
  EXPECT_EQ(excess("[1,2,3]", {.bytes = 6}), "more than 6 bytes");
  EXPECT_EQ(excess("[1,2,3]", {.values = 2}), "more than 2 values");
  EXPECT_EQ(excess("{\"a\":1,\"b\":[1,2,3,4]}", {.members = 2}), "");
  EXPECT_EQ(excess("{\"a\":1,\"b\":2,\"c\":3}", {.members = 2}), "more than 2 members of a map");
  EXPECT_EQ(excess("[\"1234\"]", {.text = 4}), "");
  EXPECT_EQ(excess("[\"12345\"]", {.text = 4}), "more than 4 bytes of one text");
}

TEST(Json, BracketsWithinATextAreNone) {
  EXPECT_EQ(excess(R"(["[[[[\"[[[[,,,,\\",["]]]]"]])", {.depth = 2, .values = 3}), "");
  EXPECT_EQ(parse_json(R"(["[[\"[",["]"]])", {.depth = 2}).size(), 2u);
}

// The text nests as deep as a guest's line of 128 KiB can.
TEST(Json, WhatIsBeyondALimitIsNotParsed) {
  EXPECT_THROW(parse_json(repeated("[", 65'000) + repeated("]", 65'000)),
               nlohmann::json::exception);
  EXPECT_FALSE(try_parse_json(repeated("[", 65'000) + repeated("]", 65'000)));
  EXPECT_FALSE(try_parse_json("{"));
  EXPECT_EQ(try_parse_json("[1]")->at(0), 1);
}

TEST(Json, AWholeNumberIsNoOther) {
  for (const char* text : {"1e300", "-1", "0.5", "9", "1", "\"3\"", "null", "[3]"})
    EXPECT_THROW(whole_number(parse_json(text), "n", 2, 8), JsonError) << text;
  EXPECT_EQ(whole_number(parse_json("8"), "n", 2, 8), 8u);
  try {
    whole_number(parse_json("9"), "times", 2, 8);
    FAIL();
  } catch (const JsonError& error) {
    EXPECT_THAT(error.what(), HasSubstr("'times' is no whole number from 2 to 8"));
  }
}

struct Sample {
  std::string name;
  std::uint16_t times = 0;
  bool cut = false;
  std::optional<double> exits;

  bool operator==(const Sample&) const = default;
};
LAB_JSON(Sample, name, times, cut, exits)

TEST(Json, AStructsMembersAreItsFields) {
  const Sample whole{"a", 7, true, 1.5}, without{"b", 65'535, false, {}};
  EXPECT_EQ(nlohmann::ordered_json(whole).dump(),
            R"({"name":"a","times":7,"cut":true,"exits":1.5})");
  EXPECT_EQ(nlohmann::json(without).dump(), R"({"cut":false,"name":"b","times":65535})");
  EXPECT_EQ(nlohmann::json(whole).get<Sample>(), whole);
  EXPECT_EQ(nlohmann::ordered_json(without).get<Sample>(), without);
}

TEST(Json, AFieldThatDoesNotFitIsNamed) {
  const auto complaint = [](const char* text) -> std::string {
    try {
      parse_json(text).get<Sample>();
    } catch (const JsonError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(complaint("[]"), "'name' is missing");
  EXPECT_EQ(complaint(R"({"name": 1})"), "'name' is a number, which does not belong there");
  EXPECT_EQ(complaint(R"({"name": "a", "times": 65536})"),
            "'times' is no whole number from 0 to 65535");
  EXPECT_EQ(complaint(R"({"name": "a", "times": 1, "cut": 1})"),
            "'cut' is a number, which does not belong there");
  EXPECT_EQ(complaint(R"({"name": "a", "times": 1, "cut": true, "exits": "1"})"),
            "'exits' is a string, which does not belong there");
}

// Code that calls the parser itself would have no limits.
TEST(Json, NothingElseParsesIt) {
  std::vector<std::string> found;
  for (const fs::path root : {LAB_SOURCE_DIR "/orchestrator", LAB_SOURCE_DIR "/images"})
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
      const std::string name = entry.path().filename();
      const bool is_code = name.ends_with(".cpp") || name.ends_with(".hpp");
      if (!is_code || name.find("_test.") != std::string::npos || name == "json.cpp") continue;
      const std::string text = read_file(entry.path());
      for (const char* call : {"json::parse(", "json::accept(", "sax_parse(", "Json::parse("})
        if (text.find(call) != std::string::npos) found.push_back(entry.path().string() + call);
    }
  EXPECT_THAT(found, IsEmpty());
}

}  // namespace
}  // namespace lab::base
