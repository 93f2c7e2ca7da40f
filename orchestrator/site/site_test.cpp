// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/folders.hpp"
#include "orchestrator/base/subprocess.hpp"
#include "orchestrator/site/bochs.hpp"
#include "orchestrator/site/capabilities.hpp"
#include "orchestrator/site/checks.hpp"
#include "orchestrator/site/job.hpp"
#include "orchestrator/site/machine_clock.hpp"
#include "orchestrator/site/machine_settings.hpp"
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

TEST(Checks, ShadowPagingIsRefusedOnWhichEmulator) {
  EXPECT_TRUE(reads_shadow_tables("QEMU 10.0.2"));
  EXPECT_TRUE(reads_shadow_tables("QEMU 9.2"));
  for (const char* other : {"QEMU 7.2.22", "QEMU 9.1.9", "QEMU 9", "QEMU ", "Bochs 12.7", ""})
    EXPECT_FALSE(reads_shadow_tables(other)) << other;
}

TEST(Job, SurvivesTheDisk) {
  Job job{.site = &record::site_svm, .modules = "/m", .verify_tracepoint = true, .plans = plans()};
  job.images["tiny/quiet/reader"] = {
      .name = "tiny", .digest = "sha256:1", .kernel = "/k", .cmdline = "a b"};
  const Job got = job_from_json(to_json(job));
  EXPECT_EQ(got.site, &record::site_svm);
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

TEST(Job, TheKernelsCommandLineIsPartOfTheImage) {
  auto all = plans();
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

TEST(Checks, AnExpectationNamesWhatTheVendorHas) {
  auto all = plans();
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
  auto all = plans();
  all.resize(1);
  std::map<std::string, trial::GuestImage> images{{image_key(all[0]), {.kernel = "/k"}}};
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

class Machine : public testing::Test {
 protected:
  Machine() : folder_("/tmp", "lab-test"), files_{.root = folder_.path()} {
    std::filesystem::create_directories(files_.ksm().parent_path());
    std::filesystem::create_directories(files_.huge_pages("").parent_path());
    put(files_.ksm(), "0\n");
    put(files_.huge_pages("nr_hugepages"), "3\n");
    put(files_.huge_pages("free_hugepages"), "1\n");
  }
  static void put(const std::filesystem::path& file, const std::string& text) {
    base::write_file(file, text);
  }
  // A file keeps what was longer than the value: no kernel file does.
  static std::string first_line(const std::filesystem::path& file) {
    const std::string text = base::read_file(file);
    return text.substr(0, text.find('\n'));
  }
  base::TemporaryFolder folder_;
  MachineFiles files_;
  scenario::Settings settings_;
};

TEST_F(Machine, RunsKsmOnlyForTheTrial) {
  settings_.ksm = true;
  {
    const MachineSettings settings(settings_, folder_.path(), files_);
    EXPECT_EQ(first_line(files_.ksm()), "1");
    EXPECT_FALSE(recover_machine_settings("/nowhere"));
  }
  EXPECT_EQ(first_line(files_.ksm()), "0");
  std::filesystem::remove(files_.ksm());
  EXPECT_THROW(MachineSettings(settings_, folder_.path(), files_), base::Error);
  settings_.ksm = false;
  EXPECT_NO_THROW(MachineSettings(settings_, folder_.path(), files_));
}

TEST_F(Machine, SetsHugePagesAsideForAllGuestsOrSaysHowManyThereAre) {
  settings_.huge_pages = settings_.ksm = true;
  settings_.guests = 2;
  settings_.memory = 6 << 20;
  try {
    const MachineSettings settings(settings_, folder_.path(), files_);
    FAIL();  // nobody gives the pages here
  } catch (const base::Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("of 6 huge pages of 2 MiB"));
    EXPECT_THAT(error.what(), testing::HasSubstr("only 1 free"));
  }
  EXPECT_EQ(first_line(files_.ksm()), "0");
  EXPECT_EQ(first_line(files_.huge_pages("nr_hugepages")), "3");
  put(files_.huge_pages("free_hugepages"), "6\n");
  EXPECT_NO_THROW(MachineSettings(settings_, folder_.path(), files_));
}

TEST_F(Machine, IsPutBackAfterAKilledLab) {
  put(files_.ksm(), "1\n");
  put(folder_.path() / "machine.json",
      R"([{"file":")" + files_.ksm().string() + R"(","value":"0"}])");
  EXPECT_TRUE(recover_machine_settings(folder_.path()));
  EXPECT_EQ(first_line(files_.ksm()), "0");
  EXPECT_FALSE(recover_machine_settings(folder_.path()));
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
  const OuterImage image{.disk = "/d",
                         .kernel = "/k",
                         .initrd = "/i",
                         .cmdline = "root=x",
                         .emulator = Emulator{.title = "QEMU", .program = "/emulator"}};
  const guest::DomainSpec svm = outer_spec(record::site_svm, image, {}, "o", "/overlay", "/run");
  EXPECT_FALSE(svm.accelerated);
  EXPECT_EQ(svm.emulator, "/emulator");
  EXPECT_THAT(svm.cpu_features, testing::Contains("+svm"));
  const guest::DomainSpec kvm = outer_spec(record::site_kvm, image, {}, "o", "/overlay", "/run");
  EXPECT_TRUE(kvm.accelerated);
  OuterImage stock = image;
  stock.emulator.reset();
  EXPECT_EQ(outer_spec(record::site_svm, stock, {}, "o", "/overlay", "/run").vcpus, 1u);
  EXPECT_EQ(svm.vcpus, 2u);
  EXPECT_EQ(kvm.emulator, "");
  EXPECT_EQ(kvm.cpu_model, "");  // the host's own, with its virtualization
  EXPECT_THROW(outer_site("here"), base::Error);
  EXPECT_EQ(svm.memory_mib, 4096u);
  EXPECT_EQ(size_for_guests(record::site_svm, 1, 1, 768).vcpus, 2u);
  EXPECT_EQ(size_for_guests(record::site_svm, 1, 16, 8192).vcpus, 16u);
  EXPECT_EQ(size_for_guests(record::site_svm, 4, 4, 8192).vcpus, 8u);
  EXPECT_GT(size_for_guests(record::site_svm, 1, 8, 8192).memory_mib, 8192u + 1024u);
  EXPECT_GT(size_for_guests(record::site_svm, 4, 1, 1024).memory_mib, 4 * 1024u + 2048u);
}

TEST(OuterVm, OfVmxIsOneProcessorWithPlainDisks) {
  const OuterImage image{.disk = "/d", .kernel = "/k", .initrd = "/i", .cmdline = "root=x"};
  const OuterSize size = size_for_guests(record::site_vmx, 1, 4, 768);
  EXPECT_EQ(size.vcpus, 1u);
  EXPECT_EQ(size.memory_mib, 1536u);
  EXPECT_THAT(error_of([] { size_for_guests(record::site_vmx, 3, 1, 1024); }),
              testing::HasSubstr("at most 3072 MiB"));
  guest::DomainSpec spec = outer_spec(record::site_vmx, image, size, "o", "/d", "/run");
  ASSERT_EQ(spec.disks.size(), 1u);
  EXPECT_EQ(spec.disks[0].format, "raw");
  spec.disks.push_back({.path = "/g", .serial = "guest1"});
  spec.disks.push_back({.path = "/job", .serial = "job"});
  const std::string text = bochs_configuration(spec);
  EXPECT_THAT(text, testing::HasSubstr("memory: guest=1536, host=1536\n"));
  EXPECT_THAT(text, testing::HasSubstr("display_library: sdl2\n"));
  EXPECT_THAT(text, testing::HasSubstr("ata0-slave: type=disk, mode=volatile, path=disk1, "
                                       "journal=changes1, model=\"guest1\"\n"));
  EXPECT_THAT(text, testing::HasSubstr("ata1-master: type=disk, mode=volatile, path=disk2"));
  EXPECT_THAT(text, testing::HasSubstr("ata1-slave: type=cdrom, path=boot.iso"));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("ata2")));
  spec.emulator = "/own";
  EXPECT_THAT(bochs_configuration(spec), testing::HasSubstr("display_library: nogui\n"));
  EXPECT_THAT(text, testing::HasSubstr("cpu: model=corei7_haswell_4770,"));
  OuterImage later = image;
  later.processor = scenario::Processor::skylake_x;
  spec = outer_spec(record::site_vmx, later, size, "o", "/d", "/run");
  EXPECT_THAT(bochs_configuration(spec), testing::HasSubstr("cpu: model=corei7_skylake_x,"));
}

