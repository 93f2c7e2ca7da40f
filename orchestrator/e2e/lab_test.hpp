// SPDX-License-Identifier: MIT
// What all end-to-end tests share: running the lab binary as a user does, stopping it in the
// middle, and looking for what it left behind.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "orchestrator/base/files/folders.hpp"

namespace lab::e2e {

using nlohmann::json;
namespace fs = std::filesystem;

// The lab that was built with these tests, or $LAB_UNDER_TEST: an installed one, or one that is
// broken on purpose.
std::string binary();

std::string contents(const fs::path& file);  // "" where it cannot be read

struct Finished {
  int exit_code = -1;  // -1 where a signal ended it
  int signal = 0;
  pid_t pid = 0;
  std::string output, errors;
  double seconds = 0;
};

struct How {
  std::string program = binary();
  std::map<std::string, std::string> environment;
  std::chrono::seconds limit{600};
  // Called with each line of standard error as it comes.
  std::function<void(pid_t, const std::string&)> on_line;
};

// A step for write_tiny(), named cpu.
inline constexpr const char* count_to_2000 =
    "  - run: {name: cpu, command: \"i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); done\"}\n";

class LabTest : public testing::Test {
 protected:
  // lab ARGS..., with the user's cache, but a state folder of this test.
  Finished lab(const std::vector<std::string>& arguments, const How& how = {}) const;

  // Writes a file below this test's folder.
  fs::path write(const std::string& name, const std::string& text) const;

  // Writes a scenario that boots the smallest guest and does what `more` says: steps, a line each,
  // then other keys. Gives the file's path.
  std::string write_tiny(const std::string& more = "") const;

  const fs::path& folder() const { return folder_.path(); }
  std::string store() const { return (folder() / "results.sqlite").string(); }

 private:
  base::TemporaryFolder folder_{fs::temp_directory_path(), "lab-e2e"};
};

// The `trials` of what `--format json` printed; adds a failure where that is no such document.
std::vector<json> trials_of(const Finished& run);
// Their exits by trial, and in it by step and reason.
std::map<std::string, json> exits_by_trial(const Finished& run);
// The element with this name; an empty object (and a failure) where there is none.
json named(const json& list, const std::string& name);

// Makes `cache` one for XDG_CACHE_HOME that shares all but `what`, a folder in it, with the user's.
void make_cache_without(const std::string& what, const fs::path& cache);

// What is left of that lab's run: folders, libvirt domains and processes, in words. Others' runs,
// which may go on at the same time, are not looked at.
std::vector<std::string> left_by(pid_t lab);
// Half-made folders of the caches.
std::vector<std::string> half_made();
// The process and all that it started, those it did not wait for too.
std::vector<pid_t> family_of(pid_t pid);
bool is_alive(pid_t pid);

}  // namespace lab::e2e
