// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/inside/machine/machine_clock.hpp"
#include "orchestrator/inside/machine/machine_settings.hpp"

namespace lab::inside {
namespace {

class Machine : public testing::Test {
 protected:
  Machine() : folder_("/tmp", "lab-test"), files_{.root = folder_.path()} {
    std::filesystem::create_directories(files_.ksm().parent_path());
    std::filesystem::create_directories(files_.huge_pages("").parent_path());
    put(files_.ksm(), "0\n");
    put(files_.huge_pages("nr_hugepages"), "3\n");
    put(files_.huge_pages("free_hugepages"), "1\n");
  }
  static void put(const std::filesystem::path& file, const std::string& text) {
    base::write_file(file, text);
  }
  // Unlike the kernel's files, a plain file keeps what is longer than the new value.
  static std::string first_line(const std::filesystem::path& file) {
    const std::string text = base::read_file(file);
    return text.substr(0, text.find('\n'));
  }
  base::TemporaryFolder folder_;
  MachineFiles files_;
  scenario::Settings settings_;
};

TEST_F(Machine, RunsKsmOnlyForTheTrial) {
  settings_.ksm = true;
  {
    const MachineSettings settings(settings_, folder_.path(), files_);
    EXPECT_EQ(first_line(files_.ksm()), "1");
    EXPECT_FALSE(recover_machine_settings("/nowhere"));
  }
  EXPECT_EQ(first_line(files_.ksm()), "0");
  std::filesystem::remove(files_.ksm());
  EXPECT_THROW(MachineSettings(settings_, folder_.path(), files_), base::Error);
  settings_.ksm = false;
  EXPECT_NO_THROW(MachineSettings(settings_, folder_.path(), files_));
}

TEST_F(Machine, SetsHugePagesAsideForAllGuestsOrSaysHowManyThereAre) {
  settings_.huge_pages = settings_.ksm = true;
  settings_.guests = 2;
  settings_.memory = 6 << 20;
  try {
    const MachineSettings settings(settings_, folder_.path(), files_);
    FAIL();  // nothing provides the pages here
  } catch (const base::Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("of 6 huge pages of 2 MiB"));
    EXPECT_THAT(error.what(), testing::HasSubstr("only 1 free"));
  }
  EXPECT_EQ(first_line(files_.ksm()), "0");
  EXPECT_EQ(first_line(files_.huge_pages("nr_hugepages")), "3");
  put(files_.huge_pages("free_hugepages"), "6\n");
  EXPECT_NO_THROW(MachineSettings(settings_, folder_.path(), files_));
}

TEST_F(Machine, IsPutBackAfterAKilledLab) {
  put(files_.ksm(), "1\n");
  put(folder_.path() / "machine.json",
      R"([{"file":")" + files_.ksm().string() + R"(","value":"0"}])");
  EXPECT_TRUE(recover_machine_settings(folder_.path()));
  EXPECT_EQ(first_line(files_.ksm()), "0");
  EXPECT_FALSE(recover_machine_settings(folder_.path()));
}

TEST_F(Machine, OneSettingThatIsStuckKeepsNoOther) {
  put(files_.ksm(), "1\n");
  const std::filesystem::path stuck = files_.huge_pages("nr_hugepages"),
                              note = folder_.path() / "machine.json";
  std::filesystem::remove(stuck);
  put(note, R"([{"file":")" + files_.ksm().string() + R"(","value":"0"},{"file":")" +
                stuck.string() + R"(","value":"3"}])");
  EXPECT_THAT([&] { recover_machine_settings(folder_.path()); },
              testing::ThrowsMessage<base::Error>(testing::HasSubstr("nr_hugepages")));
  EXPECT_EQ(first_line(files_.ksm()), "0");
  put(stuck, "9\n");
  EXPECT_TRUE(recover_machine_settings(folder_.path()));
  EXPECT_EQ(first_line(stuck), "3");
  EXPECT_FALSE(std::filesystem::exists(note));
}

TEST(MachineClock, OfAnotherSpeedIsRefused) {
  check_clock({.tsc_mhz = 100, .monotonic = 1.01});
  EXPECT_THAT([] { check_clock({.tsc_mhz = 100, .monotonic = 0.0286}); },
              testing::ThrowsMessage<base::Error>(testing::HasSubstr("takes 0.029 s")));
  EXPECT_THROW(check_clock({.tsc_mhz = 100, .monotonic = 1.2}), base::Error);
}

}  // namespace
}  // namespace lab::inside
