// SPDX-License-Identifier: MIT
// Tests `lab run --via`, `--shard` and `--resume` as far as they go without a lane.
#include "orchestrator/cli/lab_fixture.hpp"

namespace lab::cli {
namespace {

class LaneOptions : public Lab {};

TEST_F(LaneOptions, AreRefusedWhereTheyMeanNothing) {
  const std::string file = scenario();
  const std::string store = folder() + "/store.sqlite";
  expect(2, {"run", file, "--store", store, "--on", "svm", "--via", "x", "-j", "0"},
         HasSubstr("-j 0 with --via: say how many lanes"));
  expect(2, {"run", file, "--store", store, "--on", "svm", "--no-known-trial"},
         HasSubstr("--no-known-trial: only with --via"));
  expect(2, {"run", file, "--store", store, "--on", "svm", "--queue-limit", "5"},
         HasSubstr("--queue-limit: only with --via"));
  expect(2, {"provide", file, "--on", "svm", "-j", "2"}, HasSubstr("-j: only with --via"));
  expect(2, {"provide", file, "--on", "svm", "--via", "x", "--share", "/tmp/x"},
         HasSubstr("--share: not with --via"));
  expect(2, {"run", file, "--store", store, "--on", "svm", "--slurm-options", "-p x"},
         HasSubstr("--slurm-options: only with --via slurm"));
  expect(2, {"run", file, "--store", stored(2), "--on", "svm", "--resume", "moon"},
         HasSubstr("moon"));
}

TEST_F(LaneOptions, AShardIsEveryNthCell) {
  const std::string file = write("cells.yaml",
                                 "version: 1\nname: c\nimage: tiny\nrepeat: 2\n"
                                 "matrix: {guest.vcpus: [1, 2, 3]}\nsteps: [boot: ]\n");
  EXPECT_EQ(lab({"run", file, "--dry-run", "--shard", "1/2"}).output,
            "c[guest.vcpus=1]#1\nc[guest.vcpus=1]#2\nc[guest.vcpus=3]#1\nc[guest.vcpus=3]#2\n");
  EXPECT_EQ(lab({"run", file, "--dry-run", "--shard", "2/2"}).output,
            "c[guest.vcpus=2]#1\nc[guest.vcpus=2]#2\n");
  for (const char* shard : {"0/2", "3/2", "x", "1/0", "1/2/3", "-1/2"})
    expect(2, {"run", file, "--dry-run", "--shard", shard}, HasSubstr("K/N"));
  expect(2, {"run", file, "--dry-run", "--shard", "4/4"}, HasSubstr("only 3 cells"));
}

}  // namespace
}  // namespace lab::cli
