// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "orchestrator/base/error.hpp"
#include "orchestrator/inside/job.hpp"
#include "orchestrator/inside/sample_plans.hpp"

namespace lab::inside {
namespace {

TEST(Job, SurvivesTheDisk) {
  Job job{.site = &record::site_svm,
          .modules = "/m",
          .verify_tracepoint = true,
          .plans = sample_plans()};
  job.images["tiny/quiet/reader"] = {.name = "tiny",
                                     .digest = "sha256:1",
                                     .kernel = "/k",
                                     .cmdline = "a b",
                                     .kernel_file = "6.1, sha256:2",
                                     .firmware = "/f",
                                     .firmware_is_flash = true};
  const Job got = job_from_json(to_json(job));
  EXPECT_EQ(got.site, &record::site_svm);
  EXPECT_TRUE(got.verify_tracepoint);
  EXPECT_EQ(got.plans, job.plans);
  EXPECT_EQ(got.images.at("tiny/quiet/reader").cmdline, "a b");
  EXPECT_EQ(got.images.at("tiny/quiet/reader").kernel_file, "6.1, sha256:2");
  EXPECT_EQ(got.images.at("tiny/quiet/reader").firmware, "/f");
  EXPECT_TRUE(got.images.at("tiny/quiet/reader").firmware_is_flash);
  EXPECT_THROW(job_from_json("{}"), base::Error);
  EXPECT_THROW(job_from_json("nonsense"), base::Error);
}

TEST(Job, PlansThatBootAlikeShareAnImage) {
  const auto all = sample_plans();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(image_key(all[0]), "tiny/quiet/reader");
  EXPECT_NE(image_key(all[0]), image_key(all[1]));
}

TEST(Job, TheKernelsCommandLineIsPartOfTheImage) {
  auto all = sample_plans();
  scenario::TrialPlan& plan = all[0];
  plan.settings.clock = scenario::Clock::kvm_clock;
  plan.settings.cmdline = "nohz=off";
  EXPECT_EQ(image_key(plan), "tiny/quiet/reader/clocksource=kvm-clock nohz=off");
  plan.settings.clock = scenario::Clock::tsc;
  plan.settings.cmdline.clear();
  EXPECT_EQ(kernel_additions(plan.settings), "clocksource=tsc tsc=reliable");
  plan.steps.front().until = scenario::BootUntil::kernel;
  EXPECT_EQ(reader_starts(plan), scenario::BootUntil::multi_user);
  plan.steps.front().until = scenario::BootUntil::cloud_init;
  EXPECT_EQ(reader_starts(plan), scenario::BootUntil::cloud_init);
}

TEST(Job, TheUsersOwnKernelIsPartOfTheImage) {
  auto all = sample_plans();
  scenario::Settings& settings = all[0].settings;
  settings.guest_kernel = "/k";
  EXPECT_EQ(image_key(all[0]), "tiny/quiet/reader/kernel /k/initrd /virtio");
  settings.guest_initrd = "/i";
  EXPECT_EQ(image_key(all[0]), "tiny/quiet/reader/kernel /k/initrd /i/virtio");
}

}  // namespace
}  // namespace lab::inside
