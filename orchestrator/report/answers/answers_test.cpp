// SPDX-License-Identifier: MIT
#include "orchestrator/report/answers/answers.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <sstream>

#include "orchestrator/report/golden_file.hpp"
#include "orchestrator/report/report.hpp"
#include "orchestrator/report/text.hpp"

namespace lab::report {
namespace {

using record::Record;
using testing::HasSubstr;
using testing::Not;

constexpr std::uint32_t npf = 0x400, ioio = 0x7b, msr = 0x7c, cpuid = 0x72, cr3 = 0x13, pf = 0x4e;

// Returns ten samples a second: firmware in a burst, a kernel, a calm step.
record::Timeline timeline(double scale) {
  record::Timeline line;
  line.numbers = {cpuid, ioio, npf};
  for (int i = 1; i <= 200; ++i) {
    const auto times = [&](double value) { return std::uint64_t(value * scale); };
    record::Timeline::Sample sample{i / 10.0, {2, times(i % 7 * 10), times(30)}};
    if (i <= 20) sample.exits = {0, times(900), times(100)};
    if (i > 120) sample.exits = {5, 10, 0};
    line.samples.push_back(sample);
  }
  line.milestones = {{"start", 0}, {"kernel", 2}, {"init", 7.5}, {"reader", 12}};
  return line;
}

Record trial(const std::string& paging, int repeat, std::uint64_t extra) {
  const bool shadow = paging == "shadow";
  Record record;
  record.start_time = std::chrono::system_clock::time_point(
      std::chrono::milliseconds(1763696472123 + repeat * 60000 + (shadow ? 600000 : 0)));
  record.id = record::make_id(record.start_time, 0x3fa29c01);
  record.scenario = "paging";
  record.trial = "paging[paging=" + paging + "]#" + std::to_string(repeat);
  record.site = "svm";
  record.outcome = record::Outcome::passed;
  record.conditions = {
      {"site", "svm"},
      {"emulated", "true"},
      {"vendor", "svm"},
      {"image", "tiny"},
      {"paging", paging},
      {"module_parameters",
       std::string("kvm.exit_layout=descending kvm_amd.npt=") + (shadow ? "0" : "1")},
      {"repeat", std::to_string(repeat)},
      {"start_time", record::format_time(record.start_time)}};
  exits::StepCounts boot{40000 + extra,
                         900000000,
                         {{cpuid, 2000, 20000000},
                          {ioio, 20000 + extra, 400000000},
                          {msr, 3000, {}},
                          {npf, 15000, 300000000}},
                         100,
                         true};
  if (shadow)
    boot = {95000 + extra,
            900000000,
            {{cr3, 9000, 90000000},
             {pf, 60000, 600000000},
             {cpuid, 2000, 20000000},
             {ioio, 20000 + extra, 400000000},
             {msr, 4000, {}}},
            100,
            true};
  const exits::StepCounts calm{1200, 3000000, {{cpuid, 400, 2000000}, {ioio, 800, {}}}, 49, true};
  record.steps = {record::make_step("boot", exits::Vendor::svm, boot),
                  record::make_step("idle", exits::Vendor::svm, calm)};
  record.steps[0].begin = 0;
  record.steps[0].seconds = 12;
  record.steps[1].begin = 12.0;
  record.steps[1].seconds = 8;
  record.timeline = timeline(shadow ? 2 : 1);
  return record;
}

const std::vector<Record> whole = {trial("nested", 1, 0), trial("nested", 2, 40),
                                   trial("shadow", 1, 10)};

TEST(Answers, WithAllData) {
  expect_golden("answers.txt", answers(whole));
}

// Adds some causes to both steps; they need not add up, as no answer depends on it.
Record with_causes(Record record) {
  const bool shadow = record.conditions.at("paging") == "shadow";
  record::Step &boot = record.steps[0], &idle = record.steps[1];
  boot.causes = {{ioio, "io 0xcf8 PCI configuration address: write 4", "pci_conf1_read", 18000, {}},
                 {msr, "msr 0x6e0 TSC_DEADLINE: write", "native_write_msr", 3000, {}},
                 {cpuid, "(others)", "(others)", 2000, {}}};
  if (shadow)
    boot.causes.push_back({pf, "exception #PF", "clear_page_rep", 60000, {}});
  else
    boot.causes.push_back({npf, "ram first touch: write", "clear_page_rep", 15000, {}});
  idle.causes = {{ioio, "io 0x3f8 serial port: write 1", "io_serial_out", 800, {}}};
  return record;
}

TEST(Answers, SayWhyByCausesWhereTrialsHaveThem) {
  std::vector<Record> records;
  for (const Record& record : whole) records.push_back(with_causes(record));
  std::string text = answers(records);
  std::ranges::replace(text, '\n', ' ');
  text = one_line(text);
  EXPECT_THAT(text, HasSubstr("Why boot has more than idle, the leading causes: IOIO io 0xcf8 PCI "
                              "configuration address: write 4, pci_conf1_read (1,500 a second, 0 "
                              "in idle); NPF ram first touch: write, clear_page_rep (1,250 a "
                              "second, 0 in idle); MSR"));
  EXPECT_THAT(text, HasSubstr("By cause, where most changed: + EXCP_PF exception #PF, "
                              "clear_page_rep: 0 → 60,000. − NPF ram first touch: write, "
                              "clear_page_rep: 15,000 → 0."));
  EXPECT_THAT(text, HasSubstr("7. What does each cell add to the first one, and by which causes? "
                              "paging[paging=shadow], beside paging[paging=nested] boot: +"));
  EXPECT_THAT(text, Not(HasSubstr("kept as one sum")));
}

// A cell that was run again, or on another site, is not another cell.
TEST(Answers, SayWhatCellsAddOfOneSiteOnly) {
  std::vector<Record> records = {with_causes(trial("nested", 1, 0)),
                                 with_causes(trial("shadow", 1, 0))};
  Record again = records[0];
  again.conditions["lab_version"] = "2";
  EXPECT_THAT(answers(std::vector{records[0], again}), Not(HasSubstr("7. ")));
  records[1].conditions["site"] = "kvm";
  EXPECT_THAT(answers(records), Not(HasSubstr("7. ")));
}

// Causes on one side only do not explain a change.
TEST(Answers, SayNothingOfCausesThatOneSideLacks) {
  std::vector<Record> records = whole;
  records[2] = with_causes(records[2]);
  const std::string text = answers(records);
  EXPECT_THAT(text, Not(HasSubstr("By cause")));
  EXPECT_THAT(text, Not(HasSubstr("7. ")));
}

// Returns one trial without timeline, times and cycles, and with a boot that is not whole.
Record poor() {
  Record record = trial("nested", 1, 0);
  record.timeline.reset();
  record.steps.pop_back();
  record.steps[0].view = record::View::host;
  record.steps[0].seconds.reset();
  record.steps[0].begin.reset();
  for (record::Reason& reason : record.steps[0].reasons) reason.cycles.reset();
  return record;
}

TEST(Answers, WithoutTheData) {
  Record failed = trial("shadow", 2, 0);
  failed.outcome = record::Outcome::guest_failed;
  const std::vector<Record> records = {poor(), failed};
  expect_golden("answers_none.txt", answers(records));
  EXPECT_THAT(answers({}), HasSubstr("do not allow an answer"));
}

TEST(Answers, OnlyEqualConditionsAreCompared) {
  std::vector<Record> records = whole;
  records[2].conditions["memory"] = "512 MiB";
  const std::string text = answers(records);
  EXPECT_THAT(text, HasSubstr("differ in other conditions"));
  EXPECT_THAT(text, HasSubstr("too: memory"));
  EXPECT_THAT(text, Not(HasSubstr("EXCP_PF (exception)")));
}

// On vmx, a module without EPT turns off the parameters that depend on it.
TEST(Answers, ParametersThatFollowFromPagingAreNoOtherConditions) {
  std::vector<Record> records = whole;
  for (Record& record : records)
    record.conditions["kvm_parameters"] = record.conditions.at("paging") == "shadow"
                                              ? "eptad=N unrestricted_guest=N"
                                              : "eptad=Y unrestricted_guest=Y";
  EXPECT_EQ(answers(records), answers(whole));
}

// Site svm has another emulator for shadow paging.
TEST(Answers, AnotherEmulatorForShadowPagingIsSaid) {
  std::vector<Record> records = whole;
  for (Record& record : records) record.conditions["emulator"] = "QEMU 10.0.2";
  EXPECT_THAT(answers(records), Not(HasSubstr("different emulators")));
  records[2].conditions["emulator"] = "QEMU 7.2.22";
  const std::string text = answers(records);
  EXPECT_THAT(text, HasSubstr("EXCP_PF (exception)"));
  EXPECT_THAT(text, HasSubstr("different emulators, QEMU 10.0.2 and QEMU 7.2.22"));
}

TEST(Answers, OtherConditionsMakeAnotherGroupOfItsOwnName) {
  std::vector<Record> records = {whole[0], whole[1]};
  records[1].conditions["memory"] = "512 MiB";
  const auto groups = group(records);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].label, "paging[paging=nested]");
  EXPECT_EQ(groups[1].label, "paging[paging=nested], memory 512 MiB");
}

