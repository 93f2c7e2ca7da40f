// SPDX-License-Identifier: MIT
// Runs whole commands in this process, on a store and scenarios of their own, and tests their exit
// codes and texts. Commands that boot machines are tested in e2e/.
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <functional>

#include "orchestrator/cli/lab_fixture.hpp"
#include "orchestrator/cli/trials/selection.hpp"
#include "orchestrator/kvm/modules/modules.hpp"

namespace lab::cli {
namespace {

// Returns the commands that the help lists, which it finds by their indentation.
std::vector<Words> commands_below(const Words& command) {
  Words words = command;
  words.push_back("--help");
  std::istringstream help(lab(words).output);
  std::vector<Words> commands;
  bool listed = false;
  for (std::string line; std::getline(help, line);) {
    if (line == "Subcommands:") {
      listed = true;
    } else if (listed && line.starts_with("  ") && line[2] != ' ') {
      commands.push_back(command);
      commands.back().push_back(line.substr(2, line.find(' ', 2) - 2));
    }
  }
  return commands;
}

TEST_F(Lab, EveryCommandHasHelpAndRefusesAnUnknownOption) {
  std::vector<Words> commands = commands_below({});
  EXPECT_GE(commands.size(), 15u);
  for (std::size_t i = 0; i < commands.size(); ++i) {
    Words help = commands[i], wrong = commands[i];
    help.push_back("--help");
    wrong.push_back("--no-such-option");
    EXPECT_THAT(lab(help).output, HasSubstr("Usage: ")) << name_of(help);
    expect(base::exit_ok, help, IsEmpty());
    expect(base::exit_usage, wrong);
    for (const Words& below : commands_below(commands[i])) commands.push_back(below);
  }
  EXPECT_GE(commands.size(), 30u);
}

TEST_F(Lab, WithoutACommandOrWithAnUnknownOneItSaysWhatItTakes) {
  expect(base::exit_usage, {}, AllOf(HasSubstr("Usage: lab"), HasSubstr("validate")));
  expect(base::exit_usage, {"kvm"}, AllOf(HasSubstr("Usage: lab kvm"), HasSubstr("restore")));
  expect(base::exit_usage, {"frobnicate"}, HasSubstr("unknown command 'frobnicate'"));
  expect(base::exit_usage, {"validat", "x.yaml"},
         HasSubstr("unknown command 'validat', did you mean 'validate'?"));
  expect(base::exit_usage, {"-v", "results", "shwo", "latest"}, HasSubstr("did you mean 'show'?"));
  expect(base::exit_usage, {"run", "x.yaml", "--dryrun"},
         HasSubstr("unknown option '--dryrun', did you mean '--dry-run'?"));
  expect(base::exit_usage, {"run", "x.yaml", "--repaet=3"}, HasSubstr("did you mean '--repeat'?"));
  expect(base::exit_ok, {"--version"}, IsEmpty());
  EXPECT_THAT(lab({"--version"}).output, StartsWith("lab "));
}

TEST_F(Lab, HelpKnowsTopicsAndCommands) {
  for (const Words& words : {Words{"help"}, {"help", "exit-codes"}, {"help", "results", "list"}}) {
    expect(base::exit_ok, words, IsEmpty());
    EXPECT_THAT(lab(words).output, Not(IsEmpty()));
  }
  EXPECT_THAT(lab({"help"}).output, HasSubstr("exit-codes"));
  expect(base::exit_usage, {"help", "nothing"}, HasSubstr("no topic or command 'nothing'"));
  expect(base::exit_usage, {"help", "exit-code"}, HasSubstr("did you mean 'exit-codes'?"));
  expect(base::exit_usage, {"help", "validat"}, HasSubstr("did you mean 'validate'?"));
  expect(base::exit_usage, {"help", "results", "shwo"}, HasSubstr("did you mean 'show'?"));
  expect(base::exit_ok, {"man"}, IsEmpty());
  expect(base::exit_ok, {"completion", "bash"}, IsEmpty());
  expect(base::exit_usage, {"completion", "fish"});
}

TEST_F(Lab, ValidateEndsWithTheWorstOfItsFiles) {
  const std::string bad = write("bad.yaml", "version: 1\nname: bad\nimage: tiny\nstep: []\n");
  expect(base::exit_ok, {"validate", scenario()}, IsEmpty());
  EXPECT_THAT(lab({"validate", scenario()}).output, HasSubstr("good.yaml: ok, 2 trials"));
  expect(base::exit_usage, {"validate", scenario(), bad, scenario("other")},
         AllOf(HasSubstr("bad.yaml:4:1"), HasSubstr("did you mean 'steps'")));
  expect(base::exit_usage, {"validate", folder() + "/none.yaml"}, HasSubstr("none.yaml"));
  expect(base::exit_usage, {"validate"});
}

// A file of the user's own must exist, as for a kernel.
TEST_F(Lab, ValidateForgivesFirmwareOfAPackageThatIsNotInstalled) {
  const auto with_firmware = [&](const std::string& file) {
    return write("uefi.yaml", "version: 1\nname: uefi\nimage: tiny\nguest: {firmware: " + file +
                                  "}\nsteps: [{boot: }]\n");
  };
  const std::string file = with_firmware("/usr/share/OVMF/no-such.fd");
  expect(base::exit_ok, {"validate", file}, IsEmpty());
  EXPECT_THAT(
      lab({"validate", file}).output,
      HasSubstr("ok, 1 trial; guest.firmware '/usr/share/OVMF/no-such.fd' not checked: it is "
                "not on this machine (apt-get install ovmf)"));
  expect(base::exit_infrastructure, {"run", file, "--on", "svm"},
         HasSubstr("hint: apt-get install ovmf"));
  expect(base::exit_usage, {"validate", with_firmware("./no-such.fd")},
         HasSubstr("there is no such file"));
}

TEST_F(Lab, RunRefusesWhatItCannotRunBeforeItStartsAnything) {
  expect(base::exit_ok, {"run", scenario(), "--dry-run"}, IsEmpty());
  EXPECT_THAT(lab({"run", scenario(), "--dry-run"}).output,
              AllOf(HasSubstr("good#1"), HasSubstr("good#2")));
  expect(base::exit_usage, {"run", folder() + "/none.yaml"}, HasSubstr("no scenario"));
  expect(base::exit_usage, {"run", scenario(), "--set", "guest.vcpus=0"}, HasSubstr("vcpus"));
  expect(base::exit_usage, {"run", scenario(), "--repeat", "0"}, HasSubstr("--repeat"));
  expect(base::exit_usage, {"run", scenario(), "--on", "moon"}, HasSubstr("moon"));
  expect(base::exit_usage, {"run", scenario(), "--exact", "--no-exact"}, HasSubstr("excludes"));
  expect(base::exit_usage, {"run", scenario(), "--filter", "("}, HasSubstr("("));
}

// Exact trials are all the same, so one is enough; others are judged by statistics.
TEST_F(Lab, RepeatAutoIsOneTrialWhereCountsAreExactAndEightWhereTheyVary) {
  const auto trials = [&](Words words) {
    words.insert(words.begin(), {"run", LAB_SOURCE_DIR "/ci/nightly-boot.yaml", "--dry-run"});
    const Finished listed = lab(words);
    EXPECT_EQ(listed.code, base::exit_ok) << listed.errors;
    return std::ranges::count(listed.output, '\n');
  };
  EXPECT_THAT(lab({"validate", LAB_SOURCE_DIR "/ci/nightly-boot.yaml"}).output,
              HasSubstr("ok, 1 trial (repeat: auto; 8 of each cell where counts vary)"));
  EXPECT_EQ(trials({"--on", "vmx"}), 1);
  EXPECT_EQ(trials({"--on", "vmx", "--no-exact"}), 8);
  EXPECT_EQ(trials({"--on", "kvm"}), 8);
  EXPECT_EQ(trials({"--on", "kvm", "--repeat", "3"}), 3);
  EXPECT_EQ(trials({"--on", "vmx", "--set", "repeat=3"}), 3);
  EXPECT_EQ(trials({"--on", "kvm", "--set", "image=debian-12", "--set", "repeat=auto"}), 8);
}

TEST_F(Lab, AScenarioIsAlsoNamedAsTheOneThatComesWithLab) {
  for (const char* name : {"boot-count.yaml", "boot-count"}) {
    for (const Words& words : {Words{"run", name, "--dry-run"}, Words{"validate", name}})
      expect(base::exit_ok, words, IsEmpty());
    EXPECT_THAT(lab({"run", name, "--dry-run"}).output, HasSubstr("boot-count[paging=nested]#1"));
    // The command looks for the baseline beside the scenario.
    expect(base::exit_usage, {"check", name}, HasSubstr("scenarios/boot-count.baseline.json"));
    expect(base::exit_usage, {"baseline", "show", name},
           HasSubstr("scenarios/boot-count.baseline.json"));
  }
  for (const Words& words : {Words{"run", "bot-count.yaml", "--dry-run"},
                             {"validate", "bot-count"},
                             {"check", "bot-count"}})
    expect(base::exit_usage, words,
           AllOf(HasSubstr("no scenario 'bot-count"), HasSubstr("did you mean 'boot-count'?"),
                 HasSubstr(LAB_SOURCE_DIR "/scenarios")));
}

TEST_F(Lab, AFolderIsNoScenario) {
  const fs::path before = fs::current_path();
  fs::current_path(folder());
  fs::create_directories("boot-count");
  fs::create_directories("other");
  EXPECT_THAT(lab({"run", "boot-count", "--dry-run"}).output,
              HasSubstr("boot-count[paging=nested]#1"));
  expect(base::exit_usage, {"run", "other", "--dry-run"},
         HasSubstr("scenario 'other' is a folder"));
  fs::current_path(before);
}

TEST_F(Lab, AFilterIsATrialsOwnNameOrARegex) {
  const auto chosen = [](const std::string& filter) {
    return lab({"run", LAB_SOURCE_DIR "/scenarios/paging.yaml", "--dry-run", "-f", filter}).output;
  };
  EXPECT_EQ(chosen("paging[paging=nested]#1"), "paging[paging=nested]#1\n");
  EXPECT_THAT(chosen("nested.*1$"), HasSubstr("paging[paging=nested]#1\n"));
  const std::string no_regex = "distros[image=debian-12]#1";
  EXPECT_EQ(
      lab({"run", LAB_SOURCE_DIR "/scenarios/distros.yaml", "--dry-run", "-f", no_regex}).output,
      no_regex + "\n");
  // As a regex it would also mean trials 10, 11 and 12.
  const Words repeated{"run", scenario(), "--repeat", "12", "--dry-run", "-f", "good#1"};
  EXPECT_EQ(lab(repeated).output, "good#1\n");
}

// As `lab top -f` has it, whose guests come and go.
TEST(Filter, MeansTheTrialOfExactlyThisNameWhereOneHasIt) {
  const auto meant = [](const std::string& filter, std::vector<std::string> names) {
    std::erase_if(names, std::not_fn(trials_meant(filter, names)));
    return names;
  };
  EXPECT_EQ(meant("a#1", {"a#1", "a#10", "b#1"}), Words{"a#1"});
  EXPECT_EQ(meant("a#1", {"a#10", "a#11", "b#1"}), (Words{"a#10", "a#11"}));
  EXPECT_EQ(meant("a[(", {"a[(", "a"}), Words{"a[("});
  EXPECT_EQ(meant("a[(", {"a"}), Words{});
}

// Each of these scenarios has a cell that its option contradicts: unfiltered, it is refused.
TEST_F(Lab, WhatAFilterLeavesOutIsNotRefused) {
  const std::string file = write("two.yaml", R"(version: 1
name: two
image: tiny
repeat: auto
matrix: {kvm.scope: [vm, host]}
steps: [{boot: }]
)");
  for (const Words& cause :
       {Words{"--causes"}, {"--set", "kvm.causes=16"}, {"--set", "kvm.parameters.exit_scope=vm"}}) {
    Words words{"run", file, "--on", "svm", "--dry-run"};
    words.insert(words.end(), cause.begin(), cause.end());
    expect(base::exit_usage, words, HasSubstr("(in two[kvm.scope=host])"));
    words.insert(words.end(), {"-f", "scope=vm"});
    expect(base::exit_ok, words, IsEmpty());
    EXPECT_THAT(lab(words).output, StartsWith("two[kvm.scope=vm]#1\n"));
    words.back() = "two[kvm.scope=vm]#1";
    expect(base::exit_ok, words, IsEmpty());
    words.back() = "scope=host";
    expect(base::exit_usage, words, HasSubstr("(in two[kvm.scope=host])"));
  }
}

// repeat: auto asks for the site, which only has this machine's own kernel.
TEST_F(Lab, TheSiteIsNotAskedForAKernelThatAFilterLeavesOut) {
  const std::string file = write("kernels.yaml", R"(version: 1
name: kernels
image: tiny
repeat: auto
matrix: {kvm.kernel: [4.9.0-1-amd64, 4.19.0-1-amd64]}
steps: [{boot: }]
)");
  Words words{"run", file, "--on", "here", "--dry-run"};
  expect(base::exit_usage, words, HasSubstr("kvm.kernel '4.9.0-1-amd64' is not what runs here"));
  words.insert(words.end(), {"-f", "=4.19"});
  expect(base::exit_usage, words, HasSubstr("kvm.kernel '4.19.0-1-amd64' is not what runs here"));
}

// The home of a service or a container may be read-only.
TEST_F(Lab, WhatOnlyReadsNeedsNoHomeThatCanBeWritten) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounting needs root";
  const std::string home = folder() + "/home";
  std::filesystem::create_directory(home);
  ASSERT_EQ(::mount("none", home.c_str(), "tmpfs", MS_RDONLY, nullptr), 0);
  for (const char* name : {"XDG_STATE_HOME", "XDG_CACHE_HOME"})
    ::setenv(name, (home + "/" + name).c_str(), 1);
  std::vector<Finished> all;
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"validate", "boot-count"},
                                             {"image", "list"},
                                             {"kvm", "list"},
                                             {"kvm", "status"},
                                             {"run", "boot-count", "--dry-run"},
                                             {"baseline", "show", "/nothing"}})
    all.push_back(lab(words));
  const Finished results = lab({"results", "list"});
  ::umount2(home.c_str(), MNT_DETACH);
  EXPECT_EQ(all.back().code, base::exit_usage);
  all.pop_back();
  for (const Finished& finished : all) EXPECT_EQ(finished.code, base::exit_ok) << finished.errors;
  for (const Finished& finished : all) EXPECT_EQ(finished.errors, "");
  EXPECT_THAT(results.errors, Not(HasSubstr("cannot be made")));
}

