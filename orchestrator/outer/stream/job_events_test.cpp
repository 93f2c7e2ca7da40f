// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/outer/stream/job_events.hpp"

namespace lab::outer {
namespace {

TEST(Capabilities, OnlyWhatLibvirtWouldNameIsKept) {
  const base::TemporaryFolder folder("/tmp", "lab-test");
  const auto keep = [&](const std::string& name, const std::string& text) {
    keep_capabilities(folder.path() / "kept", {.file = name, .text = text});
  };
  keep("../../etc/passwd", "x");
  keep(std::string(64, 'A') + ".xml", "x");
  keep(std::string(64, 'b') + ".xml", std::string(2 << 20, 'x'));
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "kept"));
  keep(std::string(64, 'a') + ".xml", "<qemuCaps/>");
  EXPECT_EQ(base::read_file(folder.path() / "kept" / (std::string(64, 'a') + ".xml")),
            "<qemuCaps/>");
}

// A state made with them would give other counts than one made without.
TEST(Capabilities, AreNotKeptForAMachineWithAClockOfItsOwn) {
  const base::Folders folders{.cache = "/cache"};
  const OuterImage outer_image{.digest = "sha256:" + std::string(64, 'a')};
  const auto kept = [&](const record::Site& site, bool exact) {
    return kept_capabilities(folders, outer_image, {.site = &site, .exact = exact}).string();
  };
  EXPECT_EQ(kept(record::site_svm, false), "/cache/capabilities/svm-aaaaaaaaaaaaaaaa");
  EXPECT_EQ(kept(record::site_svm, true), "");
  EXPECT_EQ(kept(record::site_vmx, false), "");
}

}  // namespace
}  // namespace lab::outer
