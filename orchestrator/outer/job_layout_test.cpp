// SPDX-License-Identifier: MIT
#include "orchestrator/outer/job_layout.hpp"

#include <gmock/gmock.h>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/files/sizes.hpp"
#include "orchestrator/base/process/subprocess.hpp"

namespace lab::outer {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// An exact run keeps the job in memory. The image's clusters are allocated but empty.
TEST(JobLayout, RefusesAnImageThatIsTooLargeForAnExactRun) {
  const base::TemporaryFolder folder(fs::temp_directory_path(), "layout-test");
  const fs::path images = folder.path() / "image", work = folder.path() / "work";
  for (const fs::path& made : {images, work, folder.path() / "modules"}) fs::create_directory(made);
  base::write_file(folder.path() / "system.raw", "");
  base::run_checked({.argv = {"qemu-img", "create", "-q", "-f", "qcow2", "-o",
                              "preallocation=metadata", (images / "disk.qcow2").string(), "3G"}});
  inside::Job job{.site = record::find_site("svm"),
                  .modules = folder.path() / "modules",
                  .exact = true,
                  .images = {{"mine", {.name = "mine", .disk = images / "disk.qcow2"}}}};
  const OuterImage outer{.disk = folder.path() / "system.raw"};
  try {
    lay_out_outer(outer, job, "name", work, work, start_job);
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::ErrorKind::user);
    EXPECT_THAT(error.what(), HasSubstr("; an exact run has room for 2048"));
    EXPECT_THAT(error.hint(), HasSubstr("--no-exact"));
  }
}

// The outer VM reads the whole folder, so one file more would move the counts of exact runs.
TEST(JobLayout, HasTheModulesWithoutTheirSizes) {
  const base::TemporaryFolder folder(fs::temp_directory_path(), "layout-test");
  const fs::path work = folder.path() / "work", modules = folder.path() / "modules";
  for (const fs::path& made : {work, modules}) fs::create_directory(made);
  base::write_file(folder.path() / "system.raw", "");
  base::write_file(modules / "kvm.ko", "module");
  base::record_sizes(modules);
  const inside::Job job{.site = record::find_site("svm"), .modules = modules, .exact = true};
  lay_out_without_job({.disk = folder.path() / "system.raw"}, job, "name", work, work,
                      start_nothing);
  const std::string listed =
      base::run_checked({.argv = {"debugfs", "-R", "ls -p /modules", (work / "job.img").string()}});
  EXPECT_THAT(listed, HasSubstr("/kvm.ko/"));
  EXPECT_THAT(listed, testing::Not(HasSubstr(base::sizes_name)));
}

}  // namespace
}  // namespace lab::outer
