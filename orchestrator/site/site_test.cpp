// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/folders.hpp"
#include "orchestrator/base/subprocess.hpp"
#include "orchestrator/site/job.hpp"
#include "orchestrator/site/outer_vm.hpp"
#include "orchestrator/site/run.hpp"

namespace lab::site {
namespace {

std::vector<scenario::TrialPlan> plans() {
  return scenario::expand(scenario::parse(
      "version: 1\nname: t\nimage: tiny\nmatrix: {guest.console: [quiet, verbose]}\n"
      "steps: [boot: {until: reader}, run: {name: a, command: 'echo \"x\"'}]\n",
      "t.yaml"));
}

TEST(Job, SurvivesTheDisk) {
  Job job{.site = "svm",
          .emulated = true,
          .modules = "/m",
          .verify_tracepoint = true,
          .plans = plans()};
  job.images["tiny/quiet/reader"] = {
      .name = "tiny", .digest = "sha256:1", .kernel = "/k", .cmdline = "a b"};
  const Job got = job_from_json(to_json(job));
  EXPECT_EQ(got.site, "svm");
  EXPECT_TRUE(got.emulated);
  EXPECT_TRUE(got.verify_tracepoint);
  EXPECT_EQ(got.plans, job.plans);
  EXPECT_EQ(got.images.at("tiny/quiet/reader").cmdline, "a b");
  EXPECT_THROW(job_from_json("{}"), base::Error);
  EXPECT_THROW(job_from_json("nonsense"), base::Error);
}

TEST(Job, PlansThatBootAlikeShareAnImage) {
  const auto all = plans();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(image_key(all[0]), "tiny/quiet/reader");
  EXPECT_NE(image_key(all[0]), image_key(all[1]));
}

TEST(Kernel, IsMeantByItsReleaseOrSeries) {
  EXPECT_TRUE(means_release("", "6.1.0-56-amd64"));
  EXPECT_TRUE(means_release("6.1.0-56-amd64", "6.1.0-56-amd64"));
  EXPECT_TRUE(means_release("6.1", "6.1.0-56-amd64"));
  EXPECT_TRUE(means_release("6.12", "6.12.117+deb13-amd64"));
  EXPECT_FALSE(means_release("6.1", "6.12.117+deb13-amd64"));
  EXPECT_FALSE(means_release("6", "6.1.0-56-amd64"));
  EXPECT_FALSE(means_release("6.1.0-5", "6.1.0-56-amd64"));
  EXPECT_FALSE(means_release("bookworm", "6.1.0-56-amd64"));
}

TEST(OuterVm, EmulatesSvmOrUsesThisMachinesKvm) {
  const OuterImage image{.disk = "/d", .kernel = "/k", .initrd = "/i", .cmdline = "root=x"};
  const guest::DomainSpec svm = outer_spec(OuterKind::svm, image, {}, "o", "/overlay", "/run");
  EXPECT_FALSE(svm.accelerated);
  EXPECT_THAT(svm.cpu_features, testing::Contains("+svm"));
  const guest::DomainSpec kvm = outer_spec(OuterKind::kvm, image, {}, "o", "/overlay", "/run");
  EXPECT_TRUE(kvm.accelerated);
  EXPECT_EQ(kvm.cpu_model, "");  // the host's own, with its virtualization
  EXPECT_THROW(outer_kind("here"), base::Error);
  EXPECT_EQ(svm.memory_mib, 4096u);
  EXPECT_EQ(size_for_guest(1, 768).vcpus, 2u);
  EXPECT_EQ(size_for_guest(8, 8192).vcpus, 8u);
  EXPECT_GT(size_for_guest(8, 8192).memory_mib, 8192u + 1024u);
}

TEST(OuterVm, JobDiskHoldsTheFolder) {
  const base::TemporaryFolder folder("/tmp", "lab-test");
  std::filesystem::create_directories(folder.path() / "job/images/0");
  base::write_file(folder.path() / "job/images/0/kernel", std::string(3'000'000, 'k'));
  base::write_file(folder.path() / "job/job.json", "{}");
  const auto disk = folder.path() / "job.img";
  make_job_disk(folder.path() / "job", disk);
  EXPECT_EQ(base::run_checked({.argv = {"blkid", "-o", "value", "-s", "LABEL", disk.string()}}),
            "LABJOB\n");
  const std::string listed =
      base::run_checked({.argv = {"debugfs", "-R", "stat /images/0/kernel", disk.string()}});
  EXPECT_THAT(listed, testing::HasSubstr("Size: 3000000"));
}

}  // namespace
}  // namespace lab::site
