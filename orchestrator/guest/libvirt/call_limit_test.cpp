// SPDX-License-Identifier: MIT
// Lets libvirtd hang at each call, and QEMU at each that it gets: all calls end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libvirt/libvirt.h>
#include <signal.h>
#include <unistd.h>

#include <functional>
#include <string_view>
#include <tuple>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/guest/agent.hpp"
#include "orchestrator/guest/domain/domain.hpp"
#include "orchestrator/guest/libvirt/cpu.hpp"
#include "orchestrator/guest/libvirt/hung_libvirtd.hpp"
#include "orchestrator/guest/libvirt/qemu_process.hpp"
#include "orchestrator/guest/libvirt/software.hpp"

namespace lab::guest {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::HasSubstr;
using Mode = HungLibvirtd::Mode;

// Allows more than any of these calls takes on a busy machine.
constexpr Patience short_calls{.call = milliseconds(10'000)};
constexpr Patience little{.question_seconds = 1, .questions = 2, .call = short_calls.call};
// QEMU stands still however long anyone waits; to save it has ten times this.
constexpr Patience little_for_qemu{.call = milliseconds(2'000)};
// For a libvirtd that answers each question and never the call.
constexpr Patience little_for_a_call{.call = milliseconds(2'000), .end = milliseconds(500)};
constexpr const char* real_uri = "qemu:///system";
constexpr double soon = 90;  // seconds: of a start, which has four times a call's time

std::string disk_in(const std::filesystem::path& folder, const std::string& name) {
  const std::string path = folder / name;
  base::run_checked({.argv = {"qemu-img", "create", "-q", "-f", "qcow2", path, "64M"}});
  return path;
}

std::string kept(const std::string& name) {
  return name + "-kept";
}

class CallLimits : public testing::Test {
 protected:
  CallLimits() {
    ::signal(SIGPIPE, SIG_IGN);  // as in lab: libvirt writes to connections that are closed
    spec_.name = "lab-test-" + std::to_string(::getpid());
    spec_.accelerated = false;
    spec_.cpu_model = "qemu64";
    spec_.memory_mib = 64;
    spec_.balloon = true;
    spec_.disks = {{.path = disk_in(folder_.path(), "disk"), .format = "qcow2", .cache = "unsafe"}};
  }

  void SetUp() override {
    try {
      connection_ = connect(real_uri);
    } catch (const base::Error& error) {
      GTEST_SKIP() << error.what();
    }
  }

  // A libvirtd that goes on ends what a connection started, a little later. It keeps a definition,
  // which the next lab clears.
  bool is_gone() const {
    const ConnectionPtr connection = connect(real_uri);
    const base::Stopwatch watch;
    while (watch.seconds() < 30) {
      const bool runs = find_qemu(spec_.name) || find_qemu(kept(spec_.name));
      if (!runs) destroy_domain(connection.get(), kept(spec_.name));
      if (!runs && domains_with_prefix(connection.get(), spec_.name).empty()) return true;
      ::usleep(50'000);
    }
    return false;
  }

  base::TemporaryFolder folder_{"/tmp", "lab-test"};
  ConnectionPtr connection_;
  DomainSpec spec_;
};

// Ignores that this QEMU or an empty disk cannot do it, but not that nobody answers.
void try_to(const std::function<void()>& call) {
  try {
    call();
  } catch (const base::Error& error) {
    if (std::string_view(error.what()).find("libvirtd d") != std::string_view::npos) throw;
  }
}

// use_usual(), use_rare() and use_card() call every function of guest/ that calls libvirt.
void use_usual(virConnect* connection, const std::filesystem::path&, const DomainSpec& spec) {
  check_cpu(connection, "qemu64", {"+aes"});
  software(connection);
  domains_with_prefix(connection, "lab-");
  Domain domain(connection, spec);
  domain.resume();
  domain.running();
  domain.pin(0, "0");
  domain.set_memory(48);
  domain.attach_nic();
  domain.press("a");
  domain.pause();
  domain.paused();
  domain.await_connections();
  domain.save_and_restore();
  domain.destroy();
  destroy_domain(connection, spec.name);
}

// Nothing runs in this domain that would let go of a device, or answer as an agent.
void use_rare(virConnect* connection, const std::filesystem::path& folder,
              const DomainSpec& usual) {
  DomainSpec spec = usual;
  spec.name = kept(spec.name);
  spec.machine = "q35";
  spec.plug_slots = 1;
  spec.preserve_on_poweroff = true;
  spec.agent_socket = folder / "agent";
  Domain domain(connection, spec);
  domain.resume();
  domain.powered_off();
  domain.memory_tree();
  try_to([&] { agent_run(connection, spec.name, "true", std::chrono::seconds(1)); });
  try_to([&] { domain.load_state(folder / "state"); });
  domain.attach_disk(disk_in(folder, "plugged"), "qcow2");
  try_to([&] { domain.save_state(folder / "state"); });
  try_to([&] { domain.detach_disk(); });
}

void use_card(virConnect* connection, const std::filesystem::path&, const DomainSpec& spec) {
  Domain domain(connection, spec);
  domain.attach_nic();
  try_to([&] { domain.detach_nic(); });
}

struct Part {
  void (*use)(virConnect* connection, const std::filesystem::path& folder, const DomainSpec& spec);
  int last;  // the last call to hang at: a detach asks again and again
};

constexpr int step = 6;  // a test makes one call in this many hang

class HungAtEachCall : public CallLimits,
                       public testing::WithParamInterface<std::tuple<Mode, Part, int>> {};

TEST_P(HungAtEachCall, ItEndsAndLeavesNothing) {
  const auto& [mode, part, first] = GetParam();
  int calls = 0, ignored = 0;
  const Patience patience = mode == Mode::only_the_call ? little_for_a_call : little;
  for (bool done = false; !done; ++calls) {
    const int call = first + calls * step;
    if (call > part.last) break;
    const base::TemporaryFolder folder("/tmp", "lab-test");
    HungLibvirtd libvirtd(folder.path(), mode, call);
    const base::Stopwatch watch;
    try {
      const ConnectionPtr connection = connect(libvirtd.uri(), patience);
      part.use(connection.get(), folder.path(), spec_);
      done = !libvirtd.hangs();
      ignored += libvirtd.hangs() ? 1 : 0;
    } catch (const base::Error& error) {
      EXPECT_EQ(error.kind(), base::ErrorKind::infrastructure);
      EXPECT_THAT(error.what(), HasSubstr("libvirtd d")) << call;  // does not, or did not answer
      EXPECT_THAT(error.hint(), HasSubstr("restart libvirtd"));
    }
    EXPECT_LT(watch.seconds(), soon) << call;
    EXPECT_TRUE(is_gone()) << call;
  }
  EXPECT_GT(calls, 2);
  EXPECT_LT(ignored, 3) << "of " << calls;  // calls that only describe or clean up
}

INSTANTIATE_TEST_SUITE_P(
    Nightly, HungAtEachCall,
    testing::Combine(testing::Values(Mode::request_lost, Mode::answer_lost, Mode::only_the_call),
                     testing::Values(Part{use_usual, 60}, Part{use_rare, 24}, Part{use_card, 18}),
                     testing::Range(1, step + 1)));

// libvirtd answers keep-alives, but something that it waits for hangs (virtlogd, a disk).
TEST_F(CallLimits, ACallWithoutAnswerEndsWhereLibvirtdSaysThatItIsThere) {
  const base::TemporaryFolder folder("/tmp", "lab-test");
  HungLibvirtd libvirtd(folder.path(), Mode::only_the_call, 1);
  std::filesystem::copy("/bin/sleep", folder.path() / "virtlogd");
  const base::Process virtlogd({.argv = {folder.path() / "virtlogd", "90"}});
  ::kill(virtlogd.pid(), SIGSTOP);
  const base::Stopwatch watch;
  EXPECT_THAT([&] { connect(libvirtd.uri(), little); },
              testing::Throws<base::Error>(testing::Property(
                  &base::Error::what,
                  AllOf(HasSubstr("libvirtd did not answer within 10 s"),
                        HasSubstr("virtlogd (process " + std::to_string(virtlogd.pid()) +
                                  ") was stopped by a signal")))));
  EXPECT_LT(watch.seconds(), soon);
}

struct Action {
  const char* name;
  std::function<void(Domain&, const std::filesystem::path& folder)> act;
  // Happens while QEMU still answers.
  std::function<void(Domain&, const std::filesystem::path& folder)> before = {};
};

// Each function of a domain that QEMU itself must answer.
class StoppedQemu : public CallLimits, public testing::WithParamInterface<Action> {};

TEST_P(StoppedQemu, IsNamedAndEnded) {
  Domain domain(connection_.get(), spec_);
  if (GetParam().before) GetParam().before(domain, folder_.path());
  const pid_t pid = domain.pid().value();
  ::kill(pid, SIGSTOP);
  limit_calls(little_for_qemu);
  const base::Stopwatch watch;
  EXPECT_THAT([&] { GetParam().act(domain, folder_.path()); },
              testing::Throws<base::Error>(testing::Property(
                  &base::Error::what,
                  HasSubstr("QEMU (process " + std::to_string(pid) + ") did not answer within"))));
  EXPECT_LT(watch.seconds(), soon);
  EXPECT_TRUE(is_gone());
}

void plug_disk(Domain& domain, const std::filesystem::path& folder) {
  domain.attach_disk(disk_in(folder, "plugged"), "qcow2");
}

void plug_card(Domain& domain, const std::filesystem::path&) {
  domain.attach_nic();
}

INSTANTIATE_TEST_SUITE_P(
    At, StoppedQemu,
    testing::Values(
        Action{"Resume", [](Domain& domain, auto&) { domain.resume(); }},
        Action{"Pause", [](Domain& domain, auto&) { domain.pause(); },
               [](Domain& domain, auto&) { domain.resume(); }},
        Action{"Balloon", [](Domain& domain, auto&) { domain.set_memory(48); }},
        Action{"PlugCard", plug_card}, Action{"PlugDisk", plug_disk},
        Action{"UnplugCard", [](Domain& domain, auto&) { domain.detach_nic(); }, plug_card},
        Action{"UnplugDisk", [](Domain& domain, auto&) { domain.detach_disk(); }, plug_disk},
        Action{"Key", [](Domain& domain, auto&) { domain.press("a"); }},
        Action{"Ask", [](Domain& domain, auto&) { domain.await_connections(); }},
        Action{"MemoryTree", [](Domain& domain, auto&) { domain.memory_tree(); }},
        Action{"SaveState",
               [](Domain& domain, auto& folder) { domain.save_state(folder / "state"); }},
        Action{"LoadState",
               [](Domain& domain, auto& folder) { domain.load_state(folder / "state"); }}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(Nightly, StoppedQemu,
                         testing::Values(Action{
                             "SaveAndRestore",
                             [](Domain& domain, auto&) { domain.save_and_restore(); }}),
                         [](const auto& test) { return test.param.name; });

// The watch of a trial calls these, and must not be held up by a guest.
TEST_F(CallLimits, WhatLibvirtKnowsWaitsForNoStoppedQemu) {
  Domain domain(connection_.get(), spec_);
  const pid_t pid = domain.pid().value();
  ::kill(pid, SIGSTOP);
  const base::Stopwatch watch;
  EXPECT_TRUE(domain.running());
  EXPECT_TRUE(domain.paused());
  EXPECT_FALSE(domain.powered_off());
  domain.pin(0, "0");
  EXPECT_EQ(find_qemu(spec_.name), pid) << "nobody had to end it";
  EXPECT_LT(watch.seconds(), soon);
}

TEST_F(CallLimits, AStoppedQemuIsDestroyed) {
  Domain domain(connection_.get(), spec_);
  ::kill(domain.pid().value(), SIGSTOP);
  limit_calls(little_for_qemu);
  const base::Stopwatch watch;
  domain.destroy();
  EXPECT_FALSE(domain.running());
  EXPECT_LT(watch.seconds(), soon);
}

TEST_F(CallLimits, AStoppedQemuEndsWithItsDomain) {
  const base::Stopwatch watch;
  {
    const Domain domain(connection_.get(), spec_);
    ::kill(domain.pid().value(), SIGSTOP);
  }
  EXPECT_LT(watch.seconds(), soon);
  EXPECT_TRUE(is_gone());
}

}  // namespace
}  // namespace lab::guest
