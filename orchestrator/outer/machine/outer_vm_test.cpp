// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/outer/machine/back_end.hpp"
#include "orchestrator/outer/machine/bochs.hpp"

namespace lab::outer {
namespace {

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
  EXPECT_EQ(back_end(record::site_svm).size_for_guests(1, 1, 768).vcpus, 2u);
  EXPECT_EQ(back_end(record::site_svm).size_for_guests(1, 16, 8192).vcpus, 16u);
  EXPECT_EQ(back_end(record::site_svm).size_for_guests(4, 4, 8192).vcpus, 8u);
  EXPECT_GT(back_end(record::site_svm).size_for_guests(1, 8, 8192).memory_mib, 8192u + 1024u);
  EXPECT_GT(back_end(record::site_svm).size_for_guests(4, 1, 1024).memory_mib, 4 * 1024u + 2048u);
}

TEST(OuterVm, OfVmxIsOneProcessorWithPlainDisks) {
  const OuterImage image{.disk = "/d", .kernel = "/k", .initrd = "/i", .cmdline = "root=x"};
  const OuterSize size = back_end(record::site_vmx).size_for_guests(1, 4, 768);
  EXPECT_EQ(size.vcpus, 1u);
  EXPECT_EQ(size.memory_mib, 1536u);
  EXPECT_THAT([] { back_end(record::site_vmx).size_for_guests(3, 1, 1024); },
              testing::Throws<base::Error>(testing::AllOf(
                  testing::Property(&base::Error::kind, base::ErrorKind::user),
                  testing::Property(&base::Error::what, testing::HasSubstr("at most 3072 MiB")))));
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
}  // namespace lab::outer