TEST(OuterVm, HasAnotherProcessorOnVmxOnly) {
  scenario::TrialPlan plan;
  plan.name = "t#1";
  check_bochs({plan}, record::site_svm);
  plan.settings.processor = scenario::Processor::skylake_x;
  EXPECT_THAT(error_of([&] { check_bochs({plan}, record::site_svm); }),
              testing::HasSubstr("kvm.processor is for site vmx, not for 'svm'"));
}

TEST(MachineClock, OfAnotherSpeedIsRefused) {
  check_clock({.tsc_mhz = 100, .monotonic = 1.01});
  EXPECT_THAT([] { check_clock({.tsc_mhz = 100, .monotonic = 0.0286}); },
              testing::ThrowsMessage<base::Error>(testing::HasSubstr("takes 0.029 s")));
  EXPECT_THROW(check_clock({.tsc_mhz = 100, .monotonic = 1.2}), base::Error);
}

TEST(Capabilities, OnlyWhatLibvirtWouldNameIsKept) {
  const base::TemporaryFolder folder("/tmp", "lab-test");
  const auto keep = [&](const std::string& name, const std::string& text) {
    keep_capabilities(folder.path() / "kept", {.file = name, .text = text});
  };
  keep("../../etc/passwd", "x");
  keep(std::string(64, 'A') + ".xml", "x");
  keep(std::string(64, 'b') + ".xml", std::string(2 << 20, 'x'));
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "kept"));
  keep(std::string(64, 'a') + ".xml", "<qemuCaps/>");
  EXPECT_EQ(base::read_file(folder.path() / "kept" / (std::string(64, 'a') + ".xml")),
            "<qemuCaps/>");
}

// A state that was made with them would give other counts than one that was made without.
TEST(Capabilities, AreNotKeptForAMachineWithAClockOfItsOwn) {
  const base::Folders folders{.cache = "/cache"};
  const OuterImage image{.digest = "sha256:" + std::string(64, 'a')};
  const auto kept = [&](const record::Site& site, bool exact) {
    return kept_capabilities(folders, image, {.site = &site, .exact = exact}).string();
  };
  EXPECT_EQ(kept(record::site_svm, false), "/cache/capabilities/svm-aaaaaaaaaaaaaaaa");
  EXPECT_EQ(kept(record::site_svm, true), "");
  EXPECT_EQ(kept(record::site_vmx, false), "");
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
