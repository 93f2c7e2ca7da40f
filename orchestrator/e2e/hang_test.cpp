// SPDX-License-Identifier: MIT
// Tests that lab ends when libvirtd or an outer VM's emulator hangs: it names what hangs, and the
// next call finds a clean machine. Also stops lab at random moments.
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <random>
#include <sstream>
#include <thread>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/e2e/lab_test.hpp"

namespace lab::e2e {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr double patience = 40;  // seconds, after which lab gives up what hangs

// Stops the processes that `pgrep WORDS` finds for its lifetime.
class Standstill {
 public:
  explicit Standstill(const std::vector<std::string>& words) {
    base::Command command{.argv = {"pgrep"}};
    command.argv.insert(command.argv.end(), words.begin(), words.end());
    std::istringstream pids(base::run(command).output);
    for (pid_t pid = 0; pids >> pid;) pids_.push_back(pid);
    for (const pid_t pid : pids_) ::kill(pid, SIGSTOP);
  }
  Standstill(const Standstill&) = delete;
  Standstill& operator=(const Standstill&) = delete;
  ~Standstill() {
    for (const pid_t pid : pids_) ::kill(pid, SIGCONT);
  }

  bool found() const { return !pids_.empty(); }

 private:
  std::vector<pid_t> pids_;
};

const std::vector<std::string> libvirtds{"-x", "libvirtd|virtqemud"};

// Returns pgrep's words for the emulators of this lab's outer VM.
std::vector<std::string> emulator_of(pid_t lab, const std::string& site) {
  if (site == "vmx") return {"-x", "-P", std::to_string(lab), "bochs|bochs-bin"};
  return {"-f", "guest=lab-[a-z]*-" + std::to_string(lab) + "\\."};
}

class Hang : public LabTest {
 protected:
  // When processes are stopped: so long after this line of lab's.
  struct Moment {
    std::string line;
    milliseconds later{0};
  };

  // Runs a guest, and stops the processes that `pgrep` finds at that moment; sends lab so many
  // SIGINTs.
  Finished run_and_stop(const std::string& site, const Moment& moment,
                        const std::function<std::vector<std::string>(pid_t)>& words,
                        int interrupts = 0,
                        const std::map<std::string, std::string>& environment = {}) {
    std::optional<Standstill> standstill;
    const auto stop = [&](pid_t lab, const std::string& line) {
      if (standstill || line.find(moment.line) == std::string::npos) return;
      std::this_thread::sleep_for(moment.later);
      const base::Stopwatch waiting;
      do standstill.emplace(words(lab));
      while (!standstill->found() && waiting.seconds() < 10);
      EXPECT_TRUE(standstill->found());
      since_.restart();
      for (int i = 0; i < interrupts; ++i) {
        if (i > 0) std::this_thread::sleep_for(milliseconds(2500));
        ::kill(lab, SIGINT);
      }
    };
    const Finished run = lab({"run", write_tiny(), "--on", site, "--store", store()},
                             {.environment = environment, .on_line = stop});
    seconds_ = since_.seconds();
    EXPECT_TRUE(standstill) << run.errors;
    return run;
  }

  // Expects that lab ended soon after the hang, with this code and these words, and left nothing.
  void expect_ended(const Finished& run, int exit_code, const std::vector<std::string>& words,
                    double within = patience) {
    EXPECT_LT(seconds_, within);
    EXPECT_EQ(run.exit_code, exit_code) << run.errors;
    for (const std::string& text : words) EXPECT_THAT(run.errors, HasSubstr(text));
    expect_clean(run);
  }

  void expect_clean(const Finished& run) {
    EXPECT_EQ(lab({"kvm", "status"}).exit_code, 0);
    EXPECT_THAT(left_by(run.pid), IsEmpty());
  }

