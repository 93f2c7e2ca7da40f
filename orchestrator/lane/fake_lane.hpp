// SPDX-License-Identifier: MIT
// Gives tests lanes that are processes, and that misbehave as a real lane should not.
#pragma once

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/lane/serve.hpp"
#include "orchestrator/record/sample_record.hpp"

namespace lab::lane::fake {

inline Greeting greeting() {
  const char* node = std::getenv("FAKE_NODE");
  return {.lab = "1.0 (abc)", .node = node != nullptr ? node : "n1", .host = "1 x Fake"};
}

inline record::Record record_of(const scenario::TrialPlan& plan) {
  record::Record record = record::sample();
  record.trial = plan.name;
  record.scenario = plan.scenario;
  const char* exits = std::getenv("FAKE_EXITS");
  record.steps = {{.name = "boot", .exits = exits != nullptr ? std::stoul(exits) : 8880}};
  record.checks.clear();
  return record;
}

// Behaves as FAKE_LANE asks, and never returns.
class Lane {
 public:
  explicit Lane(std::string what) : what_(std::move(what)) {}

  [[noreturn]] void run() {
    const char* silence = std::getenv("FAKE_SILENCE");
    Greeting said = greeting();
    if (what_ == "another lab") {
      said.lab = "0.9 (def)";
      // It gets no work, but the others wait until it greets.
      std::filesystem::create_directory(folder() / (std::string("lane") + std::getenv("LAB_LANE")));
    }
    if (what_ == "garbage") print("Welcome to this machine!\n");
    if (what_ == "does not start") ::_exit(127);
    if (what_ == "waits") ::sleep(60);  // as in a scheduler's queue
    serve({.greeting = said,
           .run = [this](const Work& work, const trial::Sink& sink) { do_work(work, sink); },
           .interrupt = [] { ::_exit(0); },
           .silence = silence != nullptr ? std::stod(silence) : 60});
    ::_exit(0);
  }

 private:
  void do_work(const Work& work, const trial::Sink& sink) {
    log(work);
    wait_for_others();
    sink(trial::other_phase("outer VM"));
    if (work.provide) {
      misbehave(work.plans.front(), sink);
      return;
    }
    for (const scenario::TrialPlan& plan : work.plans) {
      sink({.trial = plan.name, .what = trial::PhaseBegun()});
      misbehave(plan, sink);
      sink({.trial = plan.name, .what = record_of(plan)});
      if (what_ == "sends it twice") sink({.trial = plan.name, .what = record_of(plan)});
    }
    sink({.what = trial::End(), .lane = 1});  // as an outer VM's lane sends (run/lanes)
  }

  void misbehave(const scenario::TrialPlan& plan, const trial::Sink& sink) {
    const bool bad = plan.name.find("bad") != std::string::npos;
    if (what_ == "dies" || (what_ == "dies once" && first_time())) {
      print("", "libvirt is on fire\n");
      ::_exit(7);
    }
    if (what_ == "closes its output") {
      ::close(1);
      ::sleep(60);
    }
    if (what_ == "stops") ::kill(::getpid(), SIGSTOP);
    if (what_ == "garbles") print("{\"type\":\"record\"}\n");
    if (what_ == "floods") print(std::string(trial::max_event_bytes + 100000, 'x'));
    if (what_ == "sends another") sink({.trial = "other#1", .what = trial::PhaseBegun()});
    if (what_ == "sends a forged record") {
      record::Record record = record_of(plan);
      record.scenario = "other";
      sink({.trial = plan.name, .what = record});
    }
    if (what_ == "fails" || (what_ == "fails bad" && bad))
      throw base::infrastructure_error("the outer VM hangs");
    if (what_ == "times out") throw base::Error(base::ErrorKind::timed_out, "not done in time");
    if (what_ == "refuses") throw base::user_error("no image 'moon'", "lab image list");
  }

  // Returns true for the first of all lanes that share the folder.
  static bool first_time() { return ::mkdir((folder() / "mark").c_str(), 0700) == 0; }

  static std::filesystem::path folder() { return std::getenv("FAKE_FOLDER"); }

  // Makes its work last until every lane has some.
  static void wait_for_others() {
    const char* together = std::getenv("FAKE_TOGETHER");
    if (together == nullptr) return;
    std::filesystem::create_directory(folder() / (std::string("lane") + std::getenv("LAB_LANE")));
    const auto lanes = [] {
      return std::distance(std::filesystem::directory_iterator(folder()), {});
    };
    for (int i = 0; i < 1000 && lanes() < std::stol(together) + 1; ++i) ::usleep(20'000);
    ::usleep(100'000);
  }

  static void log(const Work& work) {
    std::ofstream file(folder() / "log", std::ios::app);
    for (const scenario::TrialPlan& plan : work.plans)
      file << std::getenv("LAB_LANE") << ' ' << plan.name << '\n';
  }

  static void print(const std::string& output, const std::string& errors = "") {
    base::write_all(STDOUT_FILENO, output, "standard output");
    base::write_all(STDERR_FILENO, errors, "standard error");
  }

  std::string what_;
};

// Runs before main(), and so before GoogleTest prints anything.
inline const bool is_a_test = [] {
  if (const char* what = std::getenv("FAKE_LANE")) Lane(what).run();
  return true;
}();

}  // namespace lab::lane::fake
