// SPDX-License-Identifier: MIT
#include "orchestrator/fuzz/targets.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "orchestrator/fuzz/mutate.hpp"

namespace lab::fuzz {
namespace {

class Fuzz : public testing::TestWithParam<Target> {};

std::string shown(const std::string& input) {
  return testing::PrintToString(input.substr(0, 2000));
}

// ci/fuzz does this for hours; this test runs the first few thousand inputs, always the same ones.
TEST_P(Fuzz, OnlyAnErrorComesOfAnyInput) {
  const Target& target = GetParam();
  const std::vector<std::string> seeds = target.seeds(LAB_SOURCE_DIR);
  ASSERT_FALSE(seeds.empty());
  for (const std::string& seed : seeds) EXPECT_NO_THROW(target.run(seed)) << shown(seed);
  std::mt19937 random(19);
  for (unsigned i = 0; i < target.mutations; ++i) {
    const std::string input = mutate(seeds[i % seeds.size()], random);
    ASSERT_NO_THROW(target.run(input)) << shown(input);
  }
}

std::string name_of(const testing::TestParamInfo<Target>& info) {
  std::string name(info.param.name);
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Targets, Fuzz, testing::ValuesIn(targets().begin(), targets().end()),
                         name_of);

}  // namespace
}  // namespace lab::fuzz
