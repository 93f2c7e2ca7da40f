// SPDX-License-Identifier: MIT
#include "orchestrator/guest/xml/domain_spec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <pugixml.hpp>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/guest/domain/domain.hpp"
#include "orchestrator/guest/libvirt/connection.hpp"
#include "orchestrator/guest/libvirt/cpu.hpp"

namespace lab::guest {
namespace {

using testing::HasSubstr;
using testing::Not;

// Uses libvirt's own in-process test driver: real API, real parser, no QEMU.
void expect_accepted(const DomainSpec& spec) {
  const ConnectionPtr connection = connect("test:///default");
  const DomainPtr domain(virDomainDefineXML(connection.get(), domain_xml(spec).c_str()));
  ASSERT_TRUE(domain) << virGetLastError()->message;
}

// Compares with a golden file; LAB_UPDATE_GOLDEN=1 rewrites it.
void expect_golden(const std::string& name, const DomainSpec& spec) {
  const std::filesystem::path file =
      std::filesystem::path(LAB_SOURCE_DIR) / "orchestrator/guest/golden" / name;
  const std::string xml = domain_xml(spec, {.account = base::Account{64055, 64056}});
  if (std::getenv("LAB_UPDATE_GOLDEN") != nullptr) base::write_file(file, xml);
  EXPECT_EQ(xml, base::read_file(file)) << file;
  expect_accepted(spec);
}

DomainSpec plain() {
  DomainSpec spec;
  spec.name = "lab-test";
  spec.disks = {{.path = "/overlay.qcow2", .format = "qcow2", .cache = "unsafe"}};
  spec.channels = {{"lab.reader.0", "/tmp/reader.sock"}};
  spec.console_socket = "/tmp/console.sock";
  return spec;
}

TEST(DomainXml, OfAGuestHasNothingThatWasNotAskedFor) {
  expect_golden("plain.xml", plain());
}

// The profile would deny lab's caches (lab help rejected).
TEST(DomainXml, AppArmorsProfileIsLabsOrNone) {
  EXPECT_THAT(domain_xml(plain(), {.account = base::Account{1, 2}}), Not(HasSubstr("apparmor")));
  Confinement confinement{.account = base::Account{1, 2}, .apparmor = true};
  const std::string without = domain_xml(plain(), confinement);
  EXPECT_THAT(without, HasSubstr("<seclabel type=\"none\" model=\"apparmor\" />"));
  EXPECT_THAT(without, HasSubstr("<label>+1:+2</label>"));
  EXPECT_THAT(without, Not(HasSubstr("<uuid>")));
  confinement.uuid = "6c616200-1234-4000-8000-123456789abc";
  confinement.profile = "libvirt-" + confinement.uuid;
  const std::string with = domain_xml(plain(), confinement);
  EXPECT_THAT(with, HasSubstr("<uuid>" + confinement.uuid + "</uuid>"));
  EXPECT_THAT(with, HasSubstr("<seclabel type=\"static\" model=\"apparmor\" relabel=\"no\">"));
  EXPECT_THAT(with, HasSubstr("<label>" + confinement.profile + "</label>"));
  EXPECT_THAT(with, Not(HasSubstr("type=\"none\" model=\"apparmor\"")));
}

TEST(DomainXml, OfAFirmwareOfTheUsers) {
  DomainSpec spec = plain();
  spec.firmware = "/bios.bin";
  EXPECT_THAT(domain_xml(spec), HasSubstr("<loader readonly=\"yes\" type=\"rom\">/bios.bin<"));
  expect_accepted(spec);
  spec.firmware_is_flash = true;
  EXPECT_THAT(domain_xml(spec), HasSubstr("type=\"pflash\" stateless=\"yes\">/bios.bin<"));
  expect_accepted(spec);
}

TEST(DomainXml, OfAGuestWithEverySetting) {
  DomainSpec spec = plain();
  spec.machine = "q35";
  spec.vcpus = 2;
  spec.huge_pages = spec.balloon = spec.on_reboot_restart = true;
  spec.cpu_features = {"+invtsc", "-x2apic"};
  spec.plug_slots = 1;
  spec.disks[0].bus = "scsi";
  spec.disks.push_back({.path = "/s.qcow2", .format = "qcow2", .bus = "sata", .cache = "none"});
  spec.nics = {{.model = "virtio"}, {.model = "e1000", .user_network = false}};
  expect_golden("every.xml", spec);
}

TEST(DomainXml, NvmeDisksComeByQemusOwnWords) {
  DomainSpec spec = plain();
  spec.disks[0].bus = "nvme";
  spec.disks[0].path = "/a,b\"<.qcow2";
  spec.disks.push_back({.path = "/scratch.qcow2", .format = "qcow2"});
  const std::string xml = domain_xml(spec);
  EXPECT_THAT(xml, HasSubstr("file=/a,,b&quot;&lt;.qcow2,format=qcow2,cache=unsafe"));
  EXPECT_THAT(xml, HasSubstr("bootindex=0"));
  EXPECT_THAT(xml, HasSubstr("dev=\"vda\""));  // the other one counts from the start
  expect_accepted(spec);
  spec.kernel = "/vmlinuz";
  EXPECT_THAT(domain_xml(spec), Not(HasSubstr("bootindex")));
}

// A guest would reach this machine's own services, and whatever this machine reaches.
TEST(DomainXml, AUserNetworkLeadsNowhereUnlessItIsOpen) {
  DomainSpec spec = plain();
  spec.nics = {{.model = "e1000", .user_network = false}, {.model = "virtio"}};
  const std::string xml = domain_xml(spec);
  EXPECT_THAT(xml, HasSubstr("value=\"user,id=lab-network1,restrict=on\""));
  EXPECT_THAT(xml, HasSubstr("alias=\"net1\""));
  EXPECT_THAT(xml, Not(HasSubstr("lab-network0")));
  expect_accepted(spec);
  spec.nics[1].open = true;
  EXPECT_THAT(domain_xml(spec), Not(HasSubstr("lab-network")));
}

TEST(DomainXml, EscapesEveryString) {
  DomainSpec spec;
  spec.name = "a<b>&\"c";
  spec.kernel = "/k&";
  spec.cmdline = "x=\"1\" <y>";
  spec.disks = {{.path = "/tmp/\"&.raw", .serial = "s"}};
  spec.channels = {{"lab.reader.0", "/tmp/s<"}};
  pugi::xml_document document;
  ASSERT_TRUE(document.load_string(domain_xml(spec).c_str()));
  const pugi::xml_node domain = document.child("domain");
  EXPECT_STREQ(domain.child_value("name"), "a<b>&\"c");
  EXPECT_STREQ(domain.child("os").child_value("cmdline"), "x=\"1\" <y>");
  const pugi::xml_node disk = domain.child("devices").child("disk");
  EXPECT_STREQ(disk.child("source").attribute("file").value(), "/tmp/\"&.raw");
}

TEST(DomainXml, OfAnOuterVmIsAcceptedByLibvirt) {
  DomainSpec spec;
  spec.name = "lab-test";
  spec.cpu_model = "EPYC";
  spec.cpu_features = {"+svm"};
  spec.kernel = "/vmlinuz";
  spec.disks = {{.path = "/dev/vdc", .serial = "s", .read_only = true, .block = true}};
  spec.channels = {{"lab.reader.0", "/tmp/reader.sock"}};
  spec.console_socket = "/tmp/console.sock";
  spec.agent_socket = "/tmp/agent.sock";
  expect_accepted(spec);
}

TEST(DomainXml, CountsInstructionsWhereAsked) {
  DomainSpec spec;
  spec.name = "lab-test";
  spec.accelerated = false;
  EXPECT_THAT(domain_xml(spec), Not(HasSubstr("-icount")));
  spec.count_instructions = true;
  EXPECT_THAT(domain_xml(spec), HasSubstr("value=\"shift=0,sleep=off\""));
  spec.memory_disks = {{"/tmp/system", 32, true}, {"/tmp/a,b", 64}};
  EXPECT_THAT(domain_xml(spec), HasSubstr("id=lab-disk0,share=on,readonly=on,size=32M"));
  EXPECT_THAT(domain_xml(spec), HasSubstr("memdev=lab-disk0,unarmed=on"));
  EXPECT_THAT(domain_xml(spec), HasSubstr("readonly=off,size=64M,mem-path=/tmp/a,,b"));
  EXPECT_THAT(domain_xml(spec), HasSubstr("slots=2,maxmem=864M"));  // 768 are the machine's own
  expect_accepted(spec);
}

TEST(DomainXml, ARestoredMachineLeavesItsMemoryFileAsItWas) {
  DomainSpec spec;
  spec.name = "lab-test";
  spec.memory_mib = 64;
  spec.memory_file = "/tmp/memory";
  EXPECT_THAT(domain_xml(spec), HasSubstr("size=64M,share=on,mem-path=/tmp/memory"));
  spec.incoming = true;
  EXPECT_THAT(domain_xml(spec), HasSubstr("share=off,readonly=on,rom=off,mem-path=/tmp/memory"));
  expect_accepted(spec);
}

TEST(Cpu, IsNamedAsLibvirtKnowsIt) {
  ConnectionPtr connection;
  try {
    connection = connect(default_uri());
  } catch (const base::Error& error) {
    GTEST_SKIP() << error.what();
  }
  check_cpu(connection.get(), "", {});
  check_cpu(connection.get(), "EPYC", {"+invtsc", "-x2apic"});
  check_cpu(connection.get(), "", {"+invtsc"});
  for (const auto& [model, feature, said] :
       {std::array<std::string, 3>{"EPIC", "", "'EPIC'"}, {"", "+sse99", "sse99"}}) {
    try {
      check_cpu(connection.get(), model,
                feature.empty() ? std::vector<std::string>{} : std::vector{feature});
      ADD_FAILURE() << said;
    } catch (const base::Error& error) {
      EXPECT_EQ(error.kind(), base::ErrorKind::user);
      EXPECT_THAT(error.what(), HasSubstr(said));
    }
  }
}

TEST(Keys, AreKnownByTheirNames) {
  EXPECT_THAT(key_codes("ctrl+alt+delete"), testing::ElementsAre(29, 56, 111));
  EXPECT_THAT(key_codes("a+m+0+f12"), testing::ElementsAre(30, 50, 11, 88));
  for (const char* wrong : {"", "+", "a+", "A", "f13", "super", "ab"})
    EXPECT_THROW(key_codes(wrong), base::Error) << wrong;
  EXPECT_THROW(key_codes("a+a+a+a+a+a+a+a+a+a+a+a+a+a+a+a+a"), base::Error);
}

}  // namespace
}  // namespace lab::guest
