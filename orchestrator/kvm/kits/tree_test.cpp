// SPDX-License-Identifier: MIT
// Tests users' kernel trees with the real build-kit and tree-commits. The tree is a repository with
// a Makefile that makes what a kernel's would.
#include "orchestrator/kvm/kits/tree.hpp"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <fstream>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/kvm/kits/kit.hpp"
#include "orchestrator/kvm/kits/patch_folder_test.hpp"
#include "orchestrator/kvm/kits/script.hpp"

namespace lab::kvm {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kernel_makefile = R"make(
VERSION = 6
PATCHLEVEL = 6
SUBLEVEL = 6
allnoconfig:
	mkdir -p $(O)/include/config
	echo 6.6.6$(LOCALVERSION) >$(O)/include/config/kernel.release
	touch $(O)/.config
bzImage:
	mkdir -p $(O)/arch/x86/boot $(O)/arch/x86/include $(O)/scripts
	gcc -c init.c -o $(O)/init.o
	echo built >>$(O)/builds
	touch $(O)/arch/x86/boot/bzImage
modules:
	touch $(O)/Module.symvers
modules_install:
	mkdir -p $(INSTALL_MOD_PATH)/lib/modules/6.6.6$(LOCALVERSION)
)make";

// Returns the message of the action's error, which must be of this kind.
template <typename Action>
std::string failure(base::ErrorKind kind, const Action& action) {
  try {
    action();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing failed";
  return "";
}

class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  ~Environment() { ::unsetenv(name_); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* name_;
};

class Tree : public testing::Test {
 protected:
  Tree() {
    write("Makefile", kernel_makefile);
    write("init.c", "int init;\n");
    write("README", "text\n");
    write(".gitignore", "*.o\n");
    write("arch/x86/kvm/x86.c", "int x;\n");
    write("virt/kvm/kvm_main.c", "int y;\n");
    for (const char* folder : {"include", "scripts", "arch/x86/include"})
      write(std::string(folder) + "/some.h", "");
    git({"init", "-q"});
    commit("base");
  }

  std::string git(std::vector<std::string> words, bool ok = true) {
    words.insert(words.begin(), {"git", "-c", "user.name=me", "-c", "user.email=me@example.org",
                                 "-C", tree_.string()});
    const base::Outcome outcome = base::run({.argv = words});
    EXPECT_EQ(outcome.exit_code == 0, ok) << outcome.errors;
    return outcome.output;
  }
  void write(const std::string& file, const std::string& text) {
    fs::create_directories((tree_ / file).parent_path());
    std::ofstream(tree_ / file) << text;
  }
  void commit(const std::string& subject) {
    git({"add", "-A"});
    git({"commit", "-q", "-m", subject});
  }
  std::string head() { return last_line(git({"rev-parse", "HEAD"})); }
  std::string kernel(const std::string& at = "") { return kernel_key(tools_, tree_.string() + at); }
  KernelKit kit(const std::string& at = "") {
    return find_or_fetch_kit(tools_.cache, patch_folder, tree_.string() + at, nullptr);
  }
  // Returns the message of kit()'s failure, which must not make a bisection skip the commit.
  std::string failure_of_machine() {
    try {
      kit();
      ADD_FAILURE() << "nothing failed";
    } catch (const TreeError& error) {
      ADD_FAILURE() << "a bisection would skip the commit: " << error.what();
    } catch (const base::Error& error) {
      return error.what();
    }
    return "";
  }
  // Returns the folder where lab keeps what it builds of the tree.
  fs::path store() const {
    for (const auto& entry : fs::directory_iterator(tools_.cache / "trees"))
      if (fs::exists(entry.path() / "build")) return entry.path();
    return {};
  }
  // Returns BASE of "BASE KVM".
  static std::string base_of(const std::string& kernel) { return kernel.substr(0, 12); }

  base::TemporaryFolder folder_{fs::temp_directory_path(), "kernel-tree"};
  const fs::path tree_ = folder_.path() / "linux";
  const TreeTools tools_{patch_folder, folder_.path() / "cache"};
};

TEST_F(Tree, ACommitAndTheFilesAsTheyAreHaveOneKernel) {
  EXPECT_EQ(kernel(), kernel("@HEAD"));
  EXPECT_EQ(kernel(), kernel("@" + head()));
}

TEST_F(Tree, ChangesOfKvmAndOfTheKernelAreToldApart) {
  const std::string before = kernel();
  write("Documentation/kvm.rst", "text");
  EXPECT_EQ(kernel(), before) << "a document makes no other kernel";
  write("arch/x86/kvm/x86.c", "int other;\n");
  EXPECT_EQ(base_of(kernel()), base_of(before));
  EXPECT_NE(kernel(), before);
  write("init.c", "int other;\n");
  EXPECT_NE(base_of(kernel()), base_of(before));
  EXPECT_EQ(kernel("@HEAD"), before) << "the commit is the same";
}

TEST_F(Tree, IsNotChanged) {
  write("init.c", "int changed;\n");
  write("new.c", "int added;\n");
  git({"add", "new.c"});
  write("object.o", "ignored");
  const std::string status = git({"status", "--porcelain", "--ignored"});
  const std::string index = base::read_file(tree_ / ".git/index");
  const std::string refs = git({"for-each-ref"}) + git({"count-objects", "-v"});
  kit();
  kit("@HEAD");
  write("../patch.diff", "--- a/init.c\n+++ b/init.c\n@@ -1 +1 @@\n-int init;\n+int patched;\n");
  apply_patches(tools_, tree_.string() + "@HEAD", folder_.path() / "patch.diff");
  EXPECT_EQ(base::read_file(tree_ / ".git/index"), index);
  EXPECT_EQ(git({"status", "--porcelain", "--ignored"}), status);
  EXPECT_EQ(git({"for-each-ref"}) + git({"count-objects", "-v"}), refs);
  EXPECT_FALSE(fs::exists(tree_ / "builds"));
}

TEST_F(Tree, TwoCommitsOfKvmShareAKernel) {
  const KernelKit first = kit("@HEAD");
  write("arch/x86/kvm/x86.c", "int more;\n");
  commit("KVM: more");
  const KernelKit second = kit("@HEAD");
  EXPECT_EQ(first.release, second.release);
  EXPECT_THAT(first.release, testing::StartsWith("6.6.6-lab-"));
  EXPECT_NE(first.kvm_source, second.kvm_source);
  EXPECT_EQ(base::read_file(second.path / "source/arch/x86/kvm/x86.c"), "int more;\n");
  EXPECT_EQ(base::read_file(first.path / "source/arch/x86/kvm/x86.c"), "int x;\n");
  EXPECT_TRUE(
      fs::exists(second.path / "usr/src" / ("linux-headers-" + second.release) / "Makefile"));
  EXPECT_EQ(base::read_file(store() / "build/builds"), "built\n") << "one build for both";
}

TEST_F(Tree, WhoseKernelIsDamagedIsBuiltAnew) {
  const KernelKit made = kit("@HEAD");
  const fs::path image = made.path / "boot" / ("vmlinuz-" + made.release),
                 file = made.path / "source/arch/x86/kvm/x86.c";
  std::ofstream(image) << "cut off";  // it was empty
  EXPECT_EQ(kit("@HEAD").path, made.path);
  EXPECT_EQ(base::read_file(image), "");
  fs::resize_file(file, 3);
  EXPECT_EQ(kit("@HEAD").path, made.path);
  EXPECT_EQ(base::read_file(file), "int x;\n");
}

TEST_F(Tree, ItsUseIsMarkedForLabClean) {
  const fs::path kit_mark = kit().path / "info.json", tree_mark = store() / "lock";
  const auto long_ago = fs::last_write_time(kit_mark) - std::chrono::hours(1000);
  for (const fs::path& mark : {kit_mark, tree_mark}) fs::last_write_time(mark, long_ago);
  kit();
  for (const fs::path& mark : {kit_mark, tree_mark})
    EXPECT_GT(fs::last_write_time(mark), long_ago) << mark;
}

TEST_F(Tree, ThatDoesNotBuildSaysWhyAndLeavesNothing) {
  write("init.c", "int init\n");
  commit("broken");
  try {
    kit("@HEAD");
    ADD_FAILURE();
  } catch (const TreeError& error) {
    EXPECT_THAT(error.what(), HasSubstr("init.c:1:"));
    EXPECT_THAT(error.what(), HasSubstr("error: expected"));
    EXPECT_THAT(error.hint(), HasSubstr("make.log"));
  }
  const fs::path kits = tools_.cache / "trees/kits";
  EXPECT_TRUE(!fs::exists(kits) || fs::is_empty(kits));
  EXPECT_NO_THROW(kit("@HEAD~1"));
}

// Its first message says more than what make prints at the end.
TEST_F(Tree, ThatNeedsANewerCompilerSaysSo) {
  write("Makefile", R"(allnoconfig:
	@echo '***'; echo '*** Compiler is too old.'; echo '***   Your GCC version: 4.9.2'; exit 1
)");
  EXPECT_THAT(failure(base::ErrorKind::infrastructure, [&] { kit(); }),
              HasSubstr("does not build: *** Compiler is too old."));
}

TEST_F(Tree, IsNotToBlameForACompilerThatIsNotThere) {
  const Environment cc("CC", "gcc-of-nobody");
  EXPECT_THAT(failure_of_machine(), HasSubstr("'gcc-of-nobody' is not installed"));
}

// The disk is full in the middle of the build, and then after it: nothing half-made is used later.
TEST_F(Tree, IsNotToBlameForAFullDisk) {
  const auto build_fails = [&](const std::string& text) {
    write("Makefile", text);
    const std::string why = failure_of_machine();
    EXPECT_TRUE(fs::is_empty(tools_.cache / "trees/kits"));
    return why;
  };
  std::string full = kernel_makefile, uncopied = kernel_makefile;
  full.replace(full.find("gcc -c init.c -o $(O)/init.o"), 28,
               "echo half >$(O)/init.o; cp init.c /dev/full");
  EXPECT_THAT(build_fails(full), HasSubstr("no space left on the device of"));
  const std::string image = "\ttouch $(O)/arch/x86/boot/bzImage\n";
  uncopied.erase(uncopied.find(image), image.size());
  EXPECT_THAT(build_fails(uncopied), HasSubstr("bzImage': No such file"));
  write("Makefile", kernel_makefile);
  kit();
  EXPECT_NE(base::read_file(store() / "build/init.o"), "half\n");
}

// What was cut off in the middle is not trusted: make would take half an object for a whole one.
TEST_F(Tree, WhoseBuildWasKilledIsBuiltAnew) {
  kit();
  std::ofstream(store() / "building").close();
  std::ofstream(store() / "build/half.o") << "half";
  write("init.c", "int again;\n");
  kit();
  EXPECT_FALSE(fs::exists(store() / "build/half.o"));
  EXPECT_FALSE(fs::exists(store() / "building"));
}

TEST_F(Tree, MakeEndsWithAScriptThatIsKilled) {
  write("Makefile", "allnoconfig:\n\tsleep 292.5\n");
  kill_by_hand({patch_folder / "build-kit", tree_, tools_.cache}, "sleep 292.[5]");
}

TEST_F(Tree, WithoutARepositoryIsBuiltAsItIs) {
  fs::remove_all(tree_ / ".git");
  const KernelKit before = kit();
  write("object.o", "left by make");
  EXPECT_EQ(kit().path, before.path);
  write("arch/x86/kvm/x86.c", "int other;\n");
  EXPECT_NE(kit().path, before.path);
  EXPECT_THAT(failure(base::ErrorKind::user, [&] { kit("@v6.6"); }),
              HasSubstr("is no git repository: it has no commit 'v6.6'"));
}

TEST_F(Tree, IsRefusedByWhatItLacks) {
  EXPECT_THAT(failure(base::ErrorKind::user, [&] { kit("@v9"); }), HasSubstr("has no commit 'v9'"));
  EXPECT_THAT(failure(base::ErrorKind::user, [&] { kit("-none"); }),
              HasSubstr("there is no folder"));
  git({"rm", "-q", "-r", "--cached", "arch/x86/kvm"});
  git({"commit", "-q", "-m", "no KVM"});
  EXPECT_THAT(failure(base::ErrorKind::user, [&] { kit("@HEAD"); }),
              HasSubstr("is no kernel source with KVM for x86: it has no arch/x86/kvm/x86.c"));
}

TEST_F(Tree, ThatIsShallowSaysSo) {
  write("init.c", "int second;\n");
  commit("second");
  const std::string first = last_line(git({"rev-parse", "HEAD~1"}));
  const fs::path clone = folder_.path() / "shallow";
  git({"clone", "-q", "--depth=1", "file://" + tree_.string(), clone.string()});
  try {
    find_or_fetch_kit(tools_.cache, patch_folder, clone.string() + "@" + first, nullptr);
    ADD_FAILURE();
  } catch (const base::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("it is a shallow clone"));
    EXPECT_THAT(error.hint(), HasSubstr("fetch --unshallow"));
  }
}

