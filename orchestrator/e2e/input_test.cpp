// SPDX-License-Identifier: MIT
// Tests wrong input and a missing daemon: lab prints one clear message with place, value and what
// is allowed, returns the right exit code, and starts nothing.
#include "orchestrator/e2e/lab_test.hpp"

namespace lab::e2e {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;

class Input : public LabTest {
 protected:
  // Expects a quick refusal with exit code 2.
  void expect_refused(const std::vector<std::string>& arguments,
                      const testing::Matcher<std::string>& message) {
    const Finished run = lab(arguments);
    EXPECT_EQ(run.exit_code, 2) << run.errors;
    EXPECT_THAT(run.errors, message);
    EXPECT_THAT(run.output, IsEmpty());
    EXPECT_LT(run.seconds, 5);
  }

  std::string good() const {
    return write("good.yaml", "version: 1\nname: good\nimage: tiny\nsteps: [boot: ]\n").string();
  }
};

TEST_F(Input, ErrorsOfScenarioFilesNameTheirPlace) {
  const std::string key =
      write("key.yaml", "version: 1\nname: x\nimage: tiny\nguest: {vcpu: 1}\nsteps: [boot: ]\n");
  expect_refused({"run", key}, AllOf(HasSubstr("key.yaml:4:9:"), HasSubstr("'vcpu'"),
                                     HasSubstr("did you mean 'vcpus'")));
  const std::string value = write(
      "value.yaml", "version: 1\nname: x\nimage: tiny\nkvm:\n  layout: up\nsteps: [boot: ]\n");
  expect_refused({"run", value}, AllOf(HasSubstr("value.yaml:5:11:"), HasSubstr("'up'"),
                                       HasSubstr("descending"), HasSubstr("ascending")));
  const std::string broken = write("broken.yaml", "version: 1\nname: [x\n");
  expect_refused({"run", broken}, HasSubstr("broken.yaml:"));
  const std::string twice = write("twice.yaml", "version: 1\nname: x\nname: y\n");
  expect_refused({"run", twice}, AllOf(HasSubstr("twice.yaml:3:1:"), HasSubstr("'name'")));
}

TEST_F(Input, WrongWordsNameTheValueAndWhatIsAllowed) {
  expect_refused({"run", (folder() / "none.yaml").string()},
                 AllOf(HasSubstr("none.yaml"), HasSubstr("no such file"), HasSubstr("ls ")));
  expect_refused({"run", good(), "--on", "bogus"},
                 AllOf(HasSubstr("'bogus'"), HasSubstr("auto, here, kvm, svm")));
  expect_refused({"run", good(), "--set", "image=nosuch"},
                 AllOf(HasSubstr("'nosuch'"), HasSubstr("tiny"), HasSubstr("debian-12")));
  expect_refused({"run", good(), "--set", "guest.vcpus=many"},
                 AllOf(HasSubstr("--set"), HasSubstr("'many'")));
  expect_refused({"run", good(), "--set", "gest.vcpus=2"},
                 AllOf(HasSubstr("--set"), HasSubstr("did you mean 'guest.vcpus'")));
  expect_refused({"run", good(), "--set", "novalue"},
                 AllOf(HasSubstr("'novalue'"), HasSubstr("KEY=VALUE")));
  expect_refused({"run", good(), "--format", "xml"},
                 AllOf(HasSubstr("'xml'"), HasSubstr("table, json, csv, junit, tap")));
  expect_refused({"run"}, HasSubstr("scenario"));
  expect_refused({"results", "show", "nosuch"}, HasSubstr("results.sqlite"));
}

TEST_F(Input, AMissingLibvirtdIsInfrastructureWithTheCommandThatMendsIt) {
  const std::string uri = "qemu+unix:///system?socket=" + (folder() / "no-socket").string();
  const Finished run =
      lab({"run", good(), "--on", "svm"}, {.environment = {{"LAB_LIBVIRT_URI", uri}}});
  EXPECT_EQ(run.exit_code, 3) << run.errors;
  EXPECT_THAT(run.errors, AllOf(HasSubstr("no-socket"), HasSubstr("libvirtd -d")));
  EXPECT_THAT(left_by(run.pid), IsEmpty());
}

TEST_F(Input, DoctorEndsSoonAndNamesASite) {
  const Finished run = lab({"doctor"});
  EXPECT_EQ(run.exit_code, 0) << run.output << run.errors;
  EXPECT_LT(run.seconds, 60);
  EXPECT_THAT(run.output, HasSubstr("yes  emulated AMD SVM"));
  EXPECT_THAT(run.output, HasSubstr("yes  Bochs with emulated VMX"));
  EXPECT_THAT(run.output, HasSubstr("--on auto takes "));
  // Why, or that KVM works in this VM.
  EXPECT_THAT(run.output, ContainsRegex("(yes|no)  this machine's own modules: [^\n]{8}"));
  EXPECT_THAT(left_by(run.pid), IsEmpty());
}

}  // namespace
}  // namespace lab::e2e
