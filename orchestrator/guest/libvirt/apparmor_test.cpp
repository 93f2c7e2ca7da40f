// SPDX-License-Identifier: MIT
#include "orchestrator/guest/libvirt/apparmor.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/base/text.hpp"

namespace lab::guest {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

TEST(AppArmor, AProfileHasTheNameThatLibvirtGivesIt) {
  const std::string uuid = domain_uuid("lab-outer-12.abc");
  EXPECT_THAT(uuid, MatchesRegex("6c616200-[0-9a-f]{4}-4000-8000-[0-9a-f]{12}"));
  EXPECT_EQ(domain_uuid("lab-outer-12.abc"), uuid);
  const std::string other = domain_uuid("lab-guest0-12.abc");  // of the same run
  EXPECT_NE(other, uuid);
  EXPECT_EQ(other.substr(24), uuid.substr(24));
  EXPECT_NE(domain_uuid("lab-outer-12.abd").substr(24), uuid.substr(24));
  EXPECT_THAT(profile_text("lab-outer-12.abc", {}), HasSubstr("\nprofile libvirt-" + uuid + " "));
}

TEST(AppArmor, AProfileNamesFilesAndFolders) {
  const base::TemporaryFolder folder("/tmp", "lab-test");
  const std::string path = std::filesystem::canonical(folder.path());
  base::write_file(folder.path() / "disk", "");
  std::filesystem::create_symlink("disk", folder.path() / "link");
  const std::string text =
      profile_text("lab-x-1", {.read = {folder.path() / "link"}, .written = {folder.path()}});
  EXPECT_THAT(text, HasSubstr("\n  \"" + path + "/disk\" mrkix,\n"));
  EXPECT_THAT(text, HasSubstr("\n  \"" + path + "/**\" rwk,\n"));
  EXPECT_THAT(text, Not(HasSubstr("link")));
}

// Any other rule would let a guest that breaks out of QEMU use more: `/** rw,` all of the machine.
TEST(AppArmor, AProfileHasTheseRulesAndNoOthers) {
  const std::string text = profile_text("lab-x-1", {.read = {"/a"}, .written = {"/b"}});
  const auto lines = base::split_lines(text);
  EXPECT_THAT(std::vector(lines.begin(), lines.end()),
              testing::ElementsAre(
                  "#include <tunables/global>",
                  "profile libvirt-" + domain_uuid("lab-x-1") + " flags=(attach_disconnected) {",
                  "  #include <abstractions/libvirt-qemu>", "  /usr/** mr,", "  /opt/** mr,",
                  "  /lib/** mr,", "  /lib64/** mr,", "  /dev/hugepages/** rwk,",
                  "  /run/libvirt/qemu/** rwk,", "  /var/lib/libvirt/qemu/** rwk,",
                  "  /var/log/libvirt/qemu/*.log w,", "  \"/a\" mrkix,", "  \"/b\" rwk,", "}"));
}

// Such a path would be a rule for all files, or end the quotes.
TEST(AppArmor, APathIsNoPattern) {
  const std::string text = profile_text("lab-x-1", {.read = {"/a/**\"{b}@{HOME}^[c]\\\n"}});
  EXPECT_THAT(text, HasSubstr("\n  \"/a/????b?@?HOME???c???\" mrkix,\n"));
}

// The parser needs no AppArmor in the kernel for that, but the package that has the files to
// include.
TEST(AppArmor, AProfileIsTakenByItsParser) {
  const base::TemporaryFolder folder("/tmp", "lab-test");
  const base::Outcome found = base::run({.argv = {"sh", "-c", "command -v apparmor_parser"}});
  if (found.exit_code != 0 || !std::filesystem::exists("/etc/apparmor.d/abstractions/libvirt-qemu"))
    GTEST_SKIP() << "no apparmor_parser";
  base::write_file(folder.path() / "profile",
                   profile_text("lab-x-1", {.read = {"/a/**\"{b}@{HOME}^[c]\\\n", "/é, #"},
                                            .written = {"/tmp"}}));
  const base::Outcome parsed = base::run({.argv = {"apparmor_parser", "--skip-kernel-load",
                                                   "--skip-cache", folder.path() / "profile"}});
  EXPECT_EQ(parsed.exit_code, 0) << parsed.errors;
}

}  // namespace
}  // namespace lab::guest
