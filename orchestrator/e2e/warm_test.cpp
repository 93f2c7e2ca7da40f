// SPDX-License-Identifier: MIT
// Tests outer VMs that start from a saved state: lab makes it once, and never trusts a damaged one.
#include <fstream>

#include "orchestrator/e2e/lab_test.hpp"

namespace lab::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;

class Warm : public LabTest {
 protected:
  Finished boot_tiny() const {
    Finished run = lab(
        {"run", write_tiny(), "--on", "svm", "--no-exact", "--format", "json", "--store", store()});
    EXPECT_EQ(run.exit_code, 0) << run.errors;
    EXPECT_THAT(left_by(run.pid), testing::IsEmpty());
    return run;
  }
};

// Changes one byte in the middle of the written data.
void damage(const fs::path& file) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(1 << 20);
  const char byte = static_cast<char>(stream.peek() ^ 1);
  stream.seekp(1 << 20);
  stream.put(byte);
}

TEST_F(Warm, ADamagedStateIsMadeAnewAndAGoodOneIsStartedFrom) {
  constexpr const char* making = "outer VM's first boot";
  boot_tiny();
  for (const auto& state : fs::directory_iterator(base::find_folders().cache / "warm"))
    damage(state.path() / "memory");
  const Finished after_damage = boot_tiny();
  EXPECT_THAT(after_damage.errors, HasSubstr("is of no use, and made anew"));
  EXPECT_THAT(after_damage.errors, HasSubstr(making));
  const Finished warm = boot_tiny();
  EXPECT_THAT(warm.errors, Not(HasSubstr(making)));
  // Both continued from the same state, with other random numbers and with today's time.
  const json first = trials_of(after_damage).at(0), second = trials_of(warm).at(0);
  EXPECT_NE(first.at("id"), second.at("id"));
  EXPECT_LT(first.at("conditions").at("start_time"), second.at("conditions").at("start_time"));
}

}  // namespace
}  // namespace lab::e2e
