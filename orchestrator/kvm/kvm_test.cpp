// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <future>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/atomic_folder.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/kvm/detail_tracepoints.hpp"
#include "orchestrator/kvm/host_counters.hpp"
#include "orchestrator/kvm/kits/build.hpp"
#include "orchestrator/kvm/kits/kit.hpp"
#include "orchestrator/kvm/kits/patch_folder_test.hpp"
#include "orchestrator/kvm/modules/module_lock.hpp"
#include "orchestrator/kvm/modules/module_state.hpp"
#include "orchestrator/kvm/modules/modules.hpp"
#include "orchestrator/kvm/modules/parameters.hpp"
#include "orchestrator/kvm/tracepoint.hpp"
#include "orchestrator/kvm/users.hpp"

namespace lab::kvm {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class KvmTest : public testing::Test {
 protected:
  fs::path path(const std::string& name) const { return folder_.path() / name; }

  void write(const std::string& name, const std::string& text) const {
    fs::create_directories(path(name).parent_path());
    std::ofstream(path(name)) << text;
  }

  base::TemporaryFolder folder_{fs::temp_directory_path(), "kvm-test"};
};

template <typename Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const base::Error& error) {
    return std::string(error.what()) + " | " + error.hint();
  }
  return "no error";
}

TEST_F(KvmTest, PatchVersionFollowsWhatDecidesTheModules) {
  fs::copy(patch_folder, path("patch"), fs::copy_options::recursive);
  const std::string version = patch_version(path("patch"));
  EXPECT_THAT(version, testing::MatchesRegex("1-[0-9a-f]{12}"));
  EXPECT_EQ(version, patch_version(patch_folder));
  write("patch/NOTES.md", "no part of it");
  EXPECT_EQ(version, patch_version(path("patch")));
  std::ofstream(path("patch/exit_stats.c"), std::ios::app) << "/* changed */\n";
  EXPECT_NE(version, patch_version(path("patch")));
}

TEST_F(KvmTest, BuildTakesWhatIsInTheCache) {
  const std::string version = patch_version(patch_folder);
  write("modules/6.1.0-1-test-" + version + "/build.json",
        R"({"release":"6.1.0-1-test","version":"6.1.1-1","patch":")" + version +
            R"(","compiler":"12","seconds":{"compile":27.0,"hooks":7.3}})");
  const KernelKit kit{"6.1.0-1-test", "6.1.1-1", path("kit")};
  const ModuleSet modules = build_modules(kit, patch_folder, folder_.path(), nullptr);
  EXPECT_FALSE(modules.built);
  EXPECT_EQ(modules.patch, version);
  EXPECT_THAT(modules.seconds, ElementsAre(std::pair("compile", 27.0), std::pair("hooks", 7.3)));
  EXPECT_EQ(list_modules(folder_.path()).size(), 1u);
  const fs::path mark = modules.path / "build.json";
  const auto long_ago = fs::last_write_time(mark) - std::chrono::hours(1000);
  fs::last_write_time(mark, long_ago);
  build_modules(kit, patch_folder, folder_.path(), nullptr);
  EXPECT_GT(fs::last_write_time(mark), long_ago) << "lab clean would take it for unused";
  // While others are built, existing modules are returned without waiting.
  std::optional<base::Fd> builder = base::lock_folder(path("modules"));
  auto found = std::async(std::launch::async, [&] {
    return build_modules(kit, patch_folder, folder_.path(), nullptr).patch;
  });
  EXPECT_EQ(found.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  builder.reset();
  EXPECT_EQ(found.get(), version);
}

TEST_F(KvmTest, BuildSaysWhatIsMissing) {
  const KernelKit kit{"6.1.0-1-test", "6.1.1-1", path("none")};
  EXPECT_THAT(error_of([&] { build_modules(kit, patch_folder, folder_.path(), nullptr); }),
              StartsWith("build-modules: '" + path("none").string() + "' is no kernel kit"));
}

