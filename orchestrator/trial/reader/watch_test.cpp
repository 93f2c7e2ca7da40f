// SPDX-License-Identifier: MIT
#include "orchestrator/trial/reader/watch.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <thread>

#include "orchestrator/base/error.hpp"

namespace lab::trial {
namespace {

using record::Outcome;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

const std::string plain_snapshot =
    R"({"start_total":100,"end_total":103,"own_exits":3,"attempts":1,)"
    R"("total_cycles":5000,"leaf_reads":9,"late_reads":2,)"
    R"("reasons":[[123,40,40,700],[114,63,62,300]]})";
const std::string plain_ready =
    R"({"event":"ready","protocol":4,"reader":"4.0","kernel":"6.1","vendor":"AuthenticAMD",)"
    R"("vcpus":1,"layout":"descending","snapshot":)" +
    plain_snapshot + "}\n";
const std::string answer = R"({"event":"snapshot","id":1,"snapshot":)" + plain_snapshot + "}\n";

// Has only the streams of a guest.
struct Guest {
  Guest() {
    for (auto [mine, theirs] : {std::pair{&console, &its_console}, {&reader, &its_reader}}) {
      int ends[2];
      EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
      *mine = base::Fd(ends[0]);
      *theirs = base::Fd(ends[1]);
    }
    session = std::make_unique<Session>([this] { return alive; }, std::move(its_console),
                                        std::move(its_reader), 1 << 20,
                                        [this](Mark mark) { marks.push_back(mark); });
  }

  bool alive = true;
  std::vector<Mark> marks;
  base::Fd console, reader, its_console, its_reader;
  std::unique_ptr<Session> session;
};

class WatchTest : public testing::Test {
 protected:
  bool wait(milliseconds limit = milliseconds(2000)) {
    return watch_.until(
        [&] {
          message_ = guest_.session->next_message();
          return message_.has_value();
        },
        std::chrono::steady_clock::now() + limit, "an answer");
  }
  Problem problem() const { return watch_.problem().value_or(Problem{Outcome::passed, "none"}); }

