// SPDX-License-Identifier: MIT
#include "orchestrator/lane/serve.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <future>
#include <thread>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/lane/protocol/lines.hpp"
#include "orchestrator/lane/protocol/proof.hpp"

namespace lab::lane {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    read = base::Fd(ends[0]);
    write = base::Fd(ends[1]);
  }
  base::Fd read, write;
};

// Runs a lane in this process. Its trials named "long" last until they are interrupted.
class Serve : public testing::Test {
 protected:
  void start(double silence = 60) {
    ::signal(SIGPIPE, SIG_IGN);
    lane_ = std::async(std::launch::async, [this, silence] {
      serve({.input = in_.read.get(),
             .output = out_.write.get(),
             .greeting = {.lab = "1", .node = "n", .host = "h"},
             .run = [this](const Work& work, const trial::Sink& sink) { run(work, sink); },
             .interrupt = [this] { interrupted_ = true; },
             .silence = silence});
      out_.write.reset();
    });
    EXPECT_THAT(line(), HasSubstr(R"("type":"lane")"));
  }

  void say(const std::string& line) { base::write_all(in_.write.get(), line + "\n", "the lane"); }

  void give(const std::string& name) {
    Work work{.site = "svm", .plans = {known_trial()}};
    work.plans[0].name = name;
    say(to_json(work));
  }

  // Returns the next line that is not alive_line; "" at the end.
  std::string line() {
    for (;;) {
      while (auto line = lines_.next())
        if (*line != alive_line) return *line;
      if (!lines_.read(out_.read.get())) return "";
    }
  }

  bool ends() { return lane_.wait_for(std::chrono::seconds(20)) == std::future_status::ready; }

  Pipe in_, out_;
  std::future<void> lane_;
  std::atomic<bool> interrupted_ = false;

 private:
  void run(const Work& work, const trial::Sink& sink) {
    const std::string& name = work.plans.at(0).name;
    sink({.trial = name, .what = trial::PhaseBegun()});
    if (name == "fails") throw base::infrastructure_error("no room");
    while (name == "long" && !interrupted_)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    if (interrupted_) throw base::Error(base::ErrorKind::interrupted, "stopped");
  }

  Lines lines_{1 << 20};
};

TEST_F(Serve, DoesOnePieceOfWorkAfterTheOther) {
  start();
  give("a");
  EXPECT_THAT(line(), HasSubstr(R"("trial":"a")"));
  EXPECT_EQ(line(), R"({"type":"end"})");
  give("fails");
  EXPECT_THAT(line(), HasSubstr(R"("trial":"fails")"));
  EXPECT_THAT(line(), HasSubstr("no room"));
  EXPECT_EQ(line(), R"({"type":"end"})");
  in_.write.reset();
  EXPECT_TRUE(ends());
  EXPECT_EQ(line(), "");
}

TEST_F(Serve, EndsInTheMiddleOfATrialWhereItsInputEnds) {
  start();
  give("long");
  EXPECT_THAT(line(), HasSubstr(R"("trial":"long")"));
  in_.write.reset();
  EXPECT_TRUE(ends());
  EXPECT_TRUE(interrupted_);
  lane_.get();  // throws nothing
}

TEST_F(Serve, EndsWhereNobodyIsThereAnyMore) {
  start(1);
  give("long");
  for (int i = 0; i < 4; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    say(std::string(alive_line));
  }
  EXPECT_FALSE(interrupted_);
  EXPECT_TRUE(ends());
  EXPECT_TRUE(interrupted_);
}

TEST_F(Serve, EndsWhereNobodyReadsItsEvents) {
  start(6);  // so it sends alive_line every second
  give("long");
  out_.read.reset();
  EXPECT_TRUE(ends());
}

TEST_F(Serve, SaysWhatIsWrongWithAPieceOfWork) {
  start();
  say("{\"type\":\"work\"}");
  EXPECT_THAT(line(), HasSubstr("a piece of work"));
  EXPECT_EQ(line(), R"({"type":"end"})");
  in_.write.reset();
  EXPECT_TRUE(ends());
}

TEST(Lines, AreBounded) {
  Pipe pipe;
  Lines lines(10);
  base::write_all(pipe.write.get(), "one\ntwo\nthr", "pipe");
  EXPECT_TRUE(lines.read(pipe.read.get()));
  EXPECT_EQ(lines.next(), "one");
  EXPECT_EQ(lines.next(), "two");
  EXPECT_EQ(lines.next(), std::nullopt);
  base::write_all(pipe.write.get(), "ee\n", "pipe");
  EXPECT_TRUE(lines.read(pipe.read.get()));
  EXPECT_EQ(lines.next(), "three");
  base::write_all(pipe.write.get(), "01234567890", "pipe");
  EXPECT_THROW(lines.read(pipe.read.get()), base::Error);
  pipe.write.reset();
  EXPECT_FALSE(Lines(10).read(pipe.read.get()));
}

}  // namespace
}  // namespace lab::lane