TEST_F(Lab, AHomeThatIsReadOnlyIsNamedWithTheReasonAndTheRemedy) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounting needs root";
  const std::string home = folder() + "/home";
  std::filesystem::create_directory(home);
  ASSERT_EQ(::mount("none", home.c_str(), "tmpfs", MS_RDONLY, nullptr), 0);
  ::setenv("XDG_STATE_HOME", (home + "/state").c_str(), 1);
  const Finished finished = lab({"run", "boot-count", "--on", "svm"});
  ::umount2(home.c_str(), MNT_DETACH);
  EXPECT_EQ(finished.code, base::exit_usage);
  EXPECT_THAT(finished.errors, AllOf(HasSubstr("folder '" + home +
                                               "/state/lab' cannot be made or "
                                               "written: Read-only file system"),
                                     HasSubstr("set HOME or the XDG_*_HOME variables")));
}

// In mounts of this process's own, as other programs read that file, too.
TEST_F(Lab, AnotherDistributionIsNamedAtOnceWhereSomethingHasToBeMade) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounting needs root";
  const std::string fedora = write("os-release", "ID=fedora\nPRETTY_NAME=\"Fedora Linux 41\"\n");
  ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
  ASSERT_EQ(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
  ASSERT_EQ(::mount(fedora.c_str(), "/etc/os-release", nullptr, MS_BIND, nullptr), 0);
  const auto refused = AllOf(HasSubstr("and this is 'Fedora Linux 41': it cannot make "),
                             HasSubstr("hint: use a container of Debian"));
  expect(base::exit_infrastructure, {"run", scenario(), "--on", "svm"},
         AllOf(refused, HasSubstr("the outer VM's image with kernel bookworm, image 'tiny'")));
  expect(base::exit_infrastructure, {"kvm", "build"}, refused);
  expect(base::exit_infrastructure, {"image", "build", "tiny"}, refused);
  expect(base::exit_ok, {"validate", scenario()}, IsEmpty());
  ::umount2("/etc/os-release", MNT_DETACH);
}

