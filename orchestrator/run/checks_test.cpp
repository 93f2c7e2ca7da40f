// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "orchestrator/base/error.hpp"
#include "orchestrator/inside/job.hpp"
#include "orchestrator/inside/sample_plans.hpp"
#include "orchestrator/run/checks.hpp"
#include "orchestrator/run/outer_jobs.hpp"

namespace lab::run {
namespace {

template <typename Check>
std::string error_of(Check&& check) {
  try {
    check();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::ErrorKind::user);
    return error.what() + (" | " + error.hint());
  }
  return "";
}

TEST(Checks, ShadowPagingIsRefusedOnWhichEmulator) {
  EXPECT_TRUE(reads_shadow_tables("QEMU 10.0.2"));
  EXPECT_TRUE(reads_shadow_tables("QEMU 9.2"));
  for (const char* other : {"QEMU 7.2.22", "QEMU 9.1.9", "QEMU 9", "QEMU ", "Bochs 12.7", ""})
    EXPECT_FALSE(reads_shadow_tables(other)) << other;
}

TEST(Checks, AnExpectationNamesWhatTheVendorHas) {
  auto all = inside::sample_plans();
  all[1].expect = {{.step = "a", .reason = "NPF"}, {.step = "a", .reason = "total"}};
  EXPECT_EQ(error_of([&] { check_reasons(all, exits::Vendor::svm); }), "");
  EXPECT_EQ(
      error_of([&] { check_reasons(all, exits::Vendor::vmx); }),
      "scenario 't', trial 't[guest.console=verbose]#1': the expectation of step 'a' names exit "
      "reason 'NPF', which the site's processor (vmx) lacks | say 'category: page_fault', "
      "which both vendors have, instead of 'reason: NPF'");
  all[1].expect = {{.step = "a", .category = exits::Category::io}};
  EXPECT_EQ(error_of([&] { check_reasons(all, exits::Vendor::vmx); }), "");
  const std::vector<scenario::Relation> relations{{.step = "a", .reason = "EPT_VIOLATION"}};
  EXPECT_THAT(error_of([&] { check_reasons(relations, exits::Vendor::svm); }),
              testing::HasSubstr("category: page_fault"));
}

TEST(Checks, SavingAGuestNeedsADisk) {
  auto all = inside::sample_plans();
  all.resize(1);
  std::map<std::string, trial::GuestImage> images{{inside::image_key(all[0]), {.kernel = "/k"}}};
  check_steps(all, images);
  all[0].steps.push_back({.kind = scenario::Step::Kind::host,
                          .host = {.kind = scenario::HostAction::Kind::save_restore}});
  const auto error = [&] { return error_of([&] { check_steps(all, images); }); };
  EXPECT_THAT(error(), testing::HasSubstr("image 'tiny' has none"));
  all[0].settings.scratch_size = 1 << 20;
  EXPECT_EQ(error(), "");
  all[0].settings.scratch_bus = scenario::DiskBus::nvme;
  EXPECT_THAT(error(), testing::HasSubstr("NVMe"));
  all[0].settings.scratch_bus = scenario::DiskBus::virtio;
  all[0].settings.cpu_features = {"+invtsc"};
  EXPECT_THAT(error(), testing::HasSubstr("invtsc"));
}

TEST(Checks, AnotherProcessorIsForVmxOnly) {
  scenario::TrialPlan plan;
  plan.name = "t#1";
  check_machines({plan}, record::site_svm);
  plan.settings.processor = scenario::Processor::skylake_x;
  EXPECT_THAT(error_of([&] { check_machines({plan}, record::site_svm); }),
              testing::HasSubstr("kvm.processor is for site vmx, not for 'svm'"));
}

TEST(Exact, IsDecidedByTheSiteWhereThePlanLeavesItOpen) {
  using scenario::Exact;
  const auto decided = [](Exact asked, const Site& site) {
    std::vector<scenario::TrialPlan> plans(1);
    plans[0].settings.exact = asked;
    return decide_exact(plans, site).at(0).settings.exact;
  };
  EXPECT_EQ(decided(Exact::where_possible, record::site_vmx), Exact::always);
  EXPECT_EQ(decided(Exact::where_possible, record::site_here), Exact::never);
  EXPECT_EQ(decided(Exact::where_possible, record::site_kvm), Exact::never);
  EXPECT_EQ(decided(Exact::never, record::site_vmx), Exact::never);
  EXPECT_EQ(decided(Exact::always, record::site_here), Exact::always);  // and refused:
  std::vector<scenario::TrialPlan> plans(1);
  plans[0].settings.exact = Exact::always;
  EXPECT_THAT(error_of([&] { check_exact(plans, record::site_here); }),
              testing::HasSubstr("exact counts are for emulated sites, not for 'here'"));
}

// Each trial begins on a fresh machine, except after its own cell's warm-ups.
TEST(Exact, OnlyATrialBehindItsWarmUpsGoesOnInTheirOuterVm) {
  std::vector<scenario::TrialPlan> plans;
  scenario::TrialPlan next;
  next.cell = {{"paging", "nested"}};
  EXPECT_TRUE(continues(plans, next));
  plans.push_back(next);
  EXPECT_FALSE(continues(plans, next));
  plans[0].warmup = true;
  EXPECT_TRUE(continues(plans, next));
  plans.push_back(next);
  EXPECT_TRUE(continues(plans, next));  // the cell's second repeat
  next.cell = {{"paging", "shadow"}};
  EXPECT_FALSE(continues(plans, next));
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

}  // namespace
}  // namespace lab::run
