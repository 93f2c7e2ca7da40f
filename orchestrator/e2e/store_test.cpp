// SPDX-License-Identifier: MIT
// Tests a store on a full disk: it loses nothing that it had, and stores nothing by halves.
#include <sys/mount.h>
#include <unistd.h>

#include "orchestrator/e2e/lab_test.hpp"

namespace lab::e2e {
namespace {

using testing::HasSubstr;

// Returns one line of `lab results export`, with a console of so many bytes.
std::string record_line(int number, std::size_t console) {
  const std::string id = "2026112" + std::to_string(number) + "T000000.000Z-00000001";
  return json{{"id", id},
              {"scenario", "s"},
              {"trial", "s#1"},
              {"site", "svm"},
              {"repeat", 1},
              {"outcome", "passed"},
              {"start_time", "2026-11-22T00:00:00.000Z"},
              {"conditions", {{"vendor", "svm"}}},
              {"steps", json::array()},
              {"checks", json::array()},
              {"timings", json::object()},
              {"console_tail", std::string(console, 'x')}}
             .dump() +
         "\n";
}

class FullDisk : public LabTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "mounting needs root";
    fs::create_directory(disk);
    ASSERT_EQ(::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=640k"), 0);
  }
  void TearDown() override { ::umount2(disk.c_str(), MNT_DETACH); }

  Finished import(const std::string& name, const std::string& lines) const {
    return lab({"results", "import", write(name, lines).string(), "--store", store_file});
  }

  const fs::path disk = folder() / "disk";
  const std::string store_file = (disk / "results.sqlite").string();
};

TEST_F(FullDisk, LosesNothingAndKeepsNoHalves) {
  const Finished small = import("small.jsonl", record_line(1, 1000));
  ASSERT_EQ(small.exit_code, 0) << small.errors;
  const Finished large = import(
      "large.jsonl", record_line(2, 1000) + record_line(3, 400'000) + record_line(4, 400'000));
  EXPECT_EQ(large.exit_code, 3) << large.output;
  EXPECT_THAT(large.errors, HasSubstr("no space left"));
  const Finished list = lab({"results", "list", "--store", store_file});
  EXPECT_EQ(list.exit_code, 0) << list.errors;
  EXPECT_THAT(list.output, HasSubstr("20261121T"));
  for (const char* other : {"20261122T", "20261123T", "20261124T"})
    EXPECT_THAT(list.output, testing::Not(HasSubstr(other)));
  const Finished after = import("after.jsonl", record_line(5, 1000));
  EXPECT_EQ(after.exit_code, 0) << after.errors;
}

}  // namespace
}  // namespace lab::e2e
