// SPDX-License-Identifier: MIT
#include "orchestrator/report/causes/causes.hpp"

#include <gmock/gmock.h>
#include <zlib.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "orchestrator/check/comparison/causes_record.hpp"
#include "orchestrator/report/every_class.hpp"
#include "orchestrator/report/golden_file.hpp"

namespace lab::report {
namespace {

using check::StepCauses;
using check::trial_with_causes;
using testing::HasSubstr;
using testing::Not;

std::vector<StepCauses> steps_of(const std::vector<record::Record>& records) {
  return check::sum_causes(records);
}

std::vector<std::pair<StepCauses, StepCauses>> console_pairs() {
  return check::pair_steps(steps_of({trial_with_causes(1)}),
                           steps_of({trial_with_causes(2, 16871)}))
      .pairs;
}

std::string unpack(const std::string& packed) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);  // 16 more accepts gzip only
  std::string text(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = uInt(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = uInt(text.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

TEST(CausesTable, OfOneTrialAndOfSeveral) {
  expect_golden("causes.txt", causes_table(steps_of({trial_with_causes()}), 8));
  const std::string two = causes_table(steps_of({trial_with_causes(1), trial_with_causes(2)}), 0);
  EXPECT_THAT(two, HasSubstr("boot: 50,677 exits a trial (mean of 2)\n"));
  EXPECT_THAT(two, HasSubstr("20,100  39.7%"));
  EXPECT_THAT(two, Not(HasSubstr("other causes")));
}

// Returns the column at which the last occurrence of the word begins.
std::size_t column(const std::string& text, const std::string& word) {
  const std::size_t at = text.rfind(word);
  EXPECT_NE(at, std::string::npos) << word;
  return at - (text.rfind('\n', at) + 1);
}

TEST(CausesTable, IsAsWideAsIntelsNamesOfReasons) {
  record::Record record = trial_with_causes();
  record.steps[0].reasons[0].name = "EXTERNAL_INTERRUPT";
  const std::string text = causes_table(steps_of({record}), 0);
  EXPECT_EQ(column(text, "first touch of RAM"), column(text, "io 0x64 keyboard"));
  EXPECT_EQ(column(text, "first touch of RAM"), text.find("cause\n") - text.find('\n') - 1);
  record.steps[0].reasons[0].exits += 5;
  record.steps[0].causes[0].exits += 5;
  const auto pairs =
      check::pair_steps(steps_of({record}), steps_of({trial_with_causes(2, 16871)})).pairs;
  const std::string change = changes_table(pairs, 0);
  EXPECT_EQ(column(change, "first touch of RAM"), column(change, "io 0x3f8 serial"));
}

TEST(CausesTable, PutsSumsOfSmallerCausesBehindCauses) {
  const std::string some = causes_table(steps_of({trial_with_causes()}), 8);
  EXPECT_THAT(some, Not(HasSubstr("(others)")));
  EXPECT_THAT(some, HasSubstr("more than 5 other causes (all: -n 0)\n"));
  const std::string all = causes_table(steps_of({trial_with_causes()}), 0);
  EXPECT_TRUE(all.ends_with("  smaller causes, kept as one sum\n")) << all;
}

// An exit that the fastpath served has a count but no cycles: a mean of 0 would mislead.
TEST(CausesTable, HasNoCyclesOfFastpathExits) {
  record::Record record = trial_with_causes();
  record.steps[0].causes[0].cycles = 20099;  // of one exit in 20,100
  EXPECT_THAT(causes_table(steps_of({record}), 1),
              HasSubstr("39.7%            -  NPF         first touch of RAM, clear_page_rep\n"));
}

TEST(CausesTable, OfADifferenceNamesWhatChanged) {
  expect_golden("causes_change.txt", changes_table(console_pairs(), 8));
  const std::vector<std::pair<StepCauses, StepCauses>> same(
      1, {steps_of({trial_with_causes()})[0], steps_of({trial_with_causes()})[0]});
  EXPECT_THAT(changes_table(same, 8), HasSubstr("every cause has the same exits on both sides"));
}

TEST(CausesJson, AddsUpAndLeavesOutWhatIsNotKnown) {
  const auto json = nlohmann::json::parse(causes_json(steps_of({trial_with_causes()})));
  const auto& step = json["steps"][0];
  std::uint64_t sum = 0;
  for (const auto& cause : step["causes"]) sum += cause["exits"].get<std::uint64_t>();
  EXPECT_EQ(sum, step["exits"]);
  EXPECT_EQ(step["trials"], 1);
  EXPECT_EQ(step["causes"][0]["place"], "clear_page_rep");
  for (const auto& cause : step["causes"])
    EXPECT_EQ(cause.contains("cycles"), cause.value("place", "") != "(lost)");
  const auto change =
      nlohmann::json::parse(changes_json(console_pairs()))["steps"][0]["changes"][0];
  EXPECT_EQ(change["a"], 3854);
  EXPECT_EQ(change["b"], 3854 + 16871);
  EXPECT_EQ(change["change"], 16871);
}

TEST(CausesCsv, HasALineACause) {
  EXPECT_THAT(causes_csv(steps_of({trial_with_causes()})),
              HasSubstr("\nboot-count,boot-count[paging=nested],boot,1,1,123,IOIO,"
                        "io 0x3f8 serial: write 1,serial8250_console_putchar,3854,2500000\n"));
  EXPECT_THAT(changes_csv(console_pairs()),
              HasSubstr("io 0x3f8 serial: write 1,serial8250_console_putchar,3854,20725,16871\n"));
}

// flamegraph.pl takes the last number for the count, and two numbers for two sides.
TEST(CausesFolded, LinesHaveOneCountForFlamegraph) {
  std::vector<StepCauses> steps = steps_of({trial_with_causes()});
  const std::regex two_numbers(R"(.*\s\d+(\.\d*)?\s+\d+(\.\d*)?$)");
  for (const StepCauses& step : {steps[0], check::merged(steps[0], check::By::detail)}) {
    std::uint64_t sum = 0;
    std::istringstream text(causes_folded({&step, 1}));
    for (std::string line; std::getline(text, line);) {
      EXPECT_FALSE(std::regex_match(line, two_numbers)) << line;
      sum += std::stoull(line.substr(line.rfind(' ')));
    }
    EXPECT_EQ(sum, step.exits);
  }
  EXPECT_THAT(causes_folded(steps), HasSubstr("boot;IOIO;io 0x3f8 serial: write 1;"
                                              "serial8250_console_putchar 3854\n"));
  EXPECT_THAT(causes_folded(steps), HasSubstr("boot;WBINVD 1\n"));
  EXPECT_THAT(changes_folded(console_pairs()),
              HasSubstr("serial8250_console_putchar 3854 20725\n"));
}

TEST(CausesFolded, HostileTextAddsNoFramesOrLines) {
  std::vector<record::Record> records = {trial_with_causes()};
  for (record::Cause& cause : records[0].steps[0].causes) cause.place = "a;b\nc;d 5\n";
  std::istringstream text(causes_folded(steps_of(records)));
  std::size_t lines = 0;
  for (std::string line; std::getline(text, line); ++lines)
    EXPECT_LE(std::ranges::count(line, ';'), 3) << line;
  EXPECT_EQ(lines, steps_of(records)[0].causes.size());
}

TEST(CausesFolded, OfSeveralCellsHaveTheCellInFront) {
  std::vector<record::Record> records = {trial_with_causes(1), trial_with_causes(2)};
  records[1].trial = "boot-count[paging=shadow]#1";
  EXPECT_THAT(causes_folded(steps_of(records)), HasSubstr("\nboot-count[paging=shadow];boot;NPF;"));
}

TEST(CausesSpeedscope, HasAProfileOfExitsAndOneOfCycles) {
  const auto json = nlohmann::json::parse(causes_speedscope(steps_of({trial_with_causes()})));
  EXPECT_EQ(json["$schema"], "https://www.speedscope.app/file-format-schema.json");
  ASSERT_EQ(json["profiles"].size(), 2u);
  const auto& exits = json["profiles"][0];
  EXPECT_EQ(exits["endValue"], 50677);
  EXPECT_EQ(exits["samples"].size(), exits["weights"].size());
  for (const auto& stack : exits["samples"])
    for (const auto& frame : stack) EXPECT_LT(frame, json["shared"]["frames"].size());
  std::vector<std::size_t> reasons;  // each in one run, as speedscope draws stacks in their order
  for (const auto& stack : exits["samples"])
    if (reasons.empty() || reasons.back() != stack[1]) reasons.push_back(stack[1]);
  EXPECT_EQ(reasons.size(), 4u);
  EXPECT_EQ(json["profiles"][1]["samples"].size(), exits["samples"].size() - 1);  // of lost ones
}

TEST(CausesPprof, IsAGzippedProfile) {
  const std::string profile = unpack(causes_pprof(steps_of({trial_with_causes()})));
  for (const char* text : {"exits", "cycles", "serial8250_console_putchar", "boot", "IOIO"})
    EXPECT_THAT(profile, HasSubstr(text));
}

record::Record causes_saying(const std::string& said, int repeat, std::uint64_t more = 0) {
  record::Record record = trial_with_causes(repeat, more);
  record.scenario = record.trial = said;
  record::Step& step = record.steps[0];
  step.name = said;
  for (record::Reason& reason : step.reasons) reason.name = reason.category = said;
  for (record::Cause& cause : step.causes) cause.place = said, cause.detail += said;
  return record;
}

TEST(Causes, EveryFormatTakesEveryClassOfCharacters) {
  for (const std::string& text : every_class) {
    const std::string said = "a" + text + "b";
    const std::vector<StepCauses> steps = steps_of({causes_saying(said, 1)});
    ASSERT_EQ(steps.size(), 1u);
    expect_harmless(causes_table(steps, 0), said);
    expect_harmless_json(causes_json(steps), said);
    expect_harmless(causes_csv(steps), said);
    expect_harmless(causes_folded(steps), said);
    expect_harmless_json(causes_speedscope(steps), said);
    expect_not_raw(unpack(causes_pprof(steps)), said);
    const auto pairs = check::pair_steps(steps, steps_of({causes_saying(said, 1, 5)})).pairs;
    ASSERT_EQ(pairs.size(), 1u);
    expect_harmless(changes_table(pairs, 0), said);
    expect_harmless_json(changes_json(pairs), said);
    expect_harmless(changes_csv(pairs), said);
    expect_harmless(changes_folded(pairs), said);
  }
}

}  // namespace
}  // namespace lab::report
