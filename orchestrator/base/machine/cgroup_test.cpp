// SPDX-License-Identifier: MIT
#include "orchestrator/base/machine/this_machine.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <fstream>
#include <string>

#include "orchestrator/base/files/folders.hpp"

namespace lab::base {
namespace {

namespace fs = std::filesystem;

class Cgroup : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((root() / name).parent_path());
    std::ofstream(root() / name) << text;
  }
  const fs::path& root() const { return folder_.path(); }

  TemporaryFolder folder_{fs::temp_directory_path(), "cgroup-test"};
};

TEST_F(Cgroup, WithoutOneTheMachineIsTheLimit) {
  EXPECT_EQ(usable_processors(8, root()), 8u);
  EXPECT_EQ(usable_memory_mib(4000, root()), 4000u);
  write("proc/self/cgroup", "0::/\n");
  write("sys/fs/cgroup/cpu.max", "max 100000\n");
  write("sys/fs/cgroup/memory.max", "max\n");
  write("sys/fs/cgroup/memory.current", "5\n");
  EXPECT_EQ(usable_processors(8, root()), 8u);
  EXPECT_EQ(usable_memory_mib(4000, root()), 4000u);
}

TEST_F(Cgroup, ItsOwnLimitAndThatOfTheGroupsAbove) {
  write("proc/self/cgroup", "0::/machine/job\n");
  write("sys/fs/cgroup/machine/job/cpu.max", "350000 100000\n");
  EXPECT_EQ(usable_processors(8, root()), 3u);
  EXPECT_EQ(usable_processors(2, root()), 2u);
  write("sys/fs/cgroup/machine/cpu.max", "50000 100000\n");
  EXPECT_EQ(usable_processors(8, root()), 1u);
  write("sys/fs/cgroup/machine/memory.max", std::to_string(1000u << 20));
  write("sys/fs/cgroup/machine/memory.current", std::to_string(600u << 20));
  EXPECT_EQ(usable_memory_mib(4000, root()), 400u);
  write("sys/fs/cgroup/machine/memory.stat",
        "anon 1\ninactive_file " + std::to_string(100u << 20) + "\nactive_file 7\n");
  EXPECT_EQ(usable_memory_mib(4000, root()), 500u);
  EXPECT_EQ(usable_memory_mib(300, root()), 300u);
}

// In a container the path is the host's, and the mounted folder is the container's own group.
TEST_F(Cgroup, OfVersionOneWithAPathThatIsNotThere) {
  write("proc/self/cgroup", "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n0::/docker/abc\n");
  write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000\n");
  write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", std::to_string(1000u << 20));
  write("sys/fs/cgroup/memory/memory.usage_in_bytes", std::to_string(1001u << 20));
  EXPECT_EQ(usable_processors(8, root()), 2u);
  EXPECT_EQ(usable_memory_mib(4000, root()), 0u);
  write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(usable_processors(8, root()), 8u);
}

// A cpuset shows there, too: the kernel lets a process have no other processors.
TEST_F(Cgroup, OnlyTheProcessorsOnWhichThisProcessMayRunAreAvailable) {
  cpu_set_t before, one;
  ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
  EXPECT_EQ(available_processors(root()), static_cast<unsigned>(CPU_COUNT(&before)));
  CPU_ZERO(&one);
  CPU_SET(::sched_getcpu(), &one);
  ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(available_processors(root()), 1u);
  ASSERT_EQ(::sched_setaffinity(0, sizeof before, &before), 0);
  write("proc/self/cgroup", "0::/\n");
  write("sys/fs/cgroup/cpu.max", "100000 100000\n");
  EXPECT_EQ(available_processors(root()), 1u);
}

TEST_F(Cgroup, OnlyTheMemoryOfItsOwnIsAvailable) {
  EXPECT_EQ(available_memory_mib(root()), 0u);
  write("proc/meminfo", "MemTotal: 9000000 kB\nMemAvailable:   4096000 kB\n");
  EXPECT_EQ(available_memory_mib(root()), 4000u);
  write("proc/self/cgroup", "0::/\n");
  write("sys/fs/cgroup/memory.max", std::to_string(1000u << 20));
  write("sys/fs/cgroup/memory.current", std::to_string(600u << 20));
  EXPECT_EQ(available_memory_mib(root()), 400u);
}

TEST_F(Cgroup, OfThisProcessIsRead) {
  EXPECT_GE(available_processors(), 1u);
  EXPECT_GT(available_memory_mib(), 0u);
}

}  // namespace
}  // namespace lab::base
