// SPDX-License-Identifier: MIT
#include "orchestrator/scenario/scenario.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <random>
#include <sstream>

#include "orchestrator/base/error.hpp"
#include "orchestrator/scenario/loader_test.hpp"

namespace lab::scenario {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

const std::string full =
    "version: 1\n"
    "name: full\n"
    "description: Everything said\n"
    "image: debian-12\n"
    "guest: {vcpus: 2, memory: 1 GiB, console: verbose}\n"
    "kvm:\n"
    "  layout: ascending\n"
    "  parameters: {npt: 0, halt_poll_ns: \"0\"}\n"
    "matrix:\n"
    "  guest.vcpus: [1, 2]\n"
    "  guest.memory: [512 MiB, 1 GiB]\n"
    "repeat: 3\n"
    "timeouts: {trial: 20 min, boot: 90 s, step: 1 h}\n"
    "steps:\n"
    "  - boot: {until: multi-user}\n"
    "  - run: {name: idle, command: sleep 10}\n"
    "  - run:\n"
    "      name: disk\n"
    "      command: |\n"
    "        dd if=/dev/zero of=/tmp/x bs=1M count=10\n"
    "        rm /tmp/x\n"
    "      timeout: 30 s\n"
    "expect:\n"
    "  - {step: boot, reason: total, min: 1, max: 18446744073709551615}\n"
    "  - {step: disk, reason: io, max: 5}\n"
    "  - {step: boot, reason: io, cause: \"io 0x3f8 serial: write 1\", max: 500}\n";

TEST(Scenario, SmallOneHasDefaults) {
  const auto plans = expand(parse(small, "s.yaml"));
  ASSERT_EQ(plans.size(), 1u);
  const TrialPlan& plan = plans[0];
  EXPECT_EQ(plan.name, "tiny-boot#1");
  EXPECT_EQ(plan.settings.memory, 768ull << 20);
  EXPECT_EQ(plan.settings.vcpus, 1u);
  EXPECT_EQ(plan.settings.paging, Paging::nested);
  EXPECT_EQ(plan.settings.layout, exits::Layout::descending);
  EXPECT_EQ(plan.steps[0].until, BootUntil::reader);
  EXPECT_EQ(plan.steps[0].timeout, seconds(300));
}

TEST(Scenario, FullOneIsReadAndExpanded) {
  const Scenario scenario = parse(full, "s.yaml");
  EXPECT_EQ(scenario.description, "Everything said");
  const auto plans = expand(scenario);
  ASSERT_EQ(plans.size(), 12u);
  EXPECT_EQ(plans[0].name, "full[guest.vcpus=1,guest.memory=512 MiB]#1");
  EXPECT_EQ(plans[4].name, "full[guest.vcpus=1,guest.memory=1 GiB]#2");
  const TrialPlan& last = plans[11];
  EXPECT_EQ(last.settings.vcpus, 2u);
  EXPECT_EQ(last.settings.memory, 1ull << 30);
  EXPECT_EQ(last.settings.console, Console::verbose);
  EXPECT_EQ(last.settings.layout, exits::Layout::ascending);
  EXPECT_EQ(last.settings.paging, Paging::shadow);  // by npt: 0
  EXPECT_EQ(last.repeat, 3u);
  EXPECT_EQ(last.repeats, 3u);
  EXPECT_EQ(last.timeouts.trial, seconds(1200));
  EXPECT_EQ(last.steps[0].timeout, seconds(90));
  EXPECT_EQ(last.steps[1].timeout, seconds(3600));
  EXPECT_EQ(last.steps[2].timeout, seconds(30));
  EXPECT_EQ(last.steps[2].command, "dd if=/dev/zero of=/tmp/x bs=1M count=10\nrm /tmp/x\n");
  EXPECT_EQ(last.expect[0].max, UINT64_MAX);
  EXPECT_EQ(last.expect[1].reason, "io");
  EXPECT_EQ(last.expect[2].cause, "io 0x3f8 serial: write 1");
}

TEST(Scenario, PlanSurvivesItsJson) {
  for (const TrialPlan& plan : expand(parse(full, "s.yaml"))) {
    EXPECT_EQ(travelled(plan), plan);
  }
}

TEST(Scenario, APlanIsReadAsStrictlyAsAScenario) {
  const nlohmann::ordered_json good = to_object(expand(parse(full, "s.yaml")).at(0));
  const auto error_with = [&](const auto& change) {
    nlohmann::ordered_json object = good;
    change(object);
    try {
      plan_from_object(object);
      return std::string();
    } catch (const base::Error& error) {
      return std::string(error.what());
    }
  };
  EXPECT_EQ(error_with([](auto&) {}), "");
  EXPECT_THAT(error_with([](auto& plan) { plan = 7; }), HasSubstr("trial plan"));
  EXPECT_THAT(error_with([](auto& plan) { plan = nlohmann::ordered_json::object(); }),
              HasSubstr("trial plan"));
  EXPECT_THAT(error_with([](auto& plan) { plan["version"] = 3; }), HasSubstr("newer lab"));
  EXPECT_THAT(error_with([](auto& plan) { plan["steps"].clear(); }), HasSubstr("steps"));
  EXPECT_THAT(error_with([](auto& plan) { plan["steps"][0] = plan["steps"][1]; }),
              HasSubstr("the first step must be boot"));
  EXPECT_THAT(error_with([](auto& plan) { plan["settings"]["guest.vcpus"] = 65; }),
              HasSubstr("guest.vcpus"));
  EXPECT_THAT(error_with([](auto& plan) { plan["settings"]["guest.vcpu"] = 1; }),
              HasSubstr("unknown setting 'guest.vcpu', did you mean"));
  EXPECT_THAT(error_with([](auto& plan) { plan["settings"].erase("image"); }),
              HasSubstr("'image'"));
  EXPECT_THAT(error_with([](auto& plan) { plan["timeouts"]["trial"] = "0 s"; }),
              HasSubstr("timeouts.trial"));
}

// Tests what a plan contains besides a scenario's keys: which of its trials it is.
TEST(Scenario, APlansPlaceIsReadStrictlyToo) {
  const nlohmann::ordered_json good = to_object(expand(parse(full, "s.yaml")).at(0));
  const auto refused = [&](const char* key, const nlohmann::ordered_json& value) {
    nlohmann::ordered_json object = good;
    object[key] = value;
    try {
      plan_from_object(object);
      return false;
    } catch (const base::Error&) {
      return true;
    }
  };
  using Value = nlohmann::ordered_json;
  for (const char* key : {"repeat", "repeats", "version"})
    for (const Value& value : {Value(-1), Value(1e300), Value(0), Value(1ull << 32), Value("1")})
      EXPECT_TRUE(refused(key, value)) << key << " " << value;
  EXPECT_FALSE(refused("repeat", 1'000'000));
  EXPECT_TRUE(refused("repeat", 1'000'001));
  EXPECT_TRUE(refused("repeats", 10'001));
  EXPECT_TRUE(refused("scenario", "../../etc"));
  EXPECT_TRUE(refused("scenario", "a\nb"));
  EXPECT_TRUE(refused("name", "full\x1b[2J#1"));
  EXPECT_TRUE(refused("name", std::string(100'000, 'x')));
  const auto cell = [](const char* key, const char* value) {
    return Value::array({Value::array({key, value})});  // {{key, value}} would be an object
  };
  EXPECT_FALSE(refused("cell", cell("guest.vcpus", "64")));
  EXPECT_TRUE(refused("cell", cell("guest.vcpus", "65")));
  EXPECT_TRUE(refused("cell", cell("guest.vcpu", "1")));
}

// The plan is as labs wrote it before plans had a version.
TEST(Scenario, NumbersOfAnOldPlanThatDoNotFitAreRefused) {
  const std::string good =
      R"({"scenario": "s", "name": "s#1", "cell": [], "repeat": 1, "repeats": 1, "warmup": false,
          "settings": {"image": "tiny", "guests": 1, "vcpus": 1, "memory": 805306368,
            "huge_pages": false, "machine": "pc", "cpu_model": "", "cpu_features": [],
            "disk_bus": "virtio", "disk_cache": "unsafe", "scratch_size": 0,
            "scratch_bus": "virtio", "scratch_cache": "unsafe", "nic": "none", "network": "user",
            "console": "quiet", "clock": "automatic", "cmdline": "", "ksm": false, "samples": 0,
            "exact": false, "layout": "descending", "kernel": "", "parameters": {}},
          "timeouts": {"trial": 600, "boot": 300, "step": 60, "shutdown": 60},
          "steps": [], "expect": []})";
  const auto cause = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    try {
      plan_from_object(nlohmann::ordered_json::parse(text));
      return std::string();
    } catch (const base::Error& error) {
      return std::string(error.what());
    }
  };
  EXPECT_THAT(cause("x", "x"), HasSubstr("steps")) << "it is good but for its steps";
  for (const std::string number : {"-1", "1e300", "0.5", "9223372036854775807"}) {
    EXPECT_THAT(cause("\"vcpus\": 1", "\"vcpus\": " + number), HasSubstr("'vcpus'"));
    EXPECT_THAT(cause("\"trial\": 600", "\"trial\": " + number), HasSubstr("'trial'"));
  }
}

TEST(Scenario, WhatAPlanDoesNotSayHasItsDefault) {
  const TrialPlan plan = plan_from_object(nlohmann::ordered_json::parse(
      R"({"version": 2, "scenario": "s", "name": "s#1", "settings": {"image": "tiny"},
          "steps": [{"boot": {}}]})"));
  EXPECT_EQ(plan,
            expand(parse("version: 1\nname: s\nimage: tiny\nsteps: [{boot: }]\n", "s.yaml")).at(0));
}

TEST(Scenario, PagingIsShortForKvmPaging) {
  const auto plans =
      expand(parse(with(small, "steps", "matrix: {paging: [nested, shadow]}\nsteps"), "s.yaml"));
  ASSERT_EQ(plans.size(), 2u);
  EXPECT_EQ(plans[1].name, "tiny-boot[paging=shadow]#1");
  EXPECT_EQ(plans[1].cell[0].first, "kvm.paging");
  EXPECT_EQ(plans[1].settings.paging, Paging::shadow);
}

TEST(Scenario, KernelsVaryToo) {
  EXPECT_EQ(expand(parse(small, "s.yaml"))[0].settings.kernel, "");
  const std::string text =
      with(small, "steps",
           "kvm: {kernel: trixie}\nmatrix: {kvm.kernel: [5.10, 6.12.5+deb13-amd64]}\nsteps");
  const auto plans = expand(parse(text, "s.yaml"));
  ASSERT_EQ(plans.size(), 2u);
  EXPECT_EQ(plans[0].name, "tiny-boot[kvm.kernel=5.10]#1");
  EXPECT_EQ(plans[0].settings.kernel, "5.10");
  EXPECT_EQ(plans[1].settings.kernel, "6.12.5+deb13-amd64");
  EXPECT_EQ(travelled(plans[1]), plans[1]);
  EXPECT_EQ(expand(parse(text, "s.yaml", {"kvm.kernel=6.1"})).at(0).settings.kernel, "6.1");
  const auto trees = expand(parse(with(small, "steps", "kvm: {kernel: ../linux@v6.12}\nsteps"),
                                  "/home/me/scenarios/s.yaml"));
  EXPECT_EQ(trees.at(0).settings.kernel, "/home/me/linux@v6.12");
}

TEST(Scenario, ParametersVaryToo) {
  const auto plans =
      expand(parse(with(small, "steps", "matrix: {kvm.parameters.npt: [1, 0]}\nsteps"), "s.yaml"));
  ASSERT_EQ(plans.size(), 2u);
  EXPECT_EQ(plans[0].settings.paging, Paging::nested);
  EXPECT_EQ(plans[1].settings.paging, Paging::shadow);
  EXPECT_EQ(plans[1].settings.parameters.at("npt"), "0");
}

TEST(Scenario, ExitParametersAreTheUsersWhereATrialStaysPossible) {
  const auto plans = expand(parse(
      with(small, "steps",
           "kvm: {parameters: {exit_scope: host, exit_leaves: on, exit_counts: on, exit_log_every: "
           "1000, exit_histograms: on, exit_preset: 4294960000}}\nsteps"),
      "s.yaml"));
  EXPECT_EQ(plans.at(0).settings.parameters.size(), 6u);
  EXPECT_EQ(plans[0].settings.parameters.at("exit_preset"), "4294960000");
}

// kstrtobool() reads them by their first letters.
TEST(Scenario, BooleansOfModulesAreInAllWordsOfTheKernels) {
  const auto with_parameter = [](const std::string& name, const std::string& word) {
    return before_steps("kvm: {parameters: {" + name + ": " + word + "}}");
  };
  const auto paging = [&](const std::string& word) {
    return expand(parse(with_parameter("npt", word), "s.yaml")).at(0).settings.paging;
  };
  for (const char* yes : {"on", "ON", "yes", "true", "T", "y", "Y", "1"}) {
    EXPECT_EQ(paging(yes), Paging::nested) << yes;
    EXPECT_THAT(error_of(with_parameter("sev", yes)), HasSubstr("encrypted guests")) << yes;
    EXPECT_EQ(error_of(with_parameter("exit_counts", yes)), "") << yes;
  }
  for (const char* no : {"off", "OFF", "no", "false", "F", "n", "N", "0"}) {
    EXPECT_EQ(paging(no), Paging::shadow) << no;
    for (const char* name : {"sev", "sev_es", "sev_snp", "tdx"})
      EXPECT_EQ(error_of(with_parameter(name, no)), "") << name << no;
    EXPECT_THAT(error_of(with_parameter("exit_counts", no)), HasSubstr("nothing would be")) << no;
  }
  EXPECT_THAT(error_of(with_parameter("sev", "x")), HasSubstr("encrypted guests"));
}

TEST(Scenario, SetOverridesWithTheSameCare) {
  const Scenario scenario =
      parse(full, "s.yaml",
            {"image=tiny", "guest.vcpus=4", "kvm.parameters.npt=1", "paging=nested", "repeat=1",
             "timeouts.boot=7 s", "name=other", "matrix.guest.memory=256 MiB,512 MiB"});
  const auto plans = expand(scenario);
  ASSERT_EQ(plans.size(), 2u);  // guest.vcpus is out of the matrix
  EXPECT_EQ(plans[1].name, "other[guest.memory=512 MiB]#1");
  EXPECT_EQ(plans[1].settings.vcpus, 4u);
  EXPECT_EQ(plans[1].settings.image, "tiny");
  EXPECT_EQ(plans[1].steps[0].timeout, seconds(7));
  EXPECT_EQ(parse(with(small, "image: tiny\n", ""), "s", {"image=x"}).settings.image, "x");

  EXPECT_THAT(error_of(small, {"guest.vcpus=0"}), HasSubstr("--set: guest.vcpus must be a whole"));
  EXPECT_THAT(error_of(small, {"guest.vpcus=1"}), HasSubstr("did you mean 'guest.vcpus'?"));
  EXPECT_THAT(error_of(small, {"repeat"}), HasSubstr("--set: expected KEY=VALUE, not 'repeat'"));
  for (const auto& [odd, meant] :
       std::vector<std::pair<std::string, std::string>>{{"imge", "image"},
                                                        {"guest.vcpu", "guest.vcpus"},
                                                        {"timeouts.bot", "timeouts.boot"},
                                                        {"repaet", "repeat"},
                                                        {"pagin", "paging"}}) {
    const std::string hint = "'" + odd + "', did you mean '" + meant + "'?";
    EXPECT_THAT(error_of(small, {odd}), HasSubstr("--set: expected KEY=VALUE, not " + hint));
    EXPECT_THAT(error_of(small, {odd + "=2"}), HasSubstr("--set: unknown key " + hint));
  }
  EXPECT_THAT(error_of(small, {"=1"}), HasSubstr("expected KEY=VALUE"));
  EXPECT_THAT(error_of(small, {"matrix.nothing=1"}), HasSubstr("--set: matrix cannot vary"));
  EXPECT_THAT(error_of(small, {"timeouts.tea=1 s"}), HasSubstr("unknown key 'timeouts.tea'"));
  EXPECT_THAT(error_of(small, {"image="}), HasSubstr("image must be"));
  EXPECT_THAT(error_of(small, {"image=/a\x87"}),
              HasSubstr("--set: 'image=/a?' is not valid UTF-8"));
}

TEST(Scenario, ErrorsSayWhereWhatAndHowToMend) {
  const std::vector<Bad> cases = {
      {"image:", "imge:", "s.yaml:3:1: unknown key 'imge' in scenario, did you mean 'image'?"},
      {"image: tiny", "image: tiny\nzzz: 1", "s.yaml:4:1: unknown key 'zzz' in scenario | keys"},
      {"image: tiny", "name: again", "s.yaml:3:1: duplicate key 'name', first at s.yaml:2:1"},
      {"image: tiny\n", "", "s.yaml:1:1: scenario lacks the key 'image'"},
      {"image: tiny", "image: -etc", "s.yaml:3:8: image must be 1 to 64 letters"},
      {"image: tiny", "image: [tiny]", "s.yaml:3:8: image must be a name, not a list"},
      {"image: tiny", "image:", "image must be a name, not nothing"},
      {"version: 1", "version: 2", "s.yaml:1:10: version must be 1, not '2'"},
      {"steps", "guest: {vcpus: \"1\"}\nsteps",
       "s.yaml:4:16: guest.vcpus must be a whole number "
       "from 1 to 64, not '1' in quotes"},
      {"steps", "guest: {vcpus: 65}\nsteps", "from 1 to 64, not '65'"},
      {"steps", "guest: {vcpus: 99999999999999999999}\nsteps", "from 1 to 64, not '9999"},
      {"steps", "guest: {memory: 768}\nsteps", "not '768' | write the unit out: KiB, MiB or GiB"},
      {"steps", "guest: {memory: 63 MiB}\nsteps", "from 64 MiB to 64 GiB, not '63 MiB'"},
      {"steps", "guest: {memory: 99999999999999999 GiB}\nsteps", "from 64 MiB to 64 GiB"},
      {"steps", "guest: {memory: 65537 KiB}\nsteps", "whole MiB"},
      {"steps", "guest: {console: quite}\nsteps", "not 'quite', did you mean 'quiet'?"},
      {"steps", "guest: quiet\nsteps", "s.yaml:4:8: guest must be a map of keys and values"},
      {"steps", "kvm: {layout: down}\nsteps", "must be one of descending, ascending, combined"},
      {"steps", "kvm: {parameters: {exit_layout: 1}}\nsteps", "belongs to lab | use kvm.layout"},
      {"steps", "kvm: {parameters: {a: 1 2}}\nsteps", "without blanks"},
      {"steps", "kvm: {kernel: 6.1 0}\nsteps", "s.yaml:4:15: kvm.kernel names no kernel: '6.1 0'"},
      {"steps", "kvm: {kernel: -x}\nsteps", "| a release as in"},
      {"steps", "matrix: {kvm.kernel: [5.10, '']}\nsteps", "kvm.kernel names no kernel: ''"},
      {"steps", "kvm: {parameters: {exit_leaves: off}}\nsteps",
       "s.yaml:4:33: no trial is possible with exit_leaves=off: the guest's reader"},
      {"steps", "matrix: {kvm.parameters.exit_leaves: [on, root]}\nsteps", "exit_leaves=root"},
      {"steps", "kvm: {parameters: {exit_counts: off}}\nsteps", "nothing would be counted"},
      {"steps", "kvm: {parameters: {sev_es: 1}}\nsteps",
       "s.yaml:4:28: kvm.parameters.sev_es = 1: encrypted guests (SEV, SEV-ES, SEV-SNP, TDX) are "
       "not supported | 0, or leave it out"},
      {"steps", "matrix: {kvm.parameters.tdx: [0, Y]}\nsteps", "kvm.parameters.tdx = Y: encrypted"},
      {"steps", "guest: {cpu: {features: '+sev-es'}}\nsteps",
       "guest.cpu.features has '+sev-es': encrypted guests"},
      {"steps", "kvm: {paging: nested, parameters: {npt: 0}}\nsteps",
       "s.yaml:4:41: kvm.parameters.npt = 0 contradicts nested paging | say"},
      {"steps", "kvm: {parameters: {npt: 2}}\nsteps", "must be on or off (or 1, Y, 0, N), not '2'"},
      {"steps", "kvm: {parameters: {npt: 0, ept: 1}}\nsteps", "contradicts"},
      {"steps", "matrix: {guest.vpcus: [1]}\nsteps",
       "s.yaml:4:10: matrix cannot vary 'guest.vpcus', did you mean 'guest.vcpus'?"},
      {"steps", "matrix: {guest: {vcpus: [1]}}\nsteps", "matrix cannot vary 'guest'"},
      {"steps", "matrix: {paging: nested}\nsteps", "matrix.paging must be a list"},
      {"steps", "matrix: {paging: []}\nsteps", "must have 1 to 64 values, not 0"},
      {"steps", "matrix: {guest.vcpus: [1, 2, 0]}\nsteps", "s.yaml:4:30: guest.vcpus must be"},
      {"steps", "matrix: {paging: [nested, nested]}\nsteps", "'nested' comes twice"},
      {"steps", "matrix: {paging: [nested], kvm.paging: [shadow]}\nsteps", "kvm.paging twice"},
      {"steps", "repeat: -1\nsteps",
       "repeat, where it is not auto, must be a whole number from 1 to 10000, not '-1'"},
      {"steps", "timeouts: {boot: 5}\nsteps", "must be a time from 1 s to 24 h, not '5' | write"},
      {"steps", "timeouts: {boot: 0 s}\nsteps", "from 1 s to 24 h"},
      {"steps", "timeouts: {boot: 25 h}\nsteps", "from 1 s to 24 h"},
      {"steps", "timeouts: {bot: 5 s}\nsteps", "unknown key 'bot' in timeouts, did you mean"},
      {"{until: reader}", "{until: ready}", "s.yaml:5:19: until must be one of multi-user, reader"},
      {"- boot: {until: reader}", "- run: {name: a, command: b}", "the first step must be boot"},
      {"reader}\n", "reader}\n  - boot:\n", "only the first step can be boot"},
      {"reader}\n", "reader}\n  - run: {name: boot, command: b}\n", "a second step named 'boot'"},
      {"reader}\n", "reader}\n  - run: {name: a}\n", "run lacks the key 'command'"},
      {"reader}\n", "reader}\n  - run: {name: a, command: ''}\n", "1 to 65536 bytes"},
      {"reader}\n", "reader}\n  - {}\n",
       "a step is one of boot, run, sleep, reboot, shutdown, host"},
      {"reader}\n", "reader}\nexpect: [{step: bot, max: 1}]\n",
       "s.yaml:6:17: no step 'bot', did you mean 'boot'? | steps: boot"},
      {"reader}\n", "reader}\nexpect: [{step: boot, reason: EPT_VIOLATON, max: 1}]\n",
       "no exit reason 'EPT_VIOLATON', did you mean 'EPT_VIOLATION'?"},
      {"reader}\n", "reader}\nexpect: [{step: boot}]\n", "expect needs min, max or both"},
      {"reader}\n", "reader}\nexpect: [{step: boot, min: 2, max: 1}]\n", "min 2 is above max 1"},
      {"reader}\n", "reader}\nexpect: [{step: boot, cause: '', max: 1}]\n", "cause"},
      {"reader}\n",
       "reader}\nexpect: [{step: boot, cause: x, of: {image: a}, to: {image: b}, min: 1}]\n",
       "cause does not go with of and to"},
      {"tiny\n", "&a tiny\n", "s.yaml:3:8: anchors and aliases are not used here"},
      {"tiny\n", "!!str tiny\n", "s.yaml:3:8: tags are not used here"},
      {"tiny\n", "*a\n", "s.yaml:3:8:"},
      {"tiny\n", "{{{\n", "s.yaml:"},
      {"tiny\n", "\"t\\_\"\n", "s.yaml:3:8: the escapes \\N and \\_ are not supported"},
      {"tiny\n", "t\xff\n", "s.yaml:3:9: byte 0xff is not valid UTF-8"},
      {"tiny\n", "t\x1b[31m\n", "s.yaml:3:9: control character 0x1b"},
      {"reader}\n", "reader}\n---\nversion: 1\n", "a second document"},
      {small, "", "s.yaml:1:1: empty"},
      {small, "- 1\n", "s.yaml:1:1: scenario must be a map of keys and values, not a list"},
      {small, std::string(40, '['), "nested more than 16 levels deep"},
      {small, std::string(2u << 20, 'a'), "larger than 1 MiB"},
  };
  for (const Bad& bad : cases) {
    EXPECT_THAT(error_of(with(small, bad.from, bad.to)), HasSubstr(bad.message)) << bad.to;
  }
}

// A character that ends a line for some programs only would end a comment in those only.
TEST(Scenario, OnlyALineFeedEndsALine) {
  const std::string remedy = " is no end of a line here";
  for (const auto& [end, name] : std::vector<std::pair<std::string, std::string>>{
           {"\r", "a lone carriage return"},
           {"\u0085", "U+0085 (next line)"},
           {"\u2028", "U+2028 (line separator)"},
           {"\u2029", "U+2029 (paragraph separator)"}}) {
    const std::string yaml =
        with(small, "reader}\n", "reader}\n# all" + end + "expect: [{step: boot, max: 1}]\n");
    EXPECT_THAT(error_of(yaml), HasSubstr("s.yaml:6:6: " + name + remedy)) << name;
  }
  EXPECT_EQ(parse(with(small, "tiny\n", "tiny  # dos\r\n"), "s.yaml").settings.image, "tiny");
}

TEST(Scenario, BombsAreRefused) {
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c < 'i'; ++c) {
    bomb += std::string(1, c) + ": &" + c + " [*" + char(c - 1) + ", *" + char(c - 1) + "]\n";
  }
  EXPECT_THAT(error_of(bomb), HasSubstr("anchors and aliases"));
  std::string many = "a: [";
  for (int i = 0; i < 20000; ++i) many += "1,";
  EXPECT_THAT(error_of(many + "1]\n"), HasSubstr("more than 10,000 values"));
}

TEST(Scenario, TrialsAreBounded) {
  std::string values;
  for (int i = 1; i <= 64; ++i) values.append(i > 1 ? "," : "").append(std::to_string(i));
  const std::string text =
      with(small, "steps", "matrix: {guest.vcpus: [" + values + "]}\nrepeat: 1562\nsteps");
  EXPECT_EQ(error_of(text), "");  // 99,968
  EXPECT_THAT(error_of(with(text, "1562", "1563")), HasSubstr("more than 100,000 trials"));
}

TEST(Scenario, MissingFileIsTheUsersError) {
  try {
    load("/nonexistent/x.yaml");
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::ErrorKind::user);
    EXPECT_THAT(error.what(), HasSubstr("/nonexistent/x.yaml"));
  }
}

TEST(Scenario, ThoseThatComeWithLabAreGood) {
  const std::string folder = std::string(LAB_SOURCE_DIR) + "/scenarios/";
  EXPECT_EQ(expand(load(folder + "boot-count.yaml")).size(), 1u);
  EXPECT_EQ(expand(load(folder + "paging.yaml")).size(), 2u);
}

TEST(Scenario, SurvivesRandomMutations) {
  std::mt19937 random(7);
  const std::string spice = "{}[]:,-#&*!|>'\"%@`?\n \t0a\\~";
  for (int round = 0; round < 1000; ++round) {
    std::string text = full;
    for (int i = 0, n = 1 + int(random() % 5); i < n && !text.empty(); ++i) {
      const std::size_t at = random() % text.size();
      switch (random() % 4) {
        case 0:
          text[at] = spice[random() % spice.size()];
          break;
        case 1:
          text.insert(at, 1, spice[random() % spice.size()]);
          break;
        case 2:
          text.erase(at, random() % 20);
          break;
        default:
          text.insert(at, text.substr(random() % text.size(), random() % 40));
      }
    }
    error_of(text);  // an Error of lab, or none
  }
}

}  // namespace
}  // namespace lab::scenario
