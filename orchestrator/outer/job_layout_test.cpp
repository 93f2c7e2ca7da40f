// SPDX-License-Identifier: MIT
#include "orchestrator/outer/job_layout.hpp"

#include <gmock/gmock.h>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
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

}  // namespace
}  // namespace lab::outer