  const Moment in_the_boot{": boot", milliseconds(500)};
  base::Stopwatch since_;
  double seconds_ = 0;  // from the hang to lab's end
};

struct Phase {
  const char *name, *site, *line;  // lab's line as it begins
};

class HungInAnyPhase : public Hang, public testing::WithParamInterface<Phase> {};

// A saved state that does not come back is made again: then the run passes.
TEST_P(HungInAnyPhase, NightlyAStoppedEmulatorIsAFailureOfTheMachinery) {
  const auto& [name, site, line] = GetParam();
  std::map<std::string, std::string> environment;
  if (std::string_view(line).ends_with("first boot")) {
    environment["XDG_CACHE_HOME"] = folder() / "cache";
    make_cache_without("warm", folder() / "cache");
  }
  const Finished run = run_and_stop(
      site, {line}, [&, site = site](pid_t lab) { return emulator_of(lab, site); }, 0, environment);
  std::printf("%s: code %d, %.1f s later\n", name, run.exit_code, seconds_);
  EXPECT_LT(seconds_, 180);  // a start has two minutes
  EXPECT_THAT(run.exit_code, testing::AnyOf(0, 3)) << run.errors;
  if (run.exit_code == 3) {
    EXPECT_THAT(run.errors, HasSubstr(site == std::string("vmx") ? "Bochs" : "QEMU"));
  }
  expect_clean(run);
}

INSTANTIATE_TEST_SUITE_P(, HungInAnyPhase,
                         testing::Values(Phase{"QemusFirstBoot", "svm", "outer VM's first boot"},
                                         Phase{"QemusRestore", "svm", "] outer VM"},
                                         Phase{"QemuIsUp", "svm", "outer VM is up"},
                                         Phase{"QemuWithModules", "svm", ": modules"},
                                         Phase{"QemuAtTheStart", "svm", ": start"},
                                         Phase{"QemuAtTheEnd", "svm", ": cleanup"},
                                         Phase{"BochsFirstBoot", "vmx", "outer VM's first boot"},
                                         Phase{"BochsRestore", "vmx", "] outer VM"},
                                         Phase{"BochsWithModules", "vmx", ": modules"},
                                         Phase{"BochsAtTheStart", "vmx", ": start"},
                                         Phase{"BochsAtTheEnd", "vmx", ": cleanup"}),
                         [](const auto& test) { return std::string(test.param.name); });

class HungLibvirt : public Hang {
 protected:
  Finished run_and_stop_libvirt(int interrupts) {
    return run_and_stop(
        "svm", in_the_boot, [](pid_t) { return libvirtds; }, interrupts);
  }
};

TEST_F(HungLibvirt, HoldsNobodyWhoAsksTwice) {
  expect_ended(run_and_stop_libvirt(2), 130, {"ended at once"}, 2.5 + 5);
}

TEST_F(HungLibvirt, HoldsNobodyWhoAsksOnce) {
  expect_ended(run_and_stop_libvirt(1), 130, {"stopped by Ctrl-C (SIGINT)"});
}

TEST_F(HungLibvirt, IsAFailureOfTheMachinery) {
  expect_ended(run_and_stop_libvirt(0), 3, {"libvirtd does not answer", "restart libvirtd"});
}

class HungEmulator : public Hang, public testing::WithParamInterface<const char*> {};

TEST_P(HungEmulator, IsAFailureOfTheMachinery) {
  const std::string site = GetParam();
  const Finished run =
      run_and_stop(site, in_the_boot, [&](pid_t lab) { return emulator_of(lab, site); });
  const std::string name = site == "vmx" ? "Bochs" : "QEMU";
  expect_ended(run, 3, {"the outer VM's " + name + " (process ", "was stopped by a signal"});
}

INSTANTIATE_TEST_SUITE_P(, HungEmulator, testing::Values("svm", "vmx"),
                         [](const auto& test) { return std::string(test.param); });

// Disturbs a run at a random moment. LAB_SEED sets the seed, which is random otherwise, and
// LAB_TIMES how often.
class AtRandom : public Hang {
 protected:
  using Happening = std::function<void(pid_t)>;

  void SetUp() override {
    const char* seed = std::getenv("LAB_SEED");
    const unsigned value = seed != nullptr ? std::atoi(seed) : std::random_device{}();
    std::printf("LAB_SEED=%u\n", value);
    random_.seed(value);
  }

  static int times(int usual) {
    const char* times = std::getenv("LAB_TIMES");
    return times != nullptr ? std::atoi(times) : usual;
  }

  // Returns how many seconds a run takes without a disturbance. A first one may have to make the
  // outer VM's state: moments of that length would mostly come when the others are done.
  double usual_seconds(const std::string& site) {
    double least = 1e9;
    for (int i = 0; i < 2; ++i) {
      const Finished run = run_until(site, 1e9, [](pid_t) {});
      EXPECT_EQ(run.exit_code, 0) << run.errors;
      least = std::min(least, run.seconds);
    }
    return least;
  }

