// SPDX-License-Identifier: MIT
// Tests the words that C++ and shell scripts must share, each on its side.
#include "orchestrator/inside/job.hpp"

#include <gmock/gmock.h>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/kvm/kits/kit.hpp"
#include "orchestrator/outer/machine/emulator.hpp"

namespace lab::outer {
namespace {

using testing::HasSubstr;

std::string script(const std::string& name) {
  return base::read_file(LAB_SOURCE_DIR "/" + name);
}

TEST(Places, AreWhereTheOuterImagePutsThem) {
  const std::string job = inside::job_place, devices = inside::devices_place;
  EXPECT_EQ(inside::stream_place, devices + "/stream");
  const std::string folder = "images/outer/files/usr/local/sbin/";
  const std::string lab_job = script(folder + "lab-job");
  EXPECT_THAT(lab_job, HasSubstr("mkdir -p " + job + " " + devices + "\n"));
  EXPECT_THAT(lab_job, HasSubstr("mount -o ro " + devices + "/job " + job + "\n"));
  EXPECT_THAT(lab_job, HasSubstr("\"" + devices + "/$name\""));
  EXPECT_THAT(lab_job, HasSubstr(std::string("ln -sfn /dev/lp0 ") + inside::stream_place + "\n"));
  EXPECT_THAT(lab_job, HasSubstr("\nexec " + job + "/start\n"));
  EXPECT_THAT(script(folder + "lab-warm"), HasSubstr("umount " + job + "\n"));
  EXPECT_THAT(script(folder + "lab-ready"), HasSubstr("modules=" + job + "/modules"));
}

// Else a recipe would make the outer VM of another suite than its kernel.
TEST(Places, RecipesAndKernelsAreOfTheSameSuite) {
  EXPECT_THAT(script("images/common/recipe.sh"),
              HasSubstr(std::string("\nsuite=${LAB_SUITE:-") + kvm::outer_suite + "}\n"));
}

TEST(Places, LabsEmulatorsAreWhereTheyAreBuilt) {
  EXPECT_THAT(script("ci/emulators/build"),
              HasSubstr("\nto=" + std::string(emulators_folder) + " "));
  for (const EmulatorKind* kind : {&own_qemu, &own_bochs})
    EXPECT_THAT(script(std::string("ci/emulators/") + kind->name + "/recipe"),
                HasSubstr(std::string("title=") + kind->title + " program=" + kind->program + " "));
}

}  // namespace
}  // namespace lab::outer
