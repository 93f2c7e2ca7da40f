// SPDX-License-Identifier: MIT
#include "orchestrator/trial/guest/spec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lab::trial {
namespace {

using scenario::HostAction;
using scenario::Step;
using testing::ElementsAre;

Step host(HostAction::Kind kind, const std::string& keys = "") {
  Step step{.kind = Step::Kind::host, .name = "action"};
  step.host.kind = kind;
  step.host.keys = keys;
  return step;
}

class Spec : public testing::Test {
 protected:
  guest::DomainSpec spec(unsigned number = 1) {
    const GuestDisks disks(plan_, image_, testing::TempDir(), number);
    return guest_spec(plan_, image_, context_, disks, number);
  }
  scenario::TrialPlan plan_;
  GuestImage image_{.name = "tiny", .kernel = "/vmlinuz", .initrd = "/initrd", .cmdline = "c"};
  TrialContext context_{.run_id = "r1", .sockets = "/run/x"};
};

TEST_F(Spec, ByDefaultHasNothingThatNobodyAskedFor) {
  const guest::DomainSpec one = spec();
  EXPECT_EQ(one.name, "lab-guest-r1");
  EXPECT_TRUE(one.disks.empty() && one.nics.empty());
  EXPECT_FALSE(one.balloon || one.on_reboot_restart || one.preserve_on_poweroff);
  EXPECT_EQ(one.plug_slots, 0u);
  EXPECT_EQ(devices_in_words(plan_, image_), "pc, serial, virtio-serial");
}

TEST_F(Spec, GuestsHaveNamesAndSocketsOfTheirOwn) {
  const guest::DomainSpec two = spec(2);
  EXPECT_EQ(two.name, "lab-guest-2-r1");
  EXPECT_EQ(two.console_socket, "/run/x/console-2");
  EXPECT_EQ(two.channels.at(0).socket, "/run/x/reader-2");
  EXPECT_EQ(two.channels.at(0).name, "lab.reader.0") << "the guests are alike";
}

TEST_F(Spec, HasWhatTheStepsNeed) {
  plan_.steps = {host(HostAction::Kind::balloon), host(HostAction::Kind::key, "ctrl+alt+delete"),
                 Step{.kind = Step::Kind::shutdown}};
  plan_.steps.push_back(host(HostAction::Kind::plug));
  plan_.steps.back().host.device = HostAction::Device::nic;
  const guest::DomainSpec one = spec();
  EXPECT_TRUE(one.balloon && one.on_reboot_restart && one.preserve_on_poweroff);
  EXPECT_EQ(one.plug_slots, 1u);
  plan_.steps = {Step{.kind = Step::Kind::reboot}};
  EXPECT_TRUE(spec().on_reboot_restart);
}

TEST_F(Spec, SaysItsDevices) {
  image_.disk = "/disk";
  plan_.settings.nic = scenario::Nic::e1000;
  plan_.settings.network = scenario::Network::none;
  plan_.settings.disk_cache = scenario::DiskCache::none;
  plan_.settings.scratch_size = 256u << 20;
  plan_.settings.scratch_bus = scenario::DiskBus::nvme;
  EXPECT_EQ(devices_in_words(plan_, image_),
            "pc, serial, virtio-blk cache=none, nvme of 256 MiB, e1000 without a cable, "
            "virtio-serial");
  plan_.settings.network = scenario::Network::open;
  EXPECT_THAT(devices_in_words(plan_, image_), testing::HasSubstr("e1000 with a way out,"));
}

// The domain's description closes a user network unless it is `open` (guest/xml).
TEST_F(Spec, OnlyANetworkThatTheScenarioOpensLeadsOut) {
  const auto nic = [&](const std::string& network) {
    const std::string text = "version: 1\nname: t\nimage: tiny\nguest: {nic: {model: virtio" +
                             network + "}}\nsteps: [boot: {}]\n";
    plan_ = scenario::expand(scenario::parse(text, "t.yaml"))[0];
    return spec().nics.at(0);
  };
  for (const char* network : {"", ", network: user"}) {
    EXPECT_TRUE(nic(network).user_network) << network;
    EXPECT_FALSE(nic(network).open) << network;
  }
  EXPECT_FALSE(nic(", network: none").user_network);
  EXPECT_FALSE(nic(", network: none").open);
  EXPECT_TRUE(nic(", network: open").user_network);
  EXPECT_TRUE(nic(", network: open").open);
}

TEST(HostActions, OnlyThreeKeysTogetherReboot) {
  EXPECT_TRUE(reboots(host(HostAction::Kind::key, "ctrl+alt+delete").host));
  EXPECT_TRUE(reboots(host(HostAction::Kind::key, "delete+alt+ctrl").host));
  for (const char* keys : {"", "a", "ctrl+alt", "ctrl+delete", "ctrl+alt+d"})
    EXPECT_FALSE(reboots(host(HostAction::Kind::key, keys).host)) << keys;
  EXPECT_FALSE(reboots(host(HostAction::Kind::pause, "ctrl+alt+delete").host));
}

}  // namespace
}  // namespace lab::trial
