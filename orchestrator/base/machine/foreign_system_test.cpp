// SPDX-License-Identifier: MIT
#include "orchestrator/base/machine/foreign_system.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/folders.hpp"

namespace lab::base {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

class ForeignSystem : public testing::Test {
 protected:
  ForeignSystem() {
    fs::create_directories(root() / "etc");
    fs::create_directories(root() / "usr/bin");
    std::ofstream(root() / "usr/bin/apt-get") << "";
  }
  std::string found(const std::string& os_release) const {
    std::ofstream(root() / "etc/os-release") << os_release;
    return foreign_system(root());
  }
  const fs::path& root() const { return folder_.path(); }

 private:
  TemporaryFolder folder_{fs::temp_directory_path(), "foreign-system"};
};

TEST_F(ForeignSystem, IsNoneOnDebianTwelveThirteenAndTesting) {
  EXPECT_EQ(found("PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\n"),
            "");
  EXPECT_EQ(found("ID=debian\nVERSION_ID=\"13\"\n"), "");
  EXPECT_EQ(found("ID=debian\n"), "");
  EXPECT_NO_THROW(need_debian("an image", root()));
}

TEST_F(ForeignSystem, IsNamedAsItCallsItself) {
  EXPECT_EQ(found("ID=fedora\nVERSION_ID=41\nPRETTY_NAME=\"Fedora Linux 41\"\n"),
            "'Fedora Linux 41'");
  EXPECT_EQ(found("ID=ubuntu\nID_LIKE=debian\nVERSION_ID=\"24.04\"\nPRETTY_NAME='Ubuntu 24.04'\n"),
            "'Ubuntu 24.04'");
  EXPECT_EQ(found("ID=debian\nVERSION_ID=\"11\"\n"), "Debian 11");
  EXPECT_EQ(found(""), "''");
}

TEST_F(ForeignSystem, DebianWithoutAptIsOne) {
  fs::remove(root() / "usr/bin/apt-get");
  EXPECT_EQ(found("ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n"),
            "'Debian GNU/Linux 12'");
}

TEST_F(ForeignSystem, IsAnErrorOfOneLineWithTheRemedyWhereSomethingHasToBeMade) {
  EXPECT_EQ(found("ID=arch\nPRETTY_NAME=\"Arch Linux\"\n"), "'Arch Linux'");
  try {
    need_debian("image 'tiny'", root());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::infrastructure);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("on Debian 12 or later, and this is 'Arch Linux': "),
                                    HasSubstr("cannot make image 'tiny'"), Not(HasSubstr("\n"))));
    EXPECT_THAT(error.hint(), HasSubstr("ci/Containerfile"));
  }
}

}  // namespace
}  // namespace lab::base