// Restore once failed without VMX and SVM, and loaded modules where none were.
TEST_F(Lab, RestoreDoesNothingWhereNothingIsSwapped) {
  if (std::filesystem::exists("/sys/module/kvm/parameters/exit_stats")) GTEST_SKIP() << "swapped";
  const bool before = std::filesystem::exists("/sys/module/kvm");
  const Finished restored = lab({"kvm", "restore"});
  EXPECT_EQ(restored.code, base::exit_ok) << restored.errors;
  EXPECT_EQ(std::filesystem::exists("/sys/module/kvm"), before);
  const kvm::ModuleStatus now = kvm::module_status(base::find_folders().runtime);
  EXPECT_EQ(restored.output, kvm::restored_in_words(now) + "\n");
}

TEST_F(Lab, ResultsReadsWritesAndRemovesWhatIsStored) {
  const std::string file = stored(100);
  const std::string id = records_.front().id;
  const Finished list = lab({"results", "list", "--store", file});
  EXPECT_EQ(list.code, base::exit_ok) << list.errors;
  EXPECT_THAT(list.output, HasSubstr(id));
  expect(base::exit_ok, {"results", "show", id, "--store", file}, IsEmpty());
  expect(base::exit_usage, {"results", "show", "20200101T000000.000Z-00000000", "--store", file},
         HasSubstr("20200101T000000.000Z-00000000"));
  expect(base::exit_usage, {"results", "show", id, "--format", "clay", "--store", file},
         HasSubstr("clay"));

  const std::string lines = folder() + "/lines.jsonl", copy = folder() + "/copy.sqlite";
  expect(base::exit_ok, {"results", "export", "-o", lines, "--store", file});
  expect(base::exit_ok, {"results", "import", lines, "--store", copy});
  EXPECT_EQ(lab({"results", "list", "--store", copy}).output, list.output);
  expect(base::exit_usage, {"results", "import", write("broken", "{\n"), "--store", copy},
         HasSubstr("broken"));
  expect(base::exit_usage, {"results", "import", folder() + "/none", "--store", copy},
         HasSubstr("none"));

  expect(base::exit_ok, {"results", "remove", id, "--store", file}, IsEmpty());
  expect(base::exit_usage, {"results", "remove", "--store", file});
  EXPECT_THAT(lab({"results", "list", "--store", file}).output, Not(HasSubstr(id)));
  expect(base::exit_usage,
         {"results", "list", "--store", write("text", "not a store, but some text\n")},
         HasSubstr("not a store of lab"));
  fs::create_directory(folder() + "/file");
  expect(base::exit_infrastructure, {"results", "list", "--store", folder() + "/file"});
}

