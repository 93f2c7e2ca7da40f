// SPDX-License-Identifier: MIT
// Tests how steps are read, with their defaults, and refused.
#include "orchestrator/scenario/keys/scenario_keys.hpp"

#include "orchestrator/scenario/loader_test.hpp"
#include "orchestrator/scenario/yaml/values.hpp"

namespace lab::scenario {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

const std::string all_kinds =
    "version: 1\n"
    "name: all\n"
    "image: tiny\n"
    "guest: {vcpus: 2, console: verbose}\n"
    "timeouts: {boot: 4 min, step: 3 min, shutdown: 1 min}\n"
    "steps:\n"
    "  - boot: {until: {console: \"login:\"}, timeout: 1 min}\n"
    "  - run:\n"
    "      name: work\n"
    "      command: cat\n"
    "      times: 1000000\n"
    "      stdin: some input\n"
    "      background: while true; do :; done\n"
    "      duration: 500 ms\n"
    "  - sleep: 10 s\n"
    "  - sleep: {name: nap, duration: 20 ms, timeout: 1 s}\n"
    "  - reboot:\n"
    "  - host: {pause: 2 s}\n"
    "  - host: {name: pin-it, pin: {vcpu: 1, cpus: \"0,2-3\"}, timeout: 9 s}\n"
    "  - host: {balloon: 256 MiB}\n"
    "  - host: {plug: disk}\n"
    "  - host: {unplug: disk}\n"
    "  - host: {key: ctrl+alt+delete}\n"
    "  - host: {save-restore: }\n"
    "  - shutdown: {name: off}\n";

TEST(Steps, AllKindsAreReadAndSurviveThePlansJson) {
  const TrialPlan plan = expand(parse(all_kinds, "s.yaml")).at(0);
  ASSERT_EQ(plan.steps.size(), 13u);
  const auto& steps = plan.steps;
  EXPECT_EQ(steps[0].until, BootUntil::console);
  EXPECT_EQ(steps[0].pattern, "login:");
  EXPECT_EQ(steps[0].timeout, seconds(60));
  EXPECT_EQ(steps[1].kind, Step::Kind::run);
  EXPECT_EQ(steps[1].times, 1000000u);
  EXPECT_EQ(steps[1].input, "some input");
  EXPECT_EQ(steps[1].background, "while true; do :; done");
  EXPECT_EQ(steps[1].duration, milliseconds(500));
  EXPECT_EQ(steps[1].timeout, seconds(180));
  EXPECT_EQ(steps[2].kind, Step::Kind::sleep);
  EXPECT_EQ(steps[2].name, "sleep");
  EXPECT_EQ(steps[2].duration, seconds(10));
  EXPECT_EQ(steps[3].name, "nap");
  EXPECT_EQ(steps[3].duration, milliseconds(20));
  EXPECT_EQ(steps[4].kind, Step::Kind::reboot);
  EXPECT_EQ(steps[4].timeout, seconds(240));
  EXPECT_EQ(steps[4].until, BootUntil::multi_user);
  EXPECT_EQ(steps[5].name, "pause");
  EXPECT_EQ(steps[5].host.duration, seconds(2));
  EXPECT_EQ(steps[6].name, "pin-it");
  EXPECT_EQ(steps[6].host.vcpu, 1u);
  EXPECT_EQ(steps[6].host.cpus, "0,2-3");
  EXPECT_EQ(steps[6].timeout, seconds(9));
  EXPECT_EQ(steps[7].host.memory, 256ull << 20);
  EXPECT_EQ(steps[8].host.kind, HostAction::Kind::plug);
  EXPECT_EQ(steps[9].host.kind, HostAction::Kind::unplug);
  EXPECT_EQ(steps[9].host.device, HostAction::Device::disk);
  EXPECT_EQ(steps[10].host.keys, "ctrl+alt+delete");
  EXPECT_EQ(steps[11].host.kind, HostAction::Kind::save_restore);
  EXPECT_EQ(steps[11].name, "save-restore");
  EXPECT_EQ(steps[12].kind, Step::Kind::shutdown);
  EXPECT_EQ(steps[12].name, "off");
  EXPECT_EQ(steps[12].timeout, seconds(60));
  EXPECT_EQ(travelled(plan), plan);
}

TEST(Steps, BootEndsInManyWays) {
  for (const auto& [word, until] :
       {std::pair("multi-user", BootUntil::multi_user), std::pair("reader", BootUntil::reader),
        std::pair("cloud-init", BootUntil::cloud_init), std::pair("kernel", BootUntil::kernel),
        std::pair("init", BootUntil::init)}) {
    const std::string text = with(all_kinds, "{console: \"login:\"}", word);
    const auto plan = expand(parse(text, "s.yaml")).at(0);
    EXPECT_EQ(plan.steps[0].until, until);
    // A reboot ends with the reader, however the boot ended.
    EXPECT_LE(plan.steps[4].until, BootUntil::cloud_init);
    EXPECT_EQ(travelled(plan), plan);
  }
}

TEST(Steps, BadOnesSayWhereWhatAndHowToMend) {
  const std::vector<Bad> cases = {
      {"", "  - rum: {}\n", "s.yaml:6:5: unknown key 'rum' in step, did you mean 'run'?"},
      {"", "  - run: {name: a, command: b, time: 2}\n", "did you mean 'times'?"},
      {"", "  - run: {name: a, command: b, times: 0}\n", "from 1 to 1000000, not '0'"},
      {"", "  - run: {name: a, command: b, duration: 1}\n", "from 1 ms to 24 h, not '1' | write"},
      {"", "  - run: {name: a, command: b, duration: 2 min}\n",
       "s.yaml:6:5: step 'a' takes 120 s, its timeout is 120 s | give it a longer timeout"},
      {"", "  - run: {name: a, command: b, stdin: [x]}\n", "stdin must be text, not a list"},
      {"", "  - run: {name: a, command: b, background: ''}\n", "background must have 1 to 65536"},
      {"", "  - sleep:\n", "sleep must be a map"},
      {"", "  - sleep: 0 s\n", "sleep must be a time from 1 ms to 24 h, not '0 s'"},
      {"", "  - sleep: {name: x}\n", "sleep lacks the key 'duration'"},
      {"", "  - sleep: 1 s\n  - sleep: 2 s\n", "s.yaml:7:5: a second step named 'sleep' | give it"},
      {"", "  - sleep: {duration: 11 min, timeout: 1 h}\n",
       "the steps up to 'sleep' take 660 s, timeouts.trial is 600 s | raise timeouts.trial"},
      {"", "  - reboot: now\n", "reboot must be a map"},
      {"", "  - shutdown:\n  - sleep: 1 s\n", "s.yaml:6:5: only the last step can be shutdown"},
      {"", "  - host: {name: a}\n", "s.yaml:6:11: host lacks an action | actions: pause, pin, "},
      {"", "  - host: {paus: 1 s}\n", "unknown key 'paus' in host, did you mean 'pause'?"},
      {"", "  - host: {pause: 1 s, plug: nic}\n", "a host step does one thing | write two steps"},
      {"", "  - host: {pin: {vcpu: 0}}\n", "pin lacks the key 'cpus'"},
      {"", "  - host: {pin: {vcpu: 1, cpus: 0}}\n",
       "s.yaml:6:5: pin vcpu 1: the guest has 1, counted from 0 | vcpu: 0 to 0, or raise"},
      {"", "  - host: {pin: {vcpu: 0, cpus: 1-0}}\n", "cpus must name processors from 0 to 1023"},
      {"", "  - host: {pin: {vcpu: 0, cpus: \"0,0\"}}\n", "none twice, not '0,0'"},
      {"", "  - host: {pin: {vcpu: 0, cpus: 1024}}\n", "not '1024'"},
      {"", "  - host: {pin: {vcpu: 0, cpus: \"0,\"}}\n", "not '0,'"},
      {"", "  - host: {balloon: 1 GiB}\n", "balloon 1 GiB is more than guest.memory 768 MiB"},
      {"", "  - host: {plug: usb}\n", "plug must be one of disk, nic, not 'usb'"},
      {"", "  - host: {unplug: nic}\n", "s.yaml:6:5: nic is not plugged here | plug it in an earl"},
      {"", "  - host: {plug: nic}\n  - host: {name: b, plug: nic}\n", "nic is plugged already"},
      {"", "  - host: {key: ctrl+altt}\n", "key must join keys by '+', not 'ctrl+altt' | keys: a"},
      {"", "  - host: {key: a+a}\n", "at most 16 different keys"},
      {"", "  - host: {key: ''}\n", "key must join keys"},
      {"", "  - host: {save-restore: 1}\n", "save-restore takes no value"},
      {"{until: reader}", "{until: {console: ''}}", "console must be text to wait for"},
      {"{until: reader}", "{until: {consol: a}}", "did you mean 'console'?"},
      {"{until: reader}", "{until: console}", "until must be one of multi-user, reader, cloud-in"},
      {"{until: reader}", "{until: kernel}",
       "s.yaml:5:5: boot until kernel is seen on the console, which is quiet | guest.console"},
      {"{until: reader}", "{until: init}", "boot until init is seen on the console"},
  };
  for (const Bad& bad : cases) {
    const std::string text = bad.from.empty() ? with_steps(bad.to) : with(small, bad.from, bad.to);
    EXPECT_THAT(error_of(text), HasSubstr(bad.message)) << bad.to;
  }
}

TEST(Steps, NothingIsWaitedForOnASilentConsole) {
  const std::string text = with(small, "{until: reader}", "{until: {console: login}}");
  EXPECT_EQ(error_of(text), "");
  EXPECT_THAT(error_of(text, {"guest.console=none"}), HasSubstr("which is none"));
  EXPECT_THAT(error_of(text, {"matrix.guest.console=quiet,none"}),
              HasSubstr("which is none (in tiny-boot[guest.console=none])"));
  EXPECT_EQ(error_of(with(small, "reader", "kernel"), {"guest.console=verbose"}), "");
}

TEST(Steps, KeysOfAKeyboard) {
  const auto is_key = [](const char* key) {
    try {
      read_keys({.kind = Node::Kind::scalar, .text = key}, "key");
      return true;
    } catch (const base::Error&) {
      return false;
    }
  };
  for (const char* key : {"a", "z", "0", "9", "f1", "f12", "ctrl", "alt", "shift", "enter", "esc",
                          "tab", "space", "up", "down", "left", "right", "delete", "sysrq"}) {
    EXPECT_TRUE(is_key(key)) << key;
  }
  for (const char* key : {"", "A", "f0", "f13", "ab", "+", " ", "Ctrl"}) {
    EXPECT_FALSE(is_key(key)) << key;
  }
}

}  // namespace
}  // namespace lab::scenario