TEST(Answers, AnEffectInTheWrongDirectionIsNotExplained) {
  std::vector<Record> records = {whole[0], whole[2]};
  for (record::Reason& reason : records[1].steps[0].reasons)
    if (reason.number == pf) reason = {npf, "NPF", "page_fault", 60000, {}};
  EXPECT_THAT(answers(records), HasSubstr("not explained"));
}

TEST(Answers, StableIsSaid) {
  const std::string text = answers({whole.data(), 1});
  EXPECT_THAT(text, HasSubstr("idle: yes, stable: variation 0.00 over 8 windows"));
  EXPECT_THAT(text, HasSubstr("boot: no, not stable: variation"));
}

TEST(Answers, FitTheTerminalAndAreHarmless) {
  std::vector<Record> records = whole;
  records[0].trial = "x\x1b[2J#1";
  records[0].steps[1].name = records[0].timeline->milestones[1].name = "\x1b]0;x\a";
  const std::string text = answers(records);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  std::istringstream lines(answers(whole));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(width(line), 80u) << line;
}

TEST(Answers, Citations) {
  EXPECT_EQ(cite({1}), "[1]");
  EXPECT_EQ(cite({1, 2, 4, 5, 6}), "[1, 2, 4–6]");
}

TEST(Timeline, IsShownInTheTable) {
  Record record = whole[0];
  record.steps[1].guest = 2;
  record.steps[1].view = record::View::host;
  record.conditions["guests"] = "2";
  expect_golden("table_timeline.txt", table(record));
  std::istringstream lines(table(record));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(width(line), 80u) << line;
}

}  // namespace
}  // namespace lab::report
