// SPDX-License-Identifier: MIT
#include "orchestrator/guest/domain/domain.hpp"

#include <gmock/gmock.h>
namespace lab::guest {
namespace {

constexpr const char* system_capabilities = R"(<capabilities><host>
  <secmodel><model>apparmor</model><doi>0</doi></secmodel>
  <secmodel><model>dac</model><doi>0</doi>
    <baselabel type='kvm'>+64055:+107</baselabel><baselabel type='qemu'>+64056:+108</baselabel>
  </secmodel></host></capabilities>)";

TEST(Confinement, IsWhatLibvirtIsSetUpWith) {
  const Confinement kvm = confinement_in(system_capabilities, true);
  EXPECT_TRUE(kvm.apparmor);
  EXPECT_EQ(kvm.account.value().user, 64055u);
  EXPECT_EQ(kvm.account.value().group, 107u);
  EXPECT_EQ(confinement_in(system_capabilities, false).account.value().user, 64056u);
}

// A session's libvirt has no model "dac", and refuses such a label.
TEST(Confinement, OfASessionIsNotLabs) {
  const std::string session =
      "<capabilities><host><secmodel><model>none</model></secmodel></host></capabilities>";
  EXPECT_FALSE(confinement_in(session, true).account);
  EXPECT_FALSE(confinement_in("no XML", true).account);
}

}  // namespace
}  // namespace lab::guest
