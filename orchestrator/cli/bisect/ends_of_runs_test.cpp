// SPDX-License-Identifier: MIT
#include "orchestrator/cli/bisect/ends_of_runs.hpp"

#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/cli/lab_fixture.hpp"
#include "orchestrator/cli/trials/measure.hpp"
#include "orchestrator/cli/trials/selection.hpp"
#include "orchestrator/scenario/loader/plan_json.hpp"

namespace lab::cli {
namespace {

using testing::ElementsAre;

constexpr const char *old_kernel = "/home/me/linux@0f37a5d0bb34",
                     *new_kernel = "/home/me/linux@4b47fe228684";

class EndsOfRuns : public Lab {
 protected:
  // Adds a run of a scenario's trials on this kernel.
  void add_run(const std::string& run, const std::string& kernel, const Words& set = {},
               const std::string& scenario = "quick") {
    Words all = set;
    if (!kernel.empty()) all.push_back("kvm.kernel=" + kernel);
    for (const scenario::TrialPlan& plan :
         scenario::expand(scenario::load(scenario_file(scenario), all)))
      add_trial(run, plan, scenario::to_object(plan).dump());
  }
  // Adds a run on a commit that is named, with the kernel that the name now means.
  void add_named(const std::string& run, const std::string& at) {
    const std::string key = kvm::kernel_key(tree_tools(), at), base = key.substr(0, key.find(' '));
    for (const scenario::TrialPlan& plan :
         scenario::expand(scenario::load(scenario_file("quick"), {"kvm.kernel=" + at})))
      add_trial(
          run, plan, scenario::to_object(plan).dump(),
          {{"outer_kernel", "6.1.192-lab-" + base}, {"kvm_source", key.substr(base.size() + 1)}});
  }
  // Adds a commit to a tree that build-kit takes for a kernel's.
  std::string commit_to_tree(const std::string& text) const {
    const std::string tree = folder() + "/linux";
    for (const char* file : {"Makefile", "arch/x86/kvm/x86.c", "virt/kvm/kvm_main.c"}) {
      fs::create_directories(fs::path(tree + "/" + file).parent_path());
      std::ofstream(tree + "/" + file) << text;
    }
    base::run_checked({.argv = {"sh", "-ec",
                                "git init -q; git add -A; git -c user.name=me -c "
                                "user.email=me@example.org commit -q -m text"},
                       .folder = tree});
    return tree;
  }
  std::string add_trial(const std::string& run, const scenario::TrialPlan& plan,
                        const std::string& plan_text, const record::Conditions& conditions = {}) {
    record::Record record = records_.next();
    record.run = run;
    record.scenario = plan.scenario;
    record.trial = plan.name;
    record.site = "svm";
    record.plan = plan_text;
    for (const auto& [key, value] : conditions) record.conditions[key] = value;
    store::Store(file_).insert(record);
    return record.id;
  }
  bisect::Request ends(const std::string& runs, bisect::Request request = {}) const {
    if (request.site.empty()) request.site = "auto";
    take_ends_of_runs(request, runs, file_);
    return request;
  }
  std::string refusal(const std::string& runs, const std::string& scenario = "") const {
    try {
      ends(runs, {.scenario = scenario});
    } catch (const base::Error& error) {
      EXPECT_EQ(error.kind(), base::ErrorKind::user);
      return error.what();
    }
    return "none";
  }
  std::string write_own(const std::string& steps, const std::string& image = "image: tiny") const {
    return write("own.yaml", "version: 1\nname: own\n" + image + "\nsteps:\n  - boot:\n" + steps);
  }

