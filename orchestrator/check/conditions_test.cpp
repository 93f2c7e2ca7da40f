// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "orchestrator/check/comparison/cells.hpp"

namespace lab::check {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Conditions, OfLongListsTheWordsThatDifferAreTold) {
  const record::Conditions a = {{"cpu_flags", "fpu svm npt"}, {"kvm_parameters", "mmio=Y npt=1"}},
                           b = {{"cpu_flags", "fpu svm avx"}, {"kvm_parameters", "mmio=N npt=1"}};
  EXPECT_THAT(differences(a, b), ElementsAre(Difference{"cpu_flags", "npt", "avx"},
                                             Difference{"kvm_parameters", "mmio=Y", "mmio=N"}));
  EXPECT_THAT(differences(a, a), IsEmpty());
  // One side did not record them.
  EXPECT_THAT(differences({}, {{"cpu_flags", "fpu svm"}}),
              ElementsAre(Difference{"cpu_flags", "", "fpu svm"}));
}

TEST(Conditions, AParameterThatLabSetOnOneSideIsToldOnce) {
  const record::Conditions set = {{"module_parameters", "exit_layout=descending halt_poll_ns=0"},
                                  {"kvm_parameters", "nested=1"}},
                           usual = {{"module_parameters", "exit_layout=descending"},
                                    {"kvm_parameters", "halt_poll_ns=200000 nested=1"}};
  EXPECT_THAT(differences(set, usual),
              ElementsAre(Difference{"module_parameters", "halt_poll_ns=0", ""}));
}

}  // namespace
}  // namespace lab::check