  Guest guest_, other_;
  unsigned calls_ = 0;
  Watch watch_{{guest_.session.get()}, [this] {
                 ++calls_;
                 return std::chrono::steady_clock::now() + milliseconds(10);
               }};
  std::optional<ReaderMessage> message_;
};

TEST_F(WatchTest, WaitsForAMessageAndReadsTheConsoleMeanwhile) {
  base::write_all(guest_.console.get(), "Linux version 6\n", "console");
  base::write_all(guest_.reader.get(), plain_ready, "reader");
  ASSERT_TRUE(wait());
  EXPECT_EQ(message_->kind, ReaderMessage::Kind::ready);
  EXPECT_THAT(guest_.marks, ElementsAre(Mark::kernel));
  EXPECT_TRUE(guest_.session->seen(Mark::kernel));
}

// The guest writes between the two reads in some of so many rounds.
TEST_F(WatchTest, TheConsoleHoldsWhatWasPrintedBeforeTheMessage) {
  std::atomic<int> round = 0;
  const std::jthread writer([&](const std::stop_token& stop) {
    for (int written = 0; !stop.stop_requested();) {
      if (written > round) {
        std::this_thread::yield();
        continue;
      }
      base::write_all(guest_.console.get(), fmt::format("round {}.", written), "console");
      base::write_all(guest_.reader.get(), "{\"event\":\"bye\"}\n", "reader");
      ++written;
    }
  });
  for (; round < 3000; ++round) {
    while (!guest_.session->next_message()) {
      std::this_thread::yield();
      guest_.session->read();
    }
    ASSERT_THAT(guest_.session->console_tail(), EndsWith(fmt::format("round {}.", round.load())));
  }
}

TEST_F(WatchTest, ActsRegularlyWhileItWaits) {
  EXPECT_TRUE(watch_.idle(milliseconds(150)));
  EXPECT_GE(calls_, 3u);
  EXPECT_LE(calls_, 16u);
}

// Only the shortest of some counts, as a busy machine may delay any.
TEST_F(WatchTest, IdlesNoLongerThanItIsAskedTo) {
  Watch watch({guest_.session.get()}, [] { return Watch::never; });
  auto shortest = std::chrono::steady_clock::duration::max();
  for (int i = 0; i < 20; ++i) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_TRUE(watch.idle(milliseconds(5)));
    shortest = std::min(shortest, std::chrono::steady_clock::now() - start);
  }
  EXPECT_GE(shortest, milliseconds(5));
  EXPECT_LT(shortest, milliseconds(25));
}

TEST_F(WatchTest, ATimeLimitIsAResult) {
  EXPECT_FALSE(wait(milliseconds(20)));
  EXPECT_EQ(problem().outcome, Outcome::timed_out);
  EXPECT_EQ(problem().message, "time limit: an answer");
}

std::string symbols_part(int id, int from, const std::string& name, bool more) {
  return R"({"event":"symbols","id":)" + std::to_string(id) + R"(,"from":)" + std::to_string(from) +
         R"(,"symbols":[[")" + name + R"("]],"more":)" + (more ? "true" : "false") + "}\n";
}

TEST_F(WatchTest, AnAnswerOfSeveralLinesIsOneMessageWhenAllOfItIsThere) {
  base::write_all(guest_.reader.get(),
                  symbols_part(1, 0, "a", true) + symbols_part(1, 1, "b", true), "reader");
  EXPECT_FALSE(wait(milliseconds(50)));
  Watch watch({guest_.session.get()}, [] { return Watch::never; });
  base::write_all(guest_.reader.get(), symbols_part(1, 2, "c", false) + answer, "reader");
  std::vector<ReaderMessage> messages;
  EXPECT_TRUE(watch.until(
      [&] {
        while (auto message = guest_.session->next_message()) messages.push_back(*message);
        return messages.size() == 2;
      },
      std::chrono::steady_clock::now() + milliseconds(2000), "both"));
  EXPECT_THAT(messages.at(0).symbols,
              ElementsAre(ReaderSymbol{"a", ""}, ReaderSymbol{"b", ""}, ReaderSymbol{"c", ""}));
  EXPECT_EQ(messages.at(1).kind, ReaderMessage::Kind::snapshot);
}

TEST_F(WatchTest, LinesThatDoNotFollowEachOtherAreAResult) {
  for (const std::string& next :
       {symbols_part(1, 2, "b", false), symbols_part(2, 1, "b", false), answer}) {
    Guest guest;
    Watch watch({guest.session.get()}, [] { return Watch::never; });
    base::write_all(guest.reader.get(), symbols_part(1, 0, "a", true) + next, "reader");
    EXPECT_FALSE(watch.until([&] { return guest.session->next_message().has_value(); },
                             std::chrono::steady_clock::now() + milliseconds(2000), "x"));
    EXPECT_EQ(watch.problem()->outcome, Outcome::failed);
    EXPECT_THAT(watch.problem()->message, HasSubstr("symbols"));
  }
}

TEST_F(WatchTest, ASecondReadyIsARebootOfItsOwn) {
  base::write_all(guest_.reader.get(), plain_ready, "reader");
  EXPECT_FALSE(watch_.idle(milliseconds(2000)));
  EXPECT_EQ(problem().outcome, Outcome::guest_failed);
  EXPECT_EQ(problem().message, "the guest rebooted by itself");
}

TEST_F(WatchTest, AnAnswerToNothingIsRefused) {
  base::write_all(guest_.reader.get(), answer, "reader");
  EXPECT_FALSE(watch_.idle(milliseconds(2000)));
  EXPECT_EQ(problem().outcome, Outcome::failed);
  EXPECT_THAT(problem().message, HasSubstr("something else"));
}

TEST_F(WatchTest, APanicIsSeenEvenInTheLastWords) {
  base::write_all(guest_.console.get(), "Kernel panic - not syncing: x\n", "console");
  guest_.alive = false;
  EXPECT_FALSE(wait());
  EXPECT_EQ(problem().outcome, Outcome::guest_failed);
  EXPECT_THAT(problem().message, HasSubstr("panicked"));
  EXPECT_THAT(guest_.session->console_tail(), HasSubstr("not syncing: x"));
}

TEST_F(WatchTest, AnEndIsAProblemUnlessItWasAskedFor) {
  guest_.alive = false;
  EXPECT_FALSE(wait());
  EXPECT_THAT(problem().message, HasSubstr("ended by itself"));
  other_.session->let_end();
  other_.alive = false;
  Watch watch({other_.session.get()}, [] { return Watch::never; });
  EXPECT_TRUE(watch.until([&] { return other_.session->ended(); },
                          std::chrono::steady_clock::now() + milliseconds(2000), "the end"));
}

TEST_F(WatchTest, GarbageFloodsAndErrorsAreResults) {
  base::write_all(guest_.reader.get(), "no { JSON\n", "reader");
  EXPECT_FALSE(wait());
  EXPECT_THAT(problem().message, HasSubstr("garbage"));
  base::write_all(other_.reader.get(), "{\"event\":\"error\",\"id\":1,\"message\":\"no fork\"}\n",
                  "reader");
  Watch watch({other_.session.get()}, [] { return Watch::never; });
  EXPECT_FALSE(watch.until([&] { return other_.session->next_message().has_value(); },
                           std::chrono::steady_clock::now() + milliseconds(2000), "x"));
  EXPECT_THAT(watch.problem()->message, HasSubstr("no fork"));
}

TEST_F(WatchTest, OfSeveralGuestsSaysWhoseProblemItIs) {
  Watch watch({guest_.session.get(), other_.session.get()}, [] { return Watch::never; });
  other_.alive = false;
  EXPECT_FALSE(watch.idle(milliseconds(2000)));
  EXPECT_THAT(watch.problem()->message, testing::StartsWith("guest 2: "));
}

}  // namespace
}  // namespace lab::trial