 private:
  store::GeneratedRecords records_{50, 1};
  const std::string file_ = folder() + "/store.sqlite";
};

TEST_F(EndsOfRuns, AreTheCommitsThatTheyRanOn) {
  add_run("monday", old_kernel);
  add_run("tuesday", new_kernel);
  const bisect::Request request = ends("monday..tuesday");
  EXPECT_EQ(request.source, "/home/me/linux");
  EXPECT_EQ(request.good, "0f37a5d0bb34");
  EXPECT_EQ(request.bad, "4b47fe228684");
  EXPECT_EQ(request.scenario, "quick");
  EXPECT_EQ(request.site, "svm");
  EXPECT_THAT(request.set, IsEmpty()) << "the scenario's own settings need not be said";
  EXPECT_EQ(ends("monday..tuesday", {.find_fix = true}).bad, "0f37a5d0bb34")
      << "a fix comes after what is bad";
}

TEST_F(EndsOfRuns, HaveTheSettingsOfTheRuns) {
  const Words theirs{"guest.memory=512 MiB", "guest.cmdline=nohz=off",
                     "kvm.parameters.halt_poll_ns=0"};
  add_run("monday", old_kernel, theirs);
  Words with_causes = theirs;
  with_causes.push_back("kvm.causes=16384");
  add_run("tuesday", new_kernel, with_causes);
  EXPECT_THAT(ends("monday..tuesday", {.set = {"guest.memory=1 GiB"}}).set,
              ElementsAre("guest.memory=512 MiB", "guest.cmdline=nohz=off",
                          "kvm.parameters.halt_poll_ns=0", "guest.memory=1 GiB"))
      << "what is said now goes before them, as it stands last";
}

TEST_F(EndsOfRuns, OfManyCellsHaveTheMatrixOfTheRuns) {
  add_run("monday", old_kernel, {"matrix.guest.memory=256 MiB,512 MiB"});
  add_run("tuesday", new_kernel, {"matrix.guest.memory=256 MiB,512 MiB"});
  add_run("wednesday", new_kernel, {"guest.memory=512 MiB"});
  EXPECT_THAT(ends("monday..tuesday").set, ElementsAre("matrix.guest.memory=256 MiB,512 MiB"));
  EXPECT_THAT(refusal("monday..wednesday"),
              HasSubstr("not only the commit differs: guest.memory is '256 MiB', '512 MiB' in "
                        "monday and '512 MiB' in wednesday"));
}

TEST_F(EndsOfRuns, MayBeTwoRecordsOfOneRun) {
  std::vector<std::string> ids;
  for (const scenario::TrialPlan& plan :
       scenario::expand(scenario::load(scenario_file("quick"), {std::string("matrix.kvm.kernel=") +
                                                                old_kernel + "," + new_kernel})))
    ids.push_back(add_trial("monday", plan, scenario::to_object(plan).dump()));
  ASSERT_EQ(ids.size(), 2u);
  const bisect::Request request = ends(ids[0] + ".." + ids[1]);
  EXPECT_EQ(request.bad, "4b47fe228684");
  EXPECT_THAT(request.set, IsEmpty());
  EXPECT_THAT(refusal("monday..monday"),
              HasSubstr(std::string("ran on '") + old_kernel + "' and on '"));
}

TEST_F(EndsOfRuns, OfACommitWhoseNameHasMovedAreRefused) {
  const std::string tree = commit_to_tree("one");
  add_named("monday", tree + "@HEAD");
  EXPECT_THAT(ends("monday..monday").good, "HEAD") << "it still is what ran";
  commit_to_tree("two");
  add_named("tuesday", tree + "@HEAD");
  EXPECT_THAT(refusal("monday..tuesday"),
              HasSubstr("run monday ran on '" + tree + "@HEAD', which is another kernel now"));
  EXPECT_EQ(ends("tuesday..tuesday").good, "HEAD");
}

TEST_F(EndsOfRuns, OfOtherKernelsAreRefused) {
  add_run("monday", old_kernel);
  add_run("tuesday", "6.12");
  add_run("wednesday", "");
  add_run("thursday", "/home/me/other@0f37a5d0bb34");
  EXPECT_THAT(refusal("monday..tuesday"),
              HasSubstr("run tuesday ran on kernel '6.12', not on a commit"));
  EXPECT_THAT(refusal("monday..wednesday"), HasSubstr("ran on the usual kernel"));
  EXPECT_THAT(refusal("monday..thursday"), HasSubstr("are no two states of one tree"));
  add_trial("friday", {.scenario = "quick", .name = "quick#1"}, "{}");
  EXPECT_THAT(refusal("monday..friday"), HasSubstr("the plan of record"));
  add_trial("saturday", {.scenario = "quick", .name = "quick#1"}, "");
  EXPECT_THAT(refusal("monday..saturday"), HasSubstr("ran on the usual kernel"));
  EXPECT_THAT(refusal("monday"), HasSubstr("is not A..B"));
  EXPECT_THAT(refusal("monday..sunday"), HasSubstr("sunday"));
}

TEST_F(EndsOfRuns, OfAScenarioThatHasChangedAreRefused) {
  const std::string own = write_own("  - sleep: 1 s\n");
  add_run("monday", old_kernel, {}, own);
  add_run("tuesday", new_kernel, {}, own);
  EXPECT_EQ(ends("monday..tuesday", {.scenario = own}).scenario, own);
  write_own("  - sleep: 2 s\n");
  EXPECT_THAT(refusal("monday..tuesday", own), HasSubstr("run monday had other steps or settings"));
  add_run("wednesday", new_kernel, {}, own);
  EXPECT_THAT(refusal("monday..wednesday", own), HasSubstr("had other steps or other cells"));
  EXPECT_THAT(refusal("monday..tuesday"), HasSubstr("no scenario 'own'"));
}

TEST_F(EndsOfRuns, MayHaveSaidTheImage) {
  const std::string own = write_own("", "");
  add_run("monday", old_kernel, {"image=tiny"}, own);
  add_run("tuesday", new_kernel, {"image=tiny"}, own);
  EXPECT_THAT(ends("monday..tuesday", {.scenario = own}).set, ElementsAre("image=tiny"));
}

}  // namespace
}  // namespace lab::cli