TEST_F(Tree, CommitsAreListedParentsFirst) {
  const std::string good = head();
  for (const char* text : {"int a;\n", "int b;\n"}) {
    write("arch/x86/kvm/x86.c", text);
    commit(std::string("KVM: ") + text[4]);
  }
  const std::vector<Commit> commits = list_commits(tools_, tree_, "HEAD~2", "HEAD");
  ASSERT_EQ(commits.size(), 3u);
  EXPECT_EQ(commits[0].id, good);
  EXPECT_THAT(commits[2].parents, ElementsAre(commits[1].id));
  EXPECT_EQ(commits[2].subject, "KVM: b");
  EXPECT_EQ(in_words(commits[2]), head().substr(0, 12) + " KVM: b");
  EXPECT_THAT(
      failure(base::ErrorKind::user, [&] { list_commits(tools_, tree_, "HEAD", "HEAD~1"); }),
      HasSubstr("'HEAD' is no ancestor of 'HEAD~1'"));
  EXPECT_THAT(
      failure(base::ErrorKind::user, [&] { list_commits(tools_, tree_, "HEAD", good + "~0"); }),
      HasSubstr("is no ancestor"));
  EXPECT_THAT(failure(base::ErrorKind::user, [&] { list_commits(tools_, tree_, "HEAD", "HEAD"); }),
              HasSubstr("are one commit"));
}