TEST_F(Lab, CompareNeedsTwoThatBelongTogether) {
  const std::string file = stored(100);
  const std::string a = records_.front().run, b = records_.back().run;
  ASSERT_NE(a, b);
  expect(base::exit_ok, {"compare", a, a, "--store", file});
  for (const char* format : {"table", "json", "csv"})
    expect(base::exit_ok, {"compare", a, a, "--format", format, "--store", file});
  expect(base::exit_no_data, {"compare", a, b, "--store", file},
         HasSubstr("nothing in a and b belongs together"));  // other scenarios
  expect(base::exit_usage, {"compare", a, "latest~7", "--store", file}, HasSubstr("latest~7"));
  expect(base::exit_usage, {"compare", a, "--store", file});
  expect(base::exit_usage, {"compare", a, a, "--alpha", "2", "--store", file});
}

TEST_F(Lab, TryTakesTwoOfAThingAndThenScenarios) {
  expect(base::exit_usage, {"try", "--image", "./a", "./b", "none", "--on", "svm"},
         HasSubstr("no scenario 'none'"));
  expect(base::exit_usage, {"try", "--image", "./a"}, HasSubstr("--image"));
}

TEST_F(Lab, ReportIsOnePageOrAnError) {
  const std::string file = stored(50), page = folder() + "/page.html";
  expect(base::exit_usage, {"report", "latest~9", "--store", file, "-o", page});
  EXPECT_FALSE(fs::exists(page));
  expect(base::exit_usage, {"report", "latest", "--history", "--store", file});
  // lab_cli contains the page where npm could build it; otherwise the command reports an error.
  const Finished report = lab({"report", "latest", "--store", file, "-o", page});
  EXPECT_EQ(report.code == base::exit_ok, fs::exists(page)) << report.errors;
}

