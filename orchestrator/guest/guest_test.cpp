// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/guest/agent.hpp"
#include "orchestrator/guest/channel.hpp"
#include "orchestrator/guest/domain/domain.hpp"
#include "orchestrator/guest/libvirt/software.hpp"

namespace lab::guest {
namespace {

using testing::HasSubstr;

// Is libvirt's own in-process test driver: real API, real errors, no QEMU.
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

// A call that waits for virtlogd looks like a libvirtd that does not answer.
TEST(Connection, NamesTheDaemonThatIsStoppedOrNotThere) {
  const base::TemporaryFolder proc("/tmp", "lab-test");
  const auto process = [&](const std::string& pid, const std::string& name, const char* state) {
    std::filesystem::create_directory(proc.path() / pid);
    base::write_file(proc.path() / pid / "comm", name + "\n");
    base::write_file(proc.path() / pid / "stat", pid + " (" + name + ") " + state + " 1 1");
  };
  EXPECT_EQ(daemons_at_fault(proc.path()), "");
  process("12", "libvirtd", "S");
  process("14", "sleep", "T");
  EXPECT_EQ(daemons_at_fault(proc.path()),
            "; virtlogd, which it may need, does not run: virtlogd -d");
  process("13", "virtlogd", "S");
  EXPECT_EQ(daemons_at_fault(proc.path()), "");
  process("13", "virtlogd", "T");
  EXPECT_EQ(daemons_at_fault(proc.path()),
            "; virtlogd (process 13) was stopped by a signal: kill -CONT 13");
}

TEST(Connection, FindsAndDestroysDomainsByPrefix) {
  const ConnectionPtr connection = connect(test_uri);
  EXPECT_THAT(domains_with_prefix(connection.get(), "te"), testing::ElementsAre("test"));
  destroy_domain(connection.get(), "test");
  EXPECT_TRUE(domains_with_prefix(connection.get(), "te").empty());
  destroy_domain(connection.get(), "test");  // once more: none exists, and no error
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

TEST(Agent, SaysHowACommandEnded) {
  EXPECT_FALSE(parse_agent_status(R"({"return":{"exited":false}})"));
  const auto ended = parse_agent_status(
      R"({"return":{"exited":true,"exitcode":3,"out-data":"b3V0","err-data":"ZQ=="}})");
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->exit_code, 3);
  EXPECT_EQ(ended->output, "out");
  EXPECT_EQ(ended->errors, "e");
  EXPECT_EQ(parse_agent_status(R"({"return":{"exited":true,"signal":9}})")->exit_code, 137);
}

TEST(Agent, IsNotBelieved) {
  for (const std::string status :
       {R"({"exited":true,"exitcode":1e300})", R"({"exited":true,"exitcode":-1})",
        R"({"exited":true,"out-data":"===="})", R"({"exited":true,"out-data":"===="})",
        R"({"exited":true,"out-data":"a"})", R"({"exited":true,"out-data":7})", R"([])", R"(7)"})
    EXPECT_THROW(parse_agent_status("{\"return\":" + status + "}"), base::Error) << status;
  EXPECT_THROW(parse_agent_status(std::string(100'000, '[')), base::Error);
  EXPECT_THROW(parse_agent_status("{}"), base::Error);
}

// Is a machine without a kernel: its firmware finds nothing to boot. It is emulated, so it runs
// anywhere.
class EmulatedDomain : public testing::Test {
 protected:
  EmulatedDomain() : folder_("/tmp", "lab-test") {
    spec_.name = "lab-test-" + std::to_string(::getpid());
    spec_.accelerated = false;
    spec_.cpu_model = "qemu64";
    spec_.memory_mib = 64;
  }

  void SetUp() override {
    try {
      connection_ = connect(default_uri());
    } catch (const base::Error& error) {
      GTEST_SKIP() << error.what();
    }
  }

  std::string disk(const std::string& name) const {
    const std::string path = folder_.path() / name;
    base::run_checked({.argv = {"qemu-img", "create", "-q", "-f", "qcow2", path, "64M"}});
    return path;
  }

  base::TemporaryFolder folder_;
  ConnectionPtr connection_;
  DomainSpec spec_;
};

class EmulatedMachine : public EmulatedDomain, public testing::WithParamInterface<const char*> {};

TEST_P(EmulatedMachine, StartsWithEveryDevice) {
  spec_.machine = GetParam();
  spec_.disks = {{.path = disk("n"), .format = "qcow2", .bus = "nvme", .cache = "unsafe"},
                 {.path = disk("v"), .format = "qcow2", .cache = "writethrough"},
                 {.path = disk("c"), .format = "qcow2", .bus = "scsi", .cache = "writeback"},
                 {.path = disk("a"), .format = "qcow2", .bus = "sata", .serial = "scratch"}};
  spec_.nics = {{.model = "virtio"}, {.model = "e1000", .user_network = false}};
  spec_.balloon = true;
  spec_.plug_slots = 2;
  Domain domain(connection_.get(), spec_);
  EXPECT_TRUE(domain.running());
  const auto networks = [&] {
    return base::run_checked({.argv = {"virsh", "-c", default_uri(), "qemu-monitor-command",
                                       spec_.name, "--hmp", "info network"}});
  };
  EXPECT_THAT(networks(),
              testing::ContainsRegex("net0: [^\n]*\n \\\\ lab-network0:[^\n]*restrict=on"));
  domain.attach_nic();  // there is a free slot for each
  EXPECT_THAT(networks(), testing::ContainsRegex(
                              "ua-lab-nic: [^\n]*\n \\\\ lab-network-plugged:[^\n]*restrict=on"));
  domain.attach_disk(disk("plugged"), "qcow2");
  EXPECT_THROW(domain.attach_disk(disk("again"), "qcow2"), base::Error);
}

INSTANTIATE_TEST_SUITE_P(, EmulatedMachine, testing::Values("pc", "q35"),
                         [](const auto& with) { return std::string(with.param); });

TEST_F(EmulatedDomain, DoesWhatHostStepsAsk) {
  spec_.vcpus = 2;
  spec_.balloon = true;
  spec_.nics = {{.model = "virtio"}};
  spec_.cpu_features = {"-pni", "+aes"};
  spec_.disks = {{.path = disk("v"), .format = "qcow2", .cache = "unsafe"}};
  Domain domain(connection_.get(), spec_);
  domain.resume();
  domain.pin(1, "0");
  EXPECT_THROW(domain.pin(2, "0"), base::Error);
  EXPECT_THROW(domain.pin(0, "0-"), base::Error);
  EXPECT_THROW(domain.pin(0, "1000"), base::Error);
  domain.set_memory(32);
  EXPECT_THROW(domain.set_memory(128), base::Error);
  domain.attach_nic();
  domain.press("ctrl+a");
  const auto pid = domain.pid();
  domain.save_and_restore();
  EXPECT_TRUE(domain.running());
  EXPECT_EQ(::kill(*pid, 0), 0);  // still the same process
}

// Tests that the text has the form that causes::MemoryTree reads.
TEST_F(EmulatedDomain, SaysWhatLiesAtItsAddressesAndPorts) {
  Domain domain(connection_.get(), spec_);
  for (const char* part :
       {" AS \"I/O\", root: io", "-0000000000000cff (prio 0, i/o): pci-conf-data",
        " AS \"memory\", root: system", " (prio 0, ram): "})
    EXPECT_THAT(domain.memory_tree(), HasSubstr(part));
  domain.destroy();
  EXPECT_THROW(domain.memory_tree(), base::Error);
}

TEST_F(EmulatedDomain, SaysHowItEnded) {
  spec_.preserve_on_poweroff = true;
  {
    Domain domain(connection_.get(), spec_);
    EXPECT_FALSE(domain.powered_off());
    EXPECT_THROW(domain.save_and_restore(), base::Error);  // it has no disk
    EXPECT_TRUE(domain.running());
    domain.destroy();
    EXPECT_FALSE(domain.running());
    EXPECT_FALSE(domain.powered_off());
  }
  EXPECT_TRUE(domains_with_prefix(connection_.get(), spec_.name).empty());
}

TEST_F(EmulatedDomain, IsGoneWhereItsCpuLacksWhatWasAskedFor) {
  spec_.cpu_features = {"+avx512f"};  // TCG has none
  try {
    const Domain domain(connection_.get(), spec_);
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("cannot have CPU feature +avx512f"));
  }
  EXPECT_TRUE(domains_with_prefix(connection_.get(), spec_.name).empty());
}

struct Ends {
  base::Fd ours, guests;
};

Ends socket_pair() {
  std::array<int, 2> fds{};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds.data()), 0);
  return {base::Fd(fds[0]), base::Fd(fds[1])};
}

TEST(Software, QemusVersionIsOneLineOfText) {
  EXPECT_EQ(qemu_version("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)\n"
                         "Copyright (c) 2003-2022\n"),
            "7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)");
  EXPECT_EQ(qemu_version("sh: not found"), "");
  EXPECT_EQ(qemu_version("version \x1b[31m9"), "");
  EXPECT_EQ(qemu_version("version " + std::string(1000, '9')).size(), 128u);
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
