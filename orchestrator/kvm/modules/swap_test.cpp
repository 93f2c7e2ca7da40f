// SPDX-License-Identifier: MIT
// Tests the checks before this machine's modules are touched.
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/kvm/modules/kmod.hpp"
#include "orchestrator/kvm/modules/module_state.hpp"
#include "orchestrator/kvm/modules/modules.hpp"
#include "orchestrator/kvm/modules/refusal.hpp"
#include "orchestrator/kvm/modules/stock.hpp"

namespace lab::kvm {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Swap : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((folder_.path() / name).parent_path());
    std::ofstream(folder_.path() / name) << text;
  }

  // Makes an object file whose .modinfo says which kernel it is for.
  fs::path module_of(const std::string& vermagic) const {
    write("kvm.s", ".section .modinfo, \"a\"\n.string \"vermagic=" + vermagic + "\"\n");
    const fs::path module = folder_.path() / "kvm.ko";
    base::run_checked({.argv = {"gcc", "-c", "-o", module.string(), folder_.path() / "kvm.s"}});
    return module;
  }

  base::TemporaryFolder folder_{fs::temp_directory_path(), "swap-test"};
};

// In an outer VM that had just come up, one attempt took longer than the seconds, while udev loaded
// the stock modules.
TEST(Patience, IsOverAfterTheSecondsAndTheAttempts) {
  Patience slow(0), fast(3600);
  for (unsigned i = 1; i < Patience::attempts; ++i) EXPECT_FALSE(slow.is_over()) << i;
  EXPECT_TRUE(slow.is_over());
  for (unsigned i = 0; i < 2 * Patience::attempts; ++i) EXPECT_FALSE(fast.is_over());
}

TEST_F(Swap, WhyNothingMayBeSwapped) {
  const auto be_in = [&](const std::string& kind, const std::string& inode) {
    const fs::path name = folder_.path() / "proc/self/ns" / kind;
    fs::create_directories(name.parent_path());
    fs::remove(name);
    fs::create_symlink(kind + ":[" + inode + "]", name);
  };
  EXPECT_FALSE(swapping_refused(folder_.path()));
  be_in("pid", "4026531836");
  be_in("user", "4026531837");
  EXPECT_FALSE(swapping_refused(folder_.path()));
  be_in("pid", "4026532201");
  EXPECT_THAT(swapping_refused(folder_.path())->cause, HasSubstr("container"));
  be_in("pid", "4026531836");
  be_in("user", "4026532202");
  EXPECT_THAT(swapping_refused(folder_.path())->cause, HasSubstr("container"));
  be_in("user", "4026531837");
  // A container with the host's processes, and with its own /run, or the host's.
  fs::create_directories(folder_.path() / "run");
  fs::create_directories(folder_.path() / "proc/1/root/run");
  EXPECT_THAT(swapping_refused(folder_.path())->cause, HasSubstr("container"));
  fs::remove_all(folder_.path() / "proc/1/root");
  fs::create_symlink("../..", folder_.path() / "proc/1/root");
  EXPECT_FALSE(swapping_refused(folder_.path()));
  write("sys/module/kvm/parameters/halt_poll_ns", "0\n");
  EXPECT_THAT(swapping_refused(folder_.path())->cause, HasSubstr("built into"));
  write("sys/module/kvm/initstate", "live\n");
  EXPECT_FALSE(swapping_refused(folder_.path()));
}

// Does this in another user or PID namespace (CLONE_NEWUSER, CLONE_NEWPID), as in a container, and
// prints its error.
[[noreturn]] void do_in_namespace(int kind, const std::function<void()>& action) {
  // A process with threads, as ThreadSanitizer's all are, cannot be moved; its child may be made
  // there.
  const auto child = static_cast<pid_t>(::syscall(SYS_clone, kind | SIGCHLD, 0, 0, 0, 0));
  if (child != 0) {
    int status = 0;
    std::_Exit(::waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status)
                                                                          : 1);
  }
  try {
    action();
  } catch (const base::Error& error) {
    std::fputs(error.what(), stderr);
    std::_Exit(0);
  }
  std::_Exit(2);
}