  double moment_in(double seconds) {
    return std::uniform_real_distribution<double>(0, seconds)(random_);
  }

  // Runs a guest, and calls `happens` so many `seconds` after lab's first line.
  Finished run_until(const std::string& site, double seconds, const Happening& happens) {
    std::jthread later;
    happened_ = false;
    const auto begin = [&](pid_t lab, const std::string&) {
      if (later.joinable()) return;
      later = std::jthread([&, lab](const std::stop_token& stop) {
        const base::Stopwatch watch;
        while (watch.seconds() < seconds) {
          if (stop.stop_requested()) return;
          std::this_thread::sleep_for(milliseconds(5));
        }
        since_.restart();
        happened_ = true;
        happens(lab);
      });
    };
    const Finished run = lab({"run", write_tiny(), "--on", site, "--store", store()},
                             {.limit = std::chrono::seconds(900), .on_line = begin});
    seconds_ = since_.seconds();
    return run;
  }

  std::mt19937 random_;
  std::atomic<bool> happened_ = false;
};

TEST_F(AtRandom, NightlyKillsLeaveNothingBehind) {
  constexpr int signals[] = {SIGKILL, SIGTERM, SIGKILL, SIGINT};
  const double whole = usual_seconds("svm");
  int killed = 0;
  for (int i = 0; i < times(50); ++i) {
    const int signal = signals[i % 4];
    const double moment = moment_in(whole);
    std::vector<pid_t> family;
    const Finished run = run_until("svm", moment, [&](pid_t lab) {
      family = family_of(lab);
      ::kill(lab, signal);
    });
    SCOPED_TRACE(testing::Message() << "signal " << signal << " after " << moment << " s:\n"
                                    << run.errors);
    if (!happened_ || run.exit_code == 0)
      EXPECT_EQ(run.exit_code, 0);  // it was done before
    else if (signal == SIGKILL)
      EXPECT_EQ(run.signal, SIGKILL);
    else
      EXPECT_EQ(run.exit_code, 130);
    killed += run.exit_code != 0;
    EXPECT_LT(happened_ ? seconds_ : 0, 20);
    expect_clean(run);
    for (const pid_t pid : family) EXPECT_FALSE(is_alive(pid)) << pid;
    std::printf("%2d: signal %d after %.2f s: code %d, %.2f s later\n", i, signal, moment,
                run.exit_code, happened_ ? seconds_ : 0.0);
  }
  EXPECT_GE(killed, times(50) / 2) << "most runs were done before their moment";
}

struct Stopped {
  const char *name, *site;
  bool daemon;
};

class StopAtRandom : public AtRandom, public testing::WithParamInterface<Stopped> {};

// The run passes if nobody needs what hangs, or if a saved state that does not come back is made
// again.
TEST_P(StopAtRandom, NightlyHangsAreFailuresOfTheMachinery) {
  const auto& [name, site, daemon] = GetParam();
  const double whole = usual_seconds(site);
  int stopped = 0;
  for (int i = 0; i < times(10); ++i) {
    const double moment = moment_in(whole);
    std::optional<Standstill> standstill;
    const Finished run = run_until(site, moment, [&, site = site, daemon = daemon](pid_t lab) {
      standstill.emplace(daemon ? libvirtds : emulator_of(lab, site));
    });
    const bool found = standstill && standstill->found();
    stopped += found;
    standstill.reset();
    SCOPED_TRACE(testing::Message() << name << " stopped after " << moment << " s:\n"
                                    << run.errors);
    EXPECT_THAT(run.exit_code, testing::AnyOf(0, 3));
    if (run.exit_code == 3) {
      EXPECT_LT(seconds_, 180);  // a start has two minutes
      EXPECT_THAT(run.errors, HasSubstr(name));
    }
    expect_clean(run);
    std::printf("%2d: %s stopped after %.2f s%s: code %d, %.2f s later\n", i, name, moment,
                found ? "" : " (not there)", run.exit_code, happened_ ? seconds_ : 0.0);
  }
  EXPECT_GE(stopped, times(10) / 2) << "most runs were done before their moment";
}

INSTANTIATE_TEST_SUITE_P(, StopAtRandom,
                         testing::Values(Stopped{"libvirtd", "svm", true},
                                         Stopped{"QEMU", "svm", false},
                                         Stopped{"Bochs", "vmx", false}),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace lab::e2e