TEST_F(Lab, ADamagedImageIsListedAmongTheOthers) {
  const std::string disk = folder() + "/published.qcow2";
  base::run_checked({.argv = {"qemu-img", "create", "-q", "-f", "qcow2", disk, "1M"}});
  expect(base::exit_ok, {"image", "add", "mine", "file://" + disk, "--digest",
                         "sha256:" + base::sha256_file(disk)});
  expect(base::exit_ok, {"image", "fetch", "mine"});
  EXPECT_THAT(lab({"image", "list"}).output, ContainsRegex("\nmine +fetch +cached"));
  for (const auto& entry : fs::recursive_directory_iterator(folder() + "/lab/images"))
    if (entry.path().filename() == "disk.qcow2") fs::resize_file(entry.path(), 100);
  const Finished list = lab({"image", "list"});
  EXPECT_EQ(list.code, base::exit_ok);
  EXPECT_THAT(list.output, AllOf(ContainsRegex("\nmine +fetch +damaged"), HasSubstr("\ntiny ")));
}

TEST_F(Lab, ImagesAndModulesThatThereAreNot) {
  expect(base::exit_ok, {"image", "list"}, IsEmpty());
  expect(base::exit_usage, {"image", "prepare", "no-such"}, HasSubstr("no-such"));
  expect(base::exit_usage, {"image", "fetch"});
  expect(base::exit_ok, {"kvm", "list"});
  expect(base::exit_usage, {"kvm", "build", "--source", "/nowhere"}, HasSubstr("--headers"));
}

TEST_F(Lab, AKernelIsNamedAsInAScenario) {
  expect(base::exit_usage, {"kvm", "build", "--kernel", "6.1;"},
         AllOf(HasSubstr("--kernel: "), HasSubstr("'6.1;'"), HasSubstr("./linux")));
  const fs::path before = fs::current_path();
  fs::current_path(folder());
  write("linux.deb", "");
  const std::string whole = (fs::current_path() / "linux.deb").string();
  expect(base::exit_usage, {"kvm", "build", "--kernel", "./linux.deb"}, HasSubstr(whole));
  fs::current_path(before);
}

}  // namespace
}  // namespace lab::cli
