// SPDX-License-Identifier: MIT
#include "orchestrator/cli/bisect/bisect_points.hpp"

#include "orchestrator/cli/lab_fixture.hpp"
#include "orchestrator/scenario/loader/plan_json.hpp"

namespace lab::cli {
namespace {

class EndsOfRuns : public Lab {
 protected:
  // A run of one trial on this kernel.
  void add_run(const std::string& run, const std::string& kernel, const std::string& text = "") {
    record::Record record = records_.next();
    record.run = run;
    record.scenario = "quick";
    record.trial = "quick#1";
    record.site = "svm";
    scenario::TrialPlan plan = scenario::expand(scenario::load(scenario())).at(0);
    plan.settings.kernel = kernel;
    record.plan = text.empty() ? scenario::to_object(plan).dump() : text;
    store::Store(file_).insert(record);
  }
  bisect::Request ends(const std::string& runs, bool find_fix = false) const {
    bisect::Request request{.find_fix = find_fix, .site = "auto"};
    take_ends_of_runs(request, runs, file_);
    return request;
  }
  std::string refusal(const std::string& runs) const {
    try {
      ends(runs);
    } catch (const base::Error& error) {
      EXPECT_EQ(error.kind(), base::ErrorKind::user);
      return error.what();
    }
    return "none";
  }

 private:
  store::GeneratedRecords records_{10, 1};
  const std::string file_ = folder() + "/store.sqlite";
};

TEST_F(EndsOfRuns, AreTheCommitsThatTheyRanOn) {
  add_run("monday", "/home/me/linux@0f37a5d0bb34");
  add_run("tuesday", "/home/me/linux@4b47fe228684");
  const bisect::Request request = ends("monday..tuesday");
  EXPECT_EQ(request.source, "/home/me/linux");
  EXPECT_EQ(request.good, "0f37a5d0bb34");
  EXPECT_EQ(request.bad, "4b47fe228684");
  EXPECT_EQ(request.scenario, "quick");
  EXPECT_EQ(request.site, "svm");
  EXPECT_EQ(ends("monday..tuesday", true).bad, "0f37a5d0bb34") << "a fix comes after what is bad";
}

TEST_F(EndsOfRuns, OfOtherKernelsAreRefused) {
  add_run("monday", "/home/me/linux@0f37a5d0bb34");
  add_run("tuesday", "6.12");
  add_run("wednesday", "");
  add_run("thursday", "/home/me/other@0f37a5d0bb34");
  EXPECT_THAT(refusal("monday..tuesday"),
              HasSubstr("run tuesday ran on kernel '6.12', not on a commit"));
  EXPECT_THAT(refusal("monday..wednesday"), HasSubstr("ran on the usual kernel"));
  EXPECT_THAT(refusal("monday..thursday"), HasSubstr("are no two states of one tree"));
  add_run("friday", "", "{}");
  EXPECT_THAT(refusal("monday..friday"), HasSubstr("the plan of record"));
  EXPECT_THAT(refusal("monday"), HasSubstr("is not A..B"));
  EXPECT_THAT(refusal("monday..sunday"), HasSubstr("sunday"));
}

TEST(PointsOf, AValueThatIsNamedTwiceIsRefused) {
  EXPECT_EQ(find_points({.over = "kvm.kernel=6.1,6.12"}).points.size(), 2u);
  EXPECT_THROW(find_points({.over = "kvm.kernel=6.1,6.12,6.1"}), base::Error);
  EXPECT_THROW(find_points({.over = "kvm.kernel=6.1"}), base::Error);
}

}  // namespace
}  // namespace lab::cli