TEST_F(Swap, IsRefusedInAContainer) {
  if (::geteuid() != 0) GTEST_SKIP() << "namespaces are for root";
  const auto load = [&] { ModuleSwap(folder_.path()).load(folder_.path() / "none", {}); };
  for (const int kind : {CLONE_NEWUSER, CLONE_NEWPID})
    EXPECT_EXIT(do_in_namespace(kind, load), testing::ExitedWithCode(0), "in a container");
  EXPECT_FALSE(fs::exists(folder_.path() / "modules.json"));
}

// The host's modules may be patched, by `lab kvm load` or between two of its lab's guests. The
// container has none that could follow them.
TEST_F(Swap, IsNotUndoneInAContainer) {
  if (::geteuid() != 0) GTEST_SKIP() << "namespaces are for root";
  write_state(folder_.path(), {.vendor_module = "kvm_amd"});
  const auto restore = [&] { ModuleSwap(folder_.path()).restore(); };
  for (const int kind : {CLONE_NEWUSER, CLONE_NEWPID})
    EXPECT_EXIT(do_in_namespace(kind, restore), testing::ExitedWithCode(0), "in a container");
  const auto recover = [&] { std::_Exit(recover_modules(folder_.path()) ? 3 : 4); };
  EXPECT_EXIT(do_in_namespace(CLONE_NEWPID, recover), testing::ExitedWithCode(4), "");
  EXPECT_TRUE(fs::exists(folder_.path() / "modules.json"));
}

// Site auto checks this before it takes `here`.
TEST_F(Swap, IsNotBegunWhereTheStockModulesCouldNotComeBack) {
  const std::string release = "6.1.0-41-amd64";
  const fs::path module = module_of(release + " SMP preempt mod_unload modversions ");
  const auto why = [&](const fs::path& kvm, const fs::path& vendor) {
    return why_not_stock("kvm_amd", release,
                         [&](const std::string& name) { return name == "kvm" ? kvm : vendor; });
  };
  EXPECT_EQ(why(module, module), "");
  EXPECT_THAT(why("", module), HasSubstr("no file of module 'kvm'"));
  EXPECT_THAT(why(module, folder_.path() / "gone.ko"), HasSubstr("no file of module 'kvm_amd'"));
}

