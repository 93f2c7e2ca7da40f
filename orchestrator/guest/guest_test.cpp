// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <sys/socket.h>

#include <array>
#include <pugixml.hpp>

#include "orchestrator/base/error.hpp"
#include "orchestrator/guest/channel.hpp"
#include "orchestrator/guest/domain.hpp"

namespace lab::guest {
namespace {

using testing::HasSubstr;

// libvirt's own in-process test driver: real API, real errors, no QEMU.
constexpr const char* test_uri = "test:///default";

TEST(Connection, RefusesAnUnknownUri) {
  try {
    connect("nosuch:///driver");
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("nosuch:///driver"));
    EXPECT_THAT(error.hint(), HasSubstr("libvirtd"));
  }
}

TEST(Connection, FindsAndDestroysDomainsByPrefix) {
  const ConnectionPtr connection = connect(test_uri);
  EXPECT_THAT(domains_with_prefix(connection.get(), "te"), testing::ElementsAre("test"));
  destroy_domain(connection.get(), "test");
  EXPECT_TRUE(domains_with_prefix(connection.get(), "te").empty());
  destroy_domain(connection.get(), "test");  // once more: nothing there, no error
}

TEST(Connection, ErrorsCarryLibvirtsCode) {
  const ConnectionPtr connection = connect(test_uri);
  EXPECT_EQ(virDomainLookupByName(connection.get(), "missing"), nullptr);
  try {
    throw_libvirt_error("look up domain", "missing");
  } catch (const base::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("look up domain 'missing'"));
    EXPECT_THAT(error.what(), HasSubstr("code 42"));  // VIR_ERR_NO_DOMAIN
  }
}

TEST(DomainXml, EscapesEveryString) {
  DomainSpec spec;
  spec.name = "a<b>&\"c";
  spec.kernel = "/k&";
  spec.cmdline = "x=\"1\" <y>";
  spec.disks = {{.path = "/tmp/\"&.raw", .format = "raw", .serial = "s"}};
  spec.channels = {{"lab.reader.0", "/tmp/s<"}};
  pugi::xml_document document;
  ASSERT_TRUE(document.load_string(domain_xml(spec).c_str()));
  const pugi::xml_node domain = document.child("domain");
  EXPECT_STREQ(domain.child_value("name"), "a<b>&\"c");
  EXPECT_STREQ(domain.child("os").child_value("cmdline"), "x=\"1\" <y>");
  const pugi::xml_node disk = domain.child("devices").child("disk");
  EXPECT_STREQ(disk.child("source").attribute("file").value(), "/tmp/\"&.raw");
}

TEST(DomainXml, IsAcceptedByLibvirt) {
  const ConnectionPtr connection = connect(test_uri);
  DomainSpec spec;
  spec.name = "lab-test";
  spec.cpu_model = "EPYC";
  spec.cpu_features = {"svm"};
  spec.kernel = "/vmlinuz";
  spec.disks = {
      {.path = "/dev/vdc", .format = "raw", .serial = "s", .read_only = true, .block = true}};
  spec.channels = {{"lab.reader.0", "/tmp/reader.sock"}};
  spec.console_socket = "/tmp/console.sock";
  spec.agent_socket = "/tmp/agent.sock";
  const DomainPtr domain(virDomainDefineXML(connection.get(), domain_xml(spec).c_str()));
  ASSERT_TRUE(domain) << virGetLastError()->message;
}

TEST(DomainXml, CountsInstructionsWhereAsked) {
  DomainSpec spec;
  spec.name = "lab-test";
  spec.accelerated = false;
  EXPECT_THAT(domain_xml(spec), testing::Not(HasSubstr("-icount")));
  spec.count_instructions = true;
  EXPECT_THAT(domain_xml(spec), HasSubstr("value=\"shift=0\""));
  const ConnectionPtr connection = connect(test_uri);
  const DomainPtr domain(virDomainDefineXML(connection.get(), domain_xml(spec).c_str()));
  ASSERT_TRUE(domain) << virGetLastError()->message;
}

struct Ends {
  base::Fd ours, guests;
};

Ends socket_pair() {
  std::array<int, 2> fds{};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds.data()), 0);
  return {base::Fd(fds[0]), base::Fd(fds[1])};
}

TEST(LineChannel, GivesWholeLinesOnly) {
  Ends ends = socket_pair();
  LineChannel channel(std::move(ends.ours), 100, 1000);
  base::write_all(ends.guests.get(), "one\ntw", "socket");
  EXPECT_TRUE(channel.read());
  EXPECT_EQ(channel.next_line(), "one");
  EXPECT_EQ(channel.next_line(), std::nullopt);
  base::write_all(ends.guests.get(), "o\n", "socket");
  ends.guests.reset();
  EXPECT_FALSE(channel.read());
  EXPECT_EQ(channel.next_line(), "two");
}

TEST(LineChannel, RefusesALongLineAndAFlood) {
  Ends ends = socket_pair();
  LineChannel channel(std::move(ends.ours), 100, 1000);
  base::write_all(ends.guests.get(), std::string(101, 'x'), "socket");
  EXPECT_THROW(channel.read(), ChannelAbuse);

  Ends more = socket_pair();
  LineChannel flooded(std::move(more.ours), 100, 1000);
  std::string lines;
  for (int i = 0; i < 600; ++i) lines += "a\n";
  base::write_all(more.guests.get(), lines, "socket");
  EXPECT_THROW(flooded.read(), ChannelAbuse);
}

TEST(Console, KeepsATailAndSeesAPanicAcrossPieces) {
  Ends ends = socket_pair();
  Console console(std::move(ends.ours));
  base::write_all(ends.guests.get(), std::string(20'000, 'a'), "socket");
  EXPECT_TRUE(console.read());
  EXPECT_EQ(console.tail().size(), 16u << 10);
  base::write_all(ends.guests.get(), "[1.0] Kernel panic - no", "socket");
  EXPECT_TRUE(console.read());
  EXPECT_FALSE(console.panicked());
  base::write_all(ends.guests.get(), "t syncing: VFS", "socket");
  EXPECT_TRUE(console.read());
  EXPECT_TRUE(console.panicked());
  EXPECT_EQ(console.bytes(), 20'037u);
}

}  // namespace
}  // namespace lab::guest