TEST_F(Tree, PatchesAreAppliedOneOnTopOfTheOther) {
  write("arch/x86/kvm/x86.c", "int a;\n");
  commit("KVM: a");
  write("arch/x86/kvm/x86.c", "int b;\n");
  commit("KVM: b");
  const fs::path mbox = folder_.path() / "two.mbox", series = folder_.path() / "series";
  std::ofstream(mbox) << git({"format-patch", "--stdout", "HEAD~2"});
  const std::string end = kernel("@HEAD");
  const auto made = apply_patches(tools_, tree_.string() + "@HEAD~2", mbox);
  ASSERT_EQ(made.size(), 3u);
  EXPECT_EQ(in_words(made[0]), last_line(git({"rev-parse", "HEAD~2"})).substr(0, 12) + " base");
  EXPECT_THAT(made[1].subject, HasSubstr("KVM: a"));
  EXPECT_EQ(kernel("@" + made[1].id), kernel("@HEAD~1"));
  EXPECT_EQ(kernel("@" + made[2].id), end);
  std::ofstream(series) << "# a quilt series\ntwo.mbox -p1\n";
  EXPECT_EQ(apply_patches(tools_, tree_.string() + "@HEAD~2", series).size(), 3u);
  EXPECT_THAT(failure(base::ErrorKind::user,
                      [&] { apply_patches(tools_, tree_.string() + "@HEAD", mbox); }),
              HasSubstr("KVM: a' does not apply to"));
  EXPECT_EQ(kernel("@" + revert(tools_, tree_.string() + "@HEAD", "HEAD").id), kernel("@HEAD~1"));
  EXPECT_THAT(
      failure(base::ErrorKind::user, [&] { revert(tools_, tree_.string() + "@HEAD", "HEAD~1"); }),
      HasSubstr("does not apply"));
}

}  // namespace
}  // namespace lab::kvm
