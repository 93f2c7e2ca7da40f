// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "orchestrator/trial/reader/reader_protocol.hpp"
#include "orchestrator/trial/stream/event.hpp"

namespace lab::trial {
namespace {

using testing::HasSubstr;

const std::string snapshot = R"({"start_total":100,"end_total":103,"own_exits":3,"attempts":1,)"
                             R"("total_cycles":5000,"leaf_reads":9,"late_reads":2,)"
                             R"("reasons":[[123,40,40,700],[114,63,62,300]]})";
const std::string ready =
    R"({"event":"ready","protocol":4,"reader":"4.0","kernel":"6.1","vendor":"AuthenticAMD",)"
    R"("vcpus":1,"layout":"descending","snapshot":)" +
    snapshot + "}";
const std::string step_line =
    R"({"event":"step","id":7,"before":)" + snapshot + R"(,"after":)" + snapshot +
    R"(,"exit_code":3,"times":2,"cut":false,"seconds":1.5,"output":"out"})";

TEST(Event, SurvivesTheStream) {
  const std::string line = to_json(
      {.trial = "t#1", .what = base::user_error("line\nwith \"quotes\" and \xff", "do this")});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const Event got = event_from_json(line);
  EXPECT_EQ(got.trial, "t#1");
  const auto* error = got.get<base::Error>();
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(error->kind(), base::ErrorKind::user);
  EXPECT_EQ(error->hint(), "do this");
  EXPECT_THAT(error->what(), HasSubstr("line\nwith \"quotes\""));  // broken UTF-8 is replaced
}

TEST(Event, KeepsLargeCounts) {
  const Event got = event_from_json(to_json({.what = Sample{.exits = ~std::uint64_t{0}}}));
  EXPECT_EQ(got.get<Sample>()->exits, ~std::uint64_t{0});
}

TEST(Event, KeepsReasons) {
  const Sample sent{.vendor = exits::Vendor::svm,
                    .emulated = true,
                    .exits = 9,
                    .reasons = {{0x7b, 8, 800}, {UINT32_MAX, 1, ~std::uint64_t{0}}}};
  EXPECT_EQ(*event_from_json(to_json({.what = sent})).get<Sample>(), sent);
}

TEST(Event, KeepsLeadingCausesAndRefusesMoreThanThese) {
  Sample sent{.exits = 9, .reasons = {{0x7b, 8, 800}}};
  sent.causes = {.exits = 8, .leading = {{0x7b, "io 0x3f8 serial port: write 1, \xc3\xa9", 5}}};
  EXPECT_EQ(*event_from_json(to_json({.what = sent})).get<Sample>(), sent);
  Sample many = sent;
  many.causes->leading.resize(max_live_causes + 1);
  EXPECT_THROW(event_from_json(to_json({.what = many})), base::Error);
  Sample large = sent;
  large.causes->leading[0].text.resize(max_cause_text + 1, 'x');
  EXPECT_THROW(event_from_json(to_json({.what = large})), base::Error);
}

TEST(Event, KeepsPhases) {
  for (const auto kind : {record::Phase::Kind::other, record::Phase::Kind::step,
                          record::Phase::Kind::self_check, record::Phase::Kind::trial}) {
    const PhaseBegun sent{{kind, "step trial"}, "why"};
    const Event got = event_from_json(to_json({.trial = "t#1", .what = sent}));
    EXPECT_EQ(got.get<PhaseBegun>()->phase, sent.phase);
    EXPECT_EQ(got.get<PhaseBegun>()->detail, "why");
  }
}

TEST(Event, RefusesReasonsThatAreNone) {
  for (const char* reasons :
       {"[1,2]", "[1,2,-3]", "[1,1e300,3]", "[4294967296,1,1]", "[1,\"2\",3]"})
    EXPECT_THROW(
        event_from_json(std::string("{\"type\":\"sample\",\"sample\":{\"exits\":1,\"reasons\":") +
                        reasons + "}}"),
        base::Error)
        << reasons;
}

TEST(Event, RefusesWhatIsNoEvent) {
  for (const char* line :
       {"", "{", "[]", "7", "{\"type\":\"nonsense\"}", "{\"type\":7}",
        "{\"type\":\"sample\",\"sample\":{\"exits\":\"x\"}}", "{\"type\":\"error\"}",
        "{\"type\":\"phase\",\"phase\":\"idle\"}", "{\"type\":\"record\",\"record\":{}}"})
    EXPECT_THROW(event_from_json(line), base::Error) << line;
  EXPECT_THROW(event_from_json(std::string(max_event_bytes + 1, ' ')), base::Error);
}

TEST(ReaderProtocol, ReadsReadyAndStep) {
  const ReaderMessage first = parse_reader_message(ready);
  EXPECT_EQ(first.kind, ReaderMessage::Kind::ready);
  EXPECT_EQ(first.vendor, "AuthenticAMD");
  ASSERT_TRUE(first.after);
  EXPECT_EQ(first.after->end_total, 103u);
  const ReaderMessage second = parse_reader_message(step_line);
  EXPECT_EQ(second.id, 7u);
  EXPECT_EQ(second.exit_code, 3);
  EXPECT_EQ(second.times, 2u);
  EXPECT_EQ(second.seconds, 1.5);
  EXPECT_FALSE(second.cut);
  EXPECT_FALSE(second.background_exit_code);
  EXPECT_EQ(second.text, "out");
}

TEST(ReaderProtocol, ASignalIsItsNumberPlus128) {
  std::string killed = step_line;
  killed.replace(killed.find("\"exit_code\":3"), 13, "\"signal\":9");
  EXPECT_EQ(parse_reader_message(killed).exit_code, 137);
}

TEST(ReaderProtocol, RefusesOtherProtocolsAndGarbage) {
  std::string other = ready;
  other.replace(other.find("\"protocol\":4"), 12, "\"protocol\":2");
  std::string long_kernel = ready;
  long_kernel.replace(long_kernel.find("6.1"), 3, std::string(300, 'k'));
  for (const std::string& line :
       {other, long_kernel, std::string("garbage"), std::string("{}"),
        std::string("{\"event\":\"x\"}"), ready.substr(0, ready.size() / 2),
        std::string("{\"event\":\"step\",\"id\":-1}")})
    EXPECT_THROW(parse_reader_message(line), base::Error) << line;
}

TEST(ReaderProtocol, RefusesNumbersThatAreNoWholeOnesInRange) {
  const auto with = [](std::string line, const std::string& from, const std::string& to) {
    return line.replace(line.find(from), from.size(), to);
  };
  for (const char* number : {"1e300", "-1", "0.5", "4294967296", "\"1\"", "null"}) {
    const std::string text = number;
    for (const std::string& line : {with(step_line, "\"exit_code\":3", "\"exit_code\":" + text),
                                    with(step_line, "\"exit_code\":3", "\"signal\":" + text),
                                    with(step_line, "\"id\":7", "\"id\":" + text),
                                    with(step_line, "\"times\":2", "\"times\":" + text),
                                    with(ready, "\"protocol\":4", "\"protocol\":" + text)})
      EXPECT_THROW(parse_reader_message(line), base::Error) << line;
  }
}

TEST(ReaderProtocol, RefusesMoreThanALineOrANumberMayHave) {
  const auto with = [](std::string line, const std::string& from, const std::string& to) {
    return line.replace(line.find(from), from.size(), to);
  };
  const auto nested = [](std::size_t levels) {  // within the line's own map
    return "\"news\":" + std::string(levels, '[') + std::string(levels, ']') + ",\"id\":7";
  };
  EXPECT_EQ(parse_reader_message(with(step_line, "\"id\":7", nested(7))).id, 7u);
  std::string values = "\"news\":[0";
  for (int i = 0; i < 1 << 14; ++i) values += ",0";
  const std::string text(200'000, 'x');
  const std::string long_line = "\"news\":\"" + text + "\",\"more\":\"" + text + "\",\"id\":7";
  for (const auto& [line, cause] : std::vector<std::pair<std::string, std::string>>{
           {with(step_line, "\"id\":7", nested(8)), "more than 8 levels"},
           {with(step_line, "\"id\":7", values + "],\"id\":7"), "more than 16384 values"},
           {with(step_line, "\"id\":7", long_line), "more than 262144 bytes"},
           {with(step_line, "\"exit_code\":3", "\"exit_code\":256"), "'exit_code'"},
           {with(step_line, "\"exit_code\":3", "\"signal\":128"), "'signal'"}}) {
    try {
      parse_reader_message(line);
      ADD_FAILURE() << cause;
    } catch (const base::Error& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr(cause));
    }
  }
  EXPECT_EQ(parse_reader_message(with(step_line, "1.5", "1e9")).seconds, std::nullopt);
}

// Nests as deeply as a line's length allows: copying or writing such a value once used as deep a
// stack.
TEST(ReaderProtocol, RefusesALineThatNestsDeeply) {
  const std::string deep = std::string(60'000, '[') + std::string(60'000, ']');
  std::string line = ready;
  line.replace(line.find("\"snapshot\":"), 11, "\"snapshot\":" + deep + ",\"later\":");
  for (const std::string& text : {deep, line}) {
    try {
      parse_reader_message(text);
      FAIL();
    } catch (const base::Error& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("levels within each other"));
    }
  }
}

TEST(Event, RefusesWhatIsTooLong) {
  const std::string text(5'000, 'x');
  for (const std::string& line :
       {"{\"type\":\"end\",\"trial\":\"" + text + "\"}",
        "{\"type\":\"phase\",\"phase\":\"other\",\"detail\":\"" + text + "\"}",
        "{\"type\":\"" + text + "\"}"})
    EXPECT_THROW(event_from_json(line), base::Error) << line.substr(0, 40);
  EXPECT_THROW(event_from_json(std::string(100'000, '[')), base::Error);
  const auto cause = [](const std::string& line) {
    try {
      event_from_json(line);
      return std::string();
    } catch (const base::Error& error) {
      return std::string(error.what());
    }
  };
  const auto error_of = [](std::size_t bytes) {
    return R"({"type":"error","kind":"user","text":")" + std::string(bytes, 'x') + "\"}";
  };
  EXPECT_EQ(cause(error_of(1u << 20)), "");
  EXPECT_THAT(cause(error_of((1u << 20) + 1)), testing::HasSubstr("'text' is too long"));
  EXPECT_THAT(cause(R"({"type":"end"})" + std::string(max_event_bytes, ' ')),
              testing::HasSubstr("a line is too long"));
  std::string reasons = "1,1,1";
  for (int i = 0; i < 1024; ++i) reasons += ",1,1,1";
  EXPECT_THAT(cause(R"({"type":"sample","sample":{"exits":1,"reasons":[)" + reasons + "]}}"),
              testing::HasSubstr("a sample's reasons are malformed"));
}

// A guest may send anything, and only an Error of lab may result.
TEST(ReaderProtocol, SurvivesMutations) {
  std::mt19937 random(1);
  for (int i = 0; i < 4'000; ++i) {
    std::string line = i % 2 == 0 ? ready : step_line;
    for (unsigned changes = 1 + random() % 4; changes > 0; --changes) {
      const std::size_t at = random() % line.size();
      if (random() % 3 == 0)
        line.erase(at, 1 + random() % 9);
      else
        line[at] = static_cast<char>(random());
      if (line.empty()) line = "x";
    }
    try {
      parse_reader_message(line);
    } catch (const base::Error&) {
    }
    try {
      event_from_json(line);
    } catch (const base::Error&) {
    }
  }
}

TEST(ReaderProtocol, ReadsHowAStepWasEnded) {
  std::string cut = step_line;
  cut.replace(cut.find("\"exit_code\":3"), 13, "\"signal\":9,\"background_exit_code\":127");
  cut.replace(cut.find("false"), 5, "true");
  cut.replace(cut.find("1.5"), 3, "-15");
  const ReaderMessage message = parse_reader_message(cut);
  EXPECT_TRUE(message.cut);
  EXPECT_TRUE(message.killed);
  EXPECT_EQ(message.background_exit_code, 127);
  EXPECT_FALSE(message.seconds) << "a guest's clock may go backwards";
}

TEST(ReaderProtocol, AShellThatEndedBeforeItsStepWasCutWasNotKilled) {
  for (const char* end : {"\"exit_code\":137", "\"signal\":11"}) {
    std::string cut = step_line;
    cut.replace(cut.find("\"exit_code\":3"), 13, end);
    cut.replace(cut.find("false"), 5, "true");
    EXPECT_FALSE(parse_reader_message(cut).killed) << end;
  }
}

const std::string symbols_line =
    R"({"event":"symbols","id":9,"from":0,"symbols":[["pci_conf1_read"],["f","m"],null],)"
    R"("more":false})";

TEST(ReaderProtocol, ReadsSymbols) {
  const ReaderMessage message = parse_reader_message(symbols_line);
  EXPECT_EQ(message.kind, ReaderMessage::Kind::symbols);
  EXPECT_EQ(message.id, 9u);
  EXPECT_THAT(message.symbols, testing::ElementsAre(ReaderSymbol{"pci_conf1_read", ""},
                                                    ReaderSymbol{"f", "m"}, ReaderSymbol{}));
  const ReaderMessage hidden =
      parse_reader_message(R"({"event":"symbols","id":9,"hidden":"kptr_restrict"})");
  EXPECT_EQ(hidden.text, "kptr_restrict");
  EXPECT_TRUE(hidden.symbols.empty());
}

TEST(ReaderProtocol, RefusesSymbolsThatAreNone) {
  std::string many = "null";
  for (std::size_t i = 1; i < max_symbols; ++i) many += ",null";
  const auto line = [](const std::string& from, const std::string& symbols) {
    return R"({"event":"symbols","id":9,"more":false,"from":)" + from + R"(,"symbols":)" + symbols +
           "}";
  };
  EXPECT_EQ(parse_reader_message(line("0", "[" + many + "]")).symbols.size(), max_symbols);
  for (const std::string& bad :
       {line("0", "[" + many + ",null]"), line("1", "[" + many + "]"), line("-1", "[null]"),
        line("0", "[]"), line("0", "{}"), line("0", "[[]]"), line("0", "[[1]]"),
        line("0", "[[\"a\",\"b\",\"c\"]]"), line("0", "[[\"a\",null]]"), line("0", "[\"a\"]"),
        std::string(R"({"event":"symbols","id":9})"),
        R"({"event":"symbols","id":9,"hidden":")" + std::string(300, 'x') + "\"}"})
    EXPECT_THROW(parse_reader_message(bad), base::Error) << bad.substr(0, 80);
}

// The counts need nothing that only a new reader sends.
TEST(ReaderProtocol, TakesAnOlderReader) {
  std::string old = ready;
  old.replace(old.find("\"protocol\":4"), 12, "\"protocol\":3");
  EXPECT_LT(parse_reader_message(old).protocol, symbols_protocol);
  EXPECT_EQ(parse_reader_message(ready).protocol, symbols_protocol);
  old.replace(old.find("\"protocol\":3"), 12, "\"protocol\":5");
  EXPECT_THROW(parse_reader_message(old), base::Error);
}

TEST(ReaderProtocol, RequestsCarryTheirLengths) {
  EXPECT_EQ(run_request({.id = 3, .command = "echo a\necho b"}),
            "run 3 13 0 0 1 0\necho a\necho b");
  EXPECT_EQ(run_request({.id = 4,
                         .command = "wc",
                         .input = "in",
                         .background = "yes",
                         .times = 7,
                         .duration = std::chrono::milliseconds(1500)}),
            "run 4 2 2 3 7 1500\nwcinyes");
  EXPECT_EQ(snapshot_request(5), "snapshot 5\n");
  EXPECT_EQ(symbols_request(6, {0x1000, 0xffffffff81000010}),
            "symbols 6 21\n1000 ffffffff81000010");
}

}  // namespace
}  // namespace lab::trial
