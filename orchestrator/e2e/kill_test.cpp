// SPDX-License-Identifier: MIT
// Stops lab in each phase of a run. After SIGTERM and SIGINT it soon clears everything itself;
// after SIGKILL the next call does.
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <set>
#include <thread>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/e2e/lab_test.hpp"

namespace lab::e2e {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::IsEmpty;

struct Stop {
  const char* name;
  const char* phase;  // what the line of progress says
  int signal;
  milliseconds after;  // the phase's begin
  const char* image = "tiny";
  enum class Change { none, reader, recipe } change = Change::none;  // so that something is made
};

std::ostream& operator<<(std::ostream& out, const Stop& stop) {
  return out << stop.name;
}

const Stop stops[] = {
    {"OuterVm", "] outer VM", SIGKILL, milliseconds(6000)},
    {"Modules", ": modules", SIGTERM, milliseconds(100)},
    {"Start", ": start", SIGKILL, milliseconds(1500)},
    {"Boot", ": boot", SIGINT, milliseconds(1000)},
    {"Step", ": step idle", SIGKILL, milliseconds(500)},
    {"BuildingAnImage", "tiny: fetching", SIGKILL, milliseconds(200), "tiny", Stop::Change::recipe},
    {"InjectingTheReader", "injecting the reader", SIGKILL, milliseconds(5000), "debian-12",
     Stop::Change::reader},
    {"InjectingTheReaderPolitely", "injecting the reader", SIGTERM, milliseconds(5000), "debian-12",
     Stop::Change::reader},
};

class Kill : public LabTest, public testing::WithParamInterface<Stop> {
 protected:
  std::map<std::string, std::string> environment() const {
    switch (GetParam().change) {
      case Stop::Change::none:
        return {};
      case Stop::Change::reader:
        return {{"LAB_READER", changed_reader().string()}};
      case Stop::Change::recipe:
        return {{"LAB_SHARE", changed_share().string()}};
    }
    return {};
  }

 private:
  // Appends bytes to the ELF file, which change nothing but its digest.
  fs::path changed_reader() const {
    const fs::path file = folder() / "lab-reader";
    fs::copy_file(base::find_folders().reader, file);
    std::ofstream(file, std::ios::app) << "changed for a test";
    return file;
  }

  fs::path changed_share() const {
    const fs::path share = folder() / "share";
    fs::create_directories(share);
    for (const char* part : {"images", "kvm-patch"})
      fs::copy(fs::path(LAB_SOURCE_DIR) / part, share / part,
               fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    std::ofstream(share / "images/tiny/build", std::ios::app) << "# changed for a test\n";
    return share;
  }
};

// Returns the folders that libguestfs makes outside of the cache.
std::set<std::string> guestfs_folders() {
  std::set<std::string> found;
  for (const auto& entry : fs::directory_iterator(fs::temp_directory_path()))
    if (entry.path().filename().string().starts_with("libguestfs"))
      found.insert(entry.path().string());
  return found;
}

// Returns those that still run after a while: libguestfs ends its appliance when it finds, within
// two seconds, that lab is gone.
std::vector<std::string> alive(const std::vector<pid_t>& family) {
  std::vector<std::string> found;
  for (int tries = 0; tries < 50; ++tries) {
    found.clear();
    for (const pid_t pid : family)
      if (is_alive(pid)) found.push_back("process " + std::to_string(pid));
    if (found.empty()) break;
    std::this_thread::sleep_for(milliseconds(100));
  }
  return found;
}

TEST_P(Kill, LeavesNothingBehind) {
  const Stop& stop = GetParam();
  const fs::path scenario = write("kill.yaml", std::string(R"(version: 1
name: kill
guest: {memory: 256 MiB}
steps:
  - boot: {until: reader}
  - run: {name: idle, command: sleep 60}
image: )") + stop.image + "\n");
  const auto folders_before = guestfs_folders();
  bool sent = false;
  std::vector<pid_t> family;
  base::Stopwatch since;
  const auto send = [&](pid_t lab, const std::string& line) {
    if (sent || line.find(stop.phase) == std::string::npos) return;
    sent = true;
    std::this_thread::sleep_for(stop.after);
    family = family_of(lab);
    since.restart();
    ::kill(lab, stop.signal);
  };
  const Finished run =
      lab({"run", scenario.string(), "--on", "svm", "--no-exact", "--store", store()},
          {.environment = environment(), .on_line = send});
  const double seconds = since.seconds();
  ASSERT_TRUE(sent) << "the phase '" << stop.phase << "' never came:\n" << run.errors;
  if (stop.signal == SIGKILL) {
    EXPECT_EQ(run.signal, SIGKILL);
    EXPECT_EQ(lab({"kvm", "status"}).exit_code, 0);
  } else {
    EXPECT_EQ(run.exit_code, 130) << run.errors;
    EXPECT_THAT(run.errors, HasSubstr("stopped by"));
    EXPECT_LT(seconds, 20);
  }
  EXPECT_THAT(left_by(run.pid), IsEmpty());
  EXPECT_THAT(alive(family), IsEmpty());
  EXPECT_THAT(half_made(), IsEmpty());
  EXPECT_THAT(folders_before, testing::IsSupersetOf(guestfs_folders()));
}

INSTANTIATE_TEST_SUITE_P(InEachPhase, Kill, testing::ValuesIn(stops),
                         [](const auto& stop) { return std::string(stop.param.name); });

}  // namespace
}  // namespace lab::e2e
