// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <sstream>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/outer/job_layout.hpp"

namespace lab::outer {
namespace {
using testing::HasSubstr;
using testing::StartsWith;
namespace fs = std::filesystem;

class CarriedLibraries : public testing::Test {
 protected:
  base::TemporaryFolder folder_{"/tmp", "l"};  // a short path
  const fs::path program_ = folder_.path() / "lab";
  const fs::path loader_ = folder_.path() / "libs/ld.so";

  void SetUp() override { fs::copy_file("/proc/self/exe", program_); }
};

TEST_F(CarriedLibraries, AProgramRunsByThemAlone) {
  carry_libraries(program_, loader_);
  // The loader prints "NAME => PATH (ADDRESS)" for each library, and runs nothing.
  std::istringstream lines(base::run_checked(
      {.argv = {program_.string()}, .environment = {{"LD_TRACE_LOADED_OBJECTS", "1"}}}));
  int libraries = 0;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t arrow = line.find("=> ");
    if (arrow == std::string::npos) continue;  // the kernel's own, and the loader
    EXPECT_THAT(line.substr(arrow + 3), StartsWith((folder_.path() / "libs/").string()));
    ++libraries;
  }
  EXPECT_GT(libraries, 5);
  EXPECT_THAT(base::run_checked({.argv = {program_.string(), "--gtest_list_tests"}}),
              HasSubstr("CarriedLibraries."));
}

TEST_F(CarriedLibraries, ALoaderWhosePathDoesNotFitIsAnError) {
  EXPECT_THROW(carry_libraries(program_, "/run/lab/job/a/path/that/is/too/long/ld.so"),
               base::Error);
}

}  // namespace
}  // namespace lab::outer