TEST_F(Swap, KeepsOnlyModulesOfTheRunningKernel) {
  const fs::path to = folder_.path() / "stock";
  const auto keep = [&](const fs::path& file, const std::string& release) {
    keep_module(file, "kvm", release, to);
  };
  const auto said = [&](const fs::path& file, const std::string& release) {
    try {
      keep(file, release);
    } catch (const base::Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(said("", "6.1.0-41-amd64"), HasSubstr("has no file of module 'kvm'"));
  EXPECT_THAT(said(folder_.path() / "kvm.ko", "6.1.0-41-amd64"), HasSubstr("has no file"));
  const fs::path module = module_of("6.1.0-41-amd64 SMP preempt mod_unload modversions ");
  EXPECT_THAT(said(module, "6.1.0-4"), HasSubstr("not for the running kernel, 6.1.0-4"));
  EXPECT_FALSE(fs::exists(to / "kvm.ko"));
  EXPECT_EQ(said(module, "6.1.0-41-amd64"), "");
  EXPECT_EQ(base::read_file(to / "kvm.ko"), base::read_file(module));
}

// An upgrade may have removed the running kernel's own while they were swapped.
TEST_F(Swap, BringsTheStockModulesBackFromTheCopies) {
  std::string loaded;
  const auto restore = [&](bool own) {
    loaded.clear();
    load_stock(
        folder_.path(), "kvm_amd",
        [&] {
          if (!own) throw base::infrastructure_error("load module 'kvm_amd': no such file");
        },
        [&](const std::string& module, const fs::path& file) {
          loaded += module + " " + file.lexically_relative(folder_.path()).string() + "\n";
        });
  };
  EXPECT_THROW(restore(false), base::Error) << "there are no copies";
  const std::string release = "6.1.0-41-amd64";
  const fs::path module = module_of(release + " SMP preempt mod_unload modversions ");
  for (const char* name : {"kvm", "kvm_amd"})
    keep_module(module, name, release, copies_folder(folder_.path()));
  restore(true);
  EXPECT_EQ(loaded, "");
  restore(false);
  EXPECT_EQ(loaded, "kvm stock-modules/kvm.ko\nkvm_amd stock-modules/kvm_amd.ko\n");
}

// Modules that work are not removed where nothing could be loaded after them.
TEST_F(Swap, IsNotUndoneWhereTheStockModulesCouldNotComeBack) {
  const std::string release = "6.1.0-41-amd64";
  const fs::path module = module_of(release + " SMP preempt mod_unload modversions ");
  const auto why = [&](const fs::path& own) {
    return why_not_back(folder_.path(), "kvm_amd", release,
                        [&](const std::string&) { return own; });
  };
  EXPECT_EQ(why(module), "");
  EXPECT_THAT(why(""), HasSubstr("has no file of module 'kvm'"));
  keep_module(module, "kvm", release, copies_folder(folder_.path()));
  EXPECT_THAT(why(""), HasSubstr("has no file of module 'kvm'")) << "the vendor's is missing";
  keep_module(module, "kvm_amd", release, copies_folder(folder_.path()));
  EXPECT_EQ(why(""), "");
  EXPECT_EQ(why(folder_.path() / "gone.ko"), "");
}

// Debian packs its modules from 13 on, by xz.
class SwapOfPacked : public Swap, public testing::WithParamInterface<const char*> {
 protected:
  fs::path packed_module() const {
    const fs::path module = module_of(release_ + " SMP preempt mod_unload modversions ");
    const std::string program = GetParam() == std::string("xz") ? "xz" : "zstd";
    base::run_checked({.argv = {program, "--force", "--quiet", module.string()}});
    return module.string() + "." + GetParam();
  }

  const std::string release_ = "6.12.57+deb13-amd64";
};

TEST_P(SwapOfPacked, BringsThemBackFromTheCopies) {
  const fs::path module = packed_module(), copies = copies_folder(folder_.path());
  const std::string ending = std::string(".ko.") + GetParam();
  for (const char* name : {"kvm", "kvm_amd"}) keep_module(module, name, release_, copies);
  EXPECT_EQ(base::read_file(copies / ("kvm" + ending)), base::read_file(module));
  const auto none = [](const std::string&) { return fs::path(); };
  EXPECT_EQ(why_not_back(folder_.path(), "kvm_amd", release_, none), "");
  EXPECT_THAT(why_not_back(folder_.path(), "kvm_amd", "6.12.48+deb13-amd64", none),
              HasSubstr("has no file of module 'kvm'"));
  std::string loaded;
  load_stock(
      folder_.path(), "kvm_amd", [] { throw base::infrastructure_error("no such file"); },
      [&](const std::string& name, const fs::path& file) {
        loaded += name + " " + file.filename().string() + " " +
                  Kmod::information(file, "vermagic").at(0).substr(0, release_.size()) + "\n";
      });
  EXPECT_EQ(loaded, "kvm kvm" + ending + " " + release_ + "\nkvm_amd kvm_amd" + ending + " " +
                        release_ + "\n");
}

TEST_P(SwapOfPacked, IsRefusedForAnotherKernel) {
  const fs::path copies = copies_folder(folder_.path());
  EXPECT_THAT(
      [&] { keep_module(packed_module(), "kvm", "6.12.48+deb13-amd64", copies); },
      testing::ThrowsMessage<base::Error>(HasSubstr("not for the running kernel, 6.12.48")));
  EXPECT_FALSE(fs::exists(copies));
}

// Site auto then goes on to another site, and a restore takes the copies.
TEST_P(SwapOfPacked, IsRefusedWhereAFileIsCutOff) {
  const fs::path module = packed_module();
  for (const char* name : {"kvm", "kvm_amd"})
    keep_module(module, name, release_, copies_folder(folder_.path()));
  const auto cut_off = [&](const std::string&) { return module; };
  fs::resize_file(module, fs::file_size(module) / 2);
  EXPECT_THAT(why_not_stock("kvm_amd", release_, cut_off),
              HasSubstr("'" + module.string() + "' cannot be read"));
  EXPECT_EQ(why_not_back(folder_.path(), "kvm_amd", release_, cut_off), "");
}

INSTANTIATE_TEST_SUITE_P(As, SwapOfPacked, testing::Values("xz", "zst"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace lab::kvm
