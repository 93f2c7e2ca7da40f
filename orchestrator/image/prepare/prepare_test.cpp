// SPDX-License-Identifier: MIT
#include "orchestrator/image/prepare/prepare.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/image/store.hpp"

namespace lab::image {
namespace {

namespace fs = std::filesystem;

// An image that QEMU boots directly, with the folders to prepare it in.
struct DirectImage {
  DirectImage() {
    base::write_file(image.initrd, "i");
    base::write_file(folders.reader, "r");
  }

  base::TemporaryFolder folder{"/tmp", "lab-test"};
  base::Folders folders{
      .cache = folder.path(), .runtime = folder.path(), .reader = folder.path() / "reader"};
  Image image{.name = "t",
              .kind = Image::Kind::direct,
              .kernel = "/k",
              .initrd = folder.path() / "initrd",
              .cmdline = "a",
              .digest = "sha256:1"};
};

TEST(Prepare, KeepsOneInitrdWhateverTheKernelsParameters) {
  const DirectImage direct;
  const auto quietly = [](const std::string&) {};
  const Prepared plain = prepare(direct.image, direct.folders, {}, {}, quietly);
  const Prepared other =
      prepare(direct.image, direct.folders,
              {.console = Console::none, .cmdline = "clocksource=tsc"}, {}, quietly);
  EXPECT_FALSE(plain.found);
  EXPECT_TRUE(other.found);
  EXPECT_EQ(plain.initrd, other.initrd);
  EXPECT_NE(plain.digest, other.digest);
  EXPECT_EQ(other.cmdline, "a " + console_parameters(Console::none) + " clocksource=tsc");
  EXPECT_THROW(
      prepare(direct.image, direct.folders, {.ready_at = ReadyAt::cloud_init}, {}, quietly),
      base::Error);
}

TEST(Prepare, MakesAnInitrdThatIsCutOffAnew) {
  const DirectImage direct;
  const auto prepared = [&] {
    return prepare(direct.image, direct.folders, {}, {}, [](const std::string&) {});
  };
  const Prepared first = prepared();
  const std::string whole = base::read_file(first.initrd);
  fs::resize_file(first.initrd, whole.size() / 2);
  const Prepared again = prepared();
  EXPECT_FALSE(again.found);
  EXPECT_EQ(base::read_file(again.initrd), whole);
  EXPECT_EQ(again.digest, first.digest);
  EXPECT_TRUE(prepared().found);
}

TEST(Prepare, MakesTheSameInitrdWheneverAndWhoeverMakesIt) {
  const DirectImage direct;
  const auto prepared_in = [&](const std::string& cache) {
    base::Folders folders = direct.folders;
    folders.cache /= cache;
    return base::read_file(
        prepare(direct.image, folders, {}, {}, [](const std::string&) {}).initrd);
  };
  const std::string once = prepared_in("a");
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // cpio has whole seconds
  const mode_t usual = ::umask(077);
  const std::string again = prepared_in("another");
  ::umask(usual);
  EXPECT_EQ(again, once);
}

}  // namespace
}  // namespace lab::image
