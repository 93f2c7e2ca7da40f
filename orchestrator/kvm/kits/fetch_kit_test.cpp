// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/kvm/kits/kit.hpp"
#include "orchestrator/kvm/kits/patch_folder_test.hpp"

namespace lab::kvm {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

// Runs the real fetch-kit with programs in apt's place whose lists have two kernels. `apt-get
// download` prints the file `download`, and fails.
class FetchKit : public testing::Test {
 protected:
  FetchKit() {
    fs::create_directories(folder_.path() / "bin");
    write_program("apt-get",
                  "case \"$*\" in\n"
                  "*REPO_URI*) echo http://mirror " +
                      machine_suite() +
                      " main ;;\n"
                      "*FILENAME*) echo " +
                      path("Packages") +
                      " ;;\n"
                      "*\" download \"*) cat " +
                      path("download") + " >&2; exit 100 ;;\nesac\n");
    // Like the real one it ends with 0 for a version that is gone, and prints nothing.
    write_program("apt-cache",
                  "case \"$*\" in\n"
                  "*linux-headers-*=*) echo 'Depends: linux-kbuild-6.1 (>= 6.1.190-1)' ;;\n"
                  "*--no-all-versions*linux-kbuild-6.1*) echo 'Version: 6.1.192-2' ;;\nesac\n");
    base::write_file(path("Packages"), packages("6.1.0-55", "6.1.192-1") +
                                           packages("6.1.0-54", "6.1.190-1") +
                                           "Package: linux-kbuild-6.1\nVersion: 6.1.192-2\n\n");
    ::setenv("PATH", ((folder_.path() / "bin").string() + ":" + before_).c_str(), 1);
  }
  ~FetchKit() override { ::setenv("PATH", before_.c_str(), 1); }

  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

  void write_program(const std::string& name, const std::string& body) const {
    base::write_file(path("bin/" + name), "#!/bin/sh\n" + body);
    fs::permissions(path("bin/" + name), fs::perms::owner_all);
  }

  static std::string packages(const std::string& abi, const std::string& version) {
    const std::string release = abi + "-amd64", common = "linux-headers-" + abi + "-common";
    std::string text;
    for (const std::string& name :
         {"linux-image-" + release, common, std::string("linux-source-6.1")})
      text += "Package: " + name + "\nVersion: " + version + "\n\n";
    return text + "Package: linux-headers-" + release + "\nVersion: " + version +
           "\nDepends: " + common + " (= " + version + "), linux-kbuild-6.1 (>= " + version +
           "), linux-compiler-gcc-12-x86\n\n";
  }

  // Returns "WHAT | HINT" of a download during which apt prints this.
  std::string failure(const std::string& kernel, const std::string& apt_says) const {
    base::write_file(path("download"), apt_says);
    try {
      find_or_fetch_kit(folder_.path(), patch_folder, kernel, nullptr);
      return "";
    } catch (const base::Error& error) {
      EXPECT_EQ(error.kind(), base::ErrorKind::infrastructure);
      return std::string(error.what()) + " | " + error.hint();
    }
  }

  std::vector<std::string> available() const {
    std::vector<std::string> found;
    for (const AvailableKernel& kernel : list_available(folder_.path(), patch_folder, nullptr))
      if (kernel.suite == machine_suite()) found.push_back(kernel.release);
    return found;
  }

  std::string before_ = ::getenv("PATH");
  base::TemporaryFolder folder_{fs::temp_directory_path(), "kit-test"};
};

constexpr const char* gone = "E: Failed to fetch http://mirror/a.deb  404  Not Found [IP: 1]\n";

TEST_F(FetchKit, SaysWhatAptSaidWhereADownloadFails) {
  const std::string text =
      failure("6.1.0-55-amd64",
              "Ign:1 http://mirror linux-source-6.1\n"
              "E: Failed to fetch http://mirror/1.deb  404\nE: Failed to fetch http://mirror/2.deb "
              " 404\nE: Failed to fetch http://mirror/3.deb  404\n"
              "E: Some files failed to download\n");
  EXPECT_THAT(text, HasSubstr("linux-source-6.1=6.1.192-1"));
  EXPECT_THAT(text, HasSubstr("\n  apt: Failed to fetch http://mirror/2.deb  404"
                              "\n  apt: Failed to fetch http://mirror/3.deb  404"
                              "\n  apt: Some files failed to download | "));
  EXPECT_THAT(text, Not(HasSubstr("1.deb")));  // the last three
}

// Debian keeps one version of these tools; a later version's work, too.
TEST_F(FetchKit, TakesNewerToolsWhereTheKernelsOwnAreGone) {
  EXPECT_THAT(failure("6.1.0-55-amd64", gone), HasSubstr(" linux-kbuild-6.1=6.1.192-2\n"));
}

TEST_F(FetchKit, ListsNoKernelOfWhichAFileIsGone) {
  EXPECT_THAT(available(), testing::ElementsAre("6.1.0-55-amd64", "6.1.0-54-amd64"));
  EXPECT_THAT(failure("6.1", gone), HasSubstr("linux-image-6.1.0-55-amd64"));
  EXPECT_THAT(available(), testing::ElementsAre("6.1.0-54-amd64"));
  EXPECT_THAT(failure("6.1", "E: Could not resolve 'mirror'\n"),
              HasSubstr("linux-image-6.1.0-54-amd64"));
  EXPECT_THAT(available(), testing::ElementsAre("6.1.0-54-amd64")) << "there, but no network";
  // A kernel given by its full name is tried again, as the mirror may have it again.
  EXPECT_THAT(failure("6.1.0-55-amd64", gone), HasSubstr("linux-image-6.1.0-55-amd64"));
}

}  // namespace
}  // namespace lab::kvm