TEST_F(KvmTest, KitsOfTheCacheNewestFirst) {
  for (const char* release : {"6.1.0-9-amd64", "6.1.0-56-amd64"})
    write(
        std::string("kernels/") + release + "/info.json",
        std::string(R"({"release":")") + release + R"(","version":"6.1.1-1","suite":"bookworm"})");
  write("kernels/.fetch.123.abc/info.json", "half made");
  const auto kits = list_kits(folder_.path());
  ASSERT_EQ(kits.size(), 2u);
  EXPECT_EQ(kits[0].release, "6.1.0-56-amd64");
  EXPECT_EQ(find_or_fetch_kit(folder_.path(), patch_folder, {}, nullptr).release, "6.1.0-56-amd64");
  EXPECT_EQ(find_or_fetch_kit(folder_.path(), patch_folder, "6.1.0-9-amd64", nullptr).release,
            "6.1.0-9-amd64");
}

TEST_F(KvmTest, OddReleaseIsRefused) {
  for (const char* release : {"", "../etc", "a b", "-o"})
    EXPECT_THAT(
        error_of([&] { find_or_fetch_kit(folder_.path(), patch_folder, release, nullptr); }),
        HasSubstr("is no kernel"));
}

TEST_F(KvmTest, LockNamesItsHolder) {
  EXPECT_EQ(ModuleLock::holder(folder_.path()), "");
  std::optional<ModuleLock> lock = ModuleLock::try_take(folder_.path());
  ASSERT_TRUE(lock);
  const std::string holder = "lab pid " + std::to_string(::getpid()) + " (";
  EXPECT_THAT(ModuleLock::holder(folder_.path()), StartsWith(holder));
  EXPECT_FALSE(ModuleLock::try_take(folder_.path()));
  EXPECT_THAT(error_of([&] { ModuleLock second(folder_.path()); }),
              StartsWith("the kvm modules are held by " + holder));
  lock.reset();
  EXPECT_EQ(ModuleLock::holder(folder_.path()), "");
  ModuleLock third(folder_.path());
}

TEST_F(KvmTest, LockEndsWithItsProcess) {
  const pid_t child = ::fork();
  if (child == 0) {
    ModuleLock* lock = new ModuleLock(folder_.path());
    ::_exit(lock == nullptr);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  EXPECT_TRUE(ModuleLock::try_take(folder_.path()));
}

TEST_F(KvmTest, StateIsReadBack) {
  EXPECT_FALSE(read_state(folder_.path()));
  const ModuleState state{.vendor_module = "kvm_amd",
                          .stock_was_loaded = false,
                          .kept = true,
                          .patch = "1-0123456789ab",
                          .parameters = {{"npt", "0"}}};
  write_state(folder_.path(), state);
  EXPECT_EQ(read_state(folder_.path()), state);
  remove_state(folder_.path());
  EXPECT_FALSE(read_state(folder_.path()));
}

TEST_F(KvmTest, GarbledStateIsAnError) {
  for (const char* text : {"", "{}", "[1]", R"({"vendor_module":1})"}) {
    write("modules.json", text);
    EXPECT_THAT(error_of([&] { read_state(folder_.path()); }), HasSubstr("modules.json"));
  }
}

TEST_F(KvmTest, NothingToRecover) {
  EXPECT_FALSE(recover_modules(folder_.path()));
  write_state(folder_.path(), {.vendor_module = "kvm_amd", .kept = true});
  EXPECT_FALSE(recover_modules(folder_.path()));
  const ModuleLock lock(folder_.path());
  write_state(folder_.path(), {.vendor_module = "kvm_amd"});
  EXPECT_FALSE(recover_modules(folder_.path()));  // its lab lives
}

TEST_F(KvmTest, UsersOfKvm) {
  for (const char* pid : {"12", "34", "56"}) write(std::string(pid) + "/comm", "qemu \x1b[1m\n");
  for (const char* pid : {"12", "34", "56"}) fs::create_directories(path(pid) / "fd");
  fs::create_symlink("/dev/kvm", path("12/fd/9"));
  fs::create_symlink("/dev/null", path("34/fd/0"));
  fs::create_symlink("anon_inode:kvm-vcpu:0", path("56/fd/3"));
  write("self/comm", "no process");
  EXPECT_EQ(in_words(kvm_users(folder_.path())), "12 (qemu ?[1m), 56 (qemu ?[1m)");
}

TEST(Parameters, GoToTheModuleThatHasThem) {
  const SplitParameters split =
      split_parameters({{"exit_layout", "ascending"}, {"npt", "0"}},
                       {"exit_layout", "halt_poll_ns"}, {"npt", "nested"});
  EXPECT_EQ(options_text(split.kvm), "exit_layout=ascending");
  EXPECT_EQ(options_text(split.vendor), "npt=0");
}

TEST(Parameters, UnknownOrOddOnesAreRefused) {
  const auto split = [](const std::string& name, const std::string& value) {
    return error_of([&] { split_parameters({{name, value}}, {"exit_layout"}, {"npt", "nested"}); });
  };
  EXPECT_EQ(
      split("neste", "1"),
      "the kvm modules have no parameter 'neste' | nearest: nested; all: exit_layout nested npt");
  EXPECT_THAT(split("npt", "0 nested=0"), HasSubstr("is no value"));
  EXPECT_THAT(split("npt", ""), HasSubstr("is no value"));
  EXPECT_THAT(split("npt=0 x", "1"), HasSubstr("is no name"));
}

TEST(Parameters, LeavesForRootAloneAreRefusedBesideEncryptedGuests) {
  const auto said = [](const Parameters& parameters, const std::string& loaded) {
    try {
      refuse_leaves_of_encrypted_guests(
          parameters, [&](const std::string& name) { return name == "sev_es" ? loaded : ""; });
    } catch (const base::Error& error) {
      EXPECT_EQ(error.kind(), base::ErrorKind::user);
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(said({{"exit_leaves", "root"}}, "Y"),
              testing::HasSubstr("exit_leaves=root is not supported beside encrypted guests "
                                 "(sev_es=Y)"));
  EXPECT_THAT(said({{"exit_leaves", "root"}, {"tdx", "1"}}, "N"), testing::HasSubstr("(tdx=1)"));
  EXPECT_EQ(said({{"exit_leaves", "root"}, {"sev_es", "0"}}, "Y"), "");
  EXPECT_EQ(said({{"exit_leaves", "root"}}, ""), "");
  EXPECT_EQ(said({{"exit_leaves", "on"}}, "Y"), "");
}

TEST(Parameters, ValuesAsTheKernelShowsThem) {
  EXPECT_TRUE(same_value("1", "Y"));
  EXPECT_TRUE(same_value("n", "0"));
  EXPECT_TRUE(same_value("0x10", "16"));
  EXPECT_TRUE(same_value("ascending", "ascending"));
  EXPECT_FALSE(same_value("1", "N"));
  EXPECT_FALSE(same_value("ascending", "descending"));
}

// kstrtobool() reads them by their first letters.
TEST(Parameters, BooleansInAllWordsOfTheKernels) {
  for (const char* yes : {"on", "ON", "oN", "yes", "true", "T", "y", "Y", "1"}) {
    EXPECT_TRUE(same_value(yes, "Y")) << yes;
    EXPECT_TRUE(same_value(yes, "1")) << yes;
    EXPECT_TRUE(same_value(yes, "on")) << yes;  // exit_counts and exit_histograms
    EXPECT_FALSE(same_value(yes, "off")) << yes;
    EXPECT_FALSE(same_value(yes, "N")) << yes;
    EXPECT_FALSE(same_value(yes, "0")) << yes;
  }
  for (const char* no : {"off", "OFF", "no", "false", "F", "n", "N", "0"}) {
    EXPECT_TRUE(same_value(no, "N")) << no;
    EXPECT_TRUE(same_value(no, "0")) << no;
    EXPECT_TRUE(same_value(no, "off")) << no;
    EXPECT_FALSE(same_value(no, "on")) << no;
    EXPECT_FALSE(same_value(no, "Y")) << no;
  }
  EXPECT_FALSE(same_value("o", "Y"));
  EXPECT_FALSE(same_value("10", "1"));
  EXPECT_FALSE(same_value("yes", "2"));
}

// `lab kvm restore` puts back what was loaded before, which may be nothing.
TEST(ModulesAfterRestore, AreSaidAsTheyAre) {
  EXPECT_EQ(restored_in_words({.kvm_loaded = true, .vendor_module = "kvm_amd"}),
            "the stock modules are loaded");
  EXPECT_EQ(restored_in_words({}), "no kvm modules are loaded, as before");
  EXPECT_EQ(restored_in_words({.parameters = {{"npt", "Y"}}}),
            "kvm is built into this kernel: nothing was swapped");
  EXPECT_EQ(restored_in_words({.kvm_loaded = true}),
            "the stock module kvm is loaded, without a vendor's module");
}

TEST_F(KvmTest, CountersOfAProcess) {
  write("77-12/exit_stats",
        "exit_stats 2 1-0123456789ab\nvendor svm\nlayout descending\nscope vm\nvcpus 1\n"
        "total exits=5 cycles=900 to_entry=950 fastpath=0 nested=0 failed_entries=0\n"
        "kvm_exits 5\nlatch 1 3 3\n"
        "reason 114 name=cpuid exits=5 cycles=900 to_entry=950 fastpath=0 nested=0 latched=3\n"
        "end\n");
  write("77-12/exits", "5\n");
  write("777-12/exits", "6\n");
  const VmCounters counters = VmCounters::find(77, folder_.path());
  EXPECT_EQ(counters.read().total.exits, 5u);
  EXPECT_EQ(counters.read().reasons.at(0).latched, 3u);
  EXPECT_EQ(counters.read_kvm_exits(), 5u);
  write("77-12/exits", "5x\n");
  EXPECT_THAT(error_of([&] { counters.read_kvm_exits(); }), HasSubstr("is no number"));
  EXPECT_THAT(error_of([&] { VmCounters::find(7, folder_.path()); }),
              HasSubstr("process 7 has no VM"));
  EXPECT_THAT(error_of([&] { VmCounters::find(777, folder_.path()); }),
              HasSubstr("no exit counts"));
  EXPECT_THAT(error_of([&] { VmCounters::find(7, path("none")); }), HasSubstr("mount -t debugfs"));
}

TEST_F(KvmTest, ModulesWithoutCausesAreNamed) {
  write("77-12/exit_stats", "");
  const VmCounters counters = VmCounters::find(77, folder_.path());
  const auto without = HasSubstr("the kvm modules that are loaded have no causes of exits");
  EXPECT_THAT(error_of([&] { counters.read_causes(); }), without);
  EXPECT_THAT(error_of([&] { counters.latch_causes(); }), without);
  write("77-12/exit_causes", "exit_causes 1 v\nvendor svm\nvcpus 1\nentries 16\nend\n");
  EXPECT_EQ(counters.read_causes().entries, 16u);
}

// A pipe stands for the VM: its end closes when nobody has it any more.
TEST_F(KvmTest, AVmThatIsHeldOutlivesItsProcess) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
  const base::Fd ours(ends[0]);
  base::Fd vm(ends[1]);
  const pid_t process = ::fork();
  if (process == 0) {
    ::pause();
    ::_exit(0);
  }
  write(std::to_string(process) + "-" + std::to_string(vm.get()) + "/exit_stats", "");
  vm.reset();
  const auto closed = [&] {
    char byte = 0;
    return ::read(ours.get(), &byte, 1) == 0;
  };
  {
    VmCounters counters = VmCounters::find(process, folder_.path());
    counters.hold();
    ::kill(process, SIGKILL);
    ::waitpid(process, nullptr, 0);
    EXPECT_FALSE(closed());
    EXPECT_THROW(counters.hold(), base::Error);  // too late now
  }
  EXPECT_TRUE(closed());
}

TEST(Tracepoint, ALineOfTheBufferNamesItsReason) {
  const std::string line =
      " qemu-system-x86-301  [001] d..1  17.25: kvm_exit: vcpu 0 reason npf rip 0x7c00 info1 0x0";
  EXPECT_EQ(parse_exit_line(line, exits::Vendor::svm), 0x400u);
  EXPECT_EQ(parse_exit_line("# tracer: nop", exits::Vendor::svm), std::nullopt);
  EXPECT_THROW(parse_exit_line("x kvm_exit: vcpu 0 reason foo rip 0x1", exits::Vendor::svm),
               base::Error);
}

TEST(Tracepoint, HistogramIsRead) {
  const auto counts = parse_exit_histogram(
      "# event histogram\n#\n\n{ exit_reason:        114 } hitcount:       2376\n"
      "{ exit_reason: 4294967295 } hitcount:          1\n\nTotals:\n    Hits: 2377\n"
      "    Entries: 2\n    Dropped: 0\n");
  EXPECT_THAT(counts, ElementsAre(std::pair(114u, 2376u), std::pair(4294967295u, 1u)));
  EXPECT_THAT(error_of([] { parse_exit_histogram("Totals:\n    Dropped: 3\n"); }),
              HasSubstr("dropped"));
}

TEST(DetailTracepoints, AHistogramOfSeveralKeysIsRead) {
  const std::string head =
      "# event histogram\n#\n# trigger info: hist:keys=rw,port,size [active]\n#\n\n";
  const std::string tail = "\nTotals:\n    Hits: 1240\n    Entries: 2\n    Dropped: ";
  const auto events = parse_histogram(
      head +
          "{ rw:          1, port:       1016, size:          1 } hitcount:       1234\n"
          "{ rw:          0, port:      65535, size:          4 } hitcount:          6\n" +
          tail + "0\n",
      {"port", "rw", "size"});
  EXPECT_THAT(events, ElementsAre(std::pair(std::vector<std::uint64_t>{1016, 1, 1}, 1234u),
                                  std::pair(std::vector<std::uint64_t>{65535, 0, 4}, 6u)));
  EXPECT_THAT(error_of([&] { parse_histogram(head + tail + "3\n", {}); }),
              HasSubstr("dropped 3 events"));
  EXPECT_THAT(error_of([] { parse_histogram("{ rw: 1 } hitcount: 1\n", {"port"}); }),
              HasSubstr("no 'port' in '{ rw: 1 }"));
  EXPECT_THAT(error_of([] { parse_histogram("{ rw: x } hitcount: 1\n", {"rw"}); }),
              HasSubstr("'rw' is no number"));
}

}  // namespace
}  // namespace lab::kvm
