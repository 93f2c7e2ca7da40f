// SPDX-License-Identifier: MIT
// Shares code among all end-to-end tests: it runs the lab binary as a user does, stops it in the
// middle, and looks for what it left behind.
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

// Returns the lab that was built with these tests, or $LAB_UNDER_TEST: an installed one, or one
// that is broken on purpose.
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
  // Is called with each line of standard error as it comes.
  std::function<void(pid_t, const std::string&)> on_line;
};

// Is a step for write_tiny(), named cpu.
inline constexpr const char* count_to_2000 =
    "  - run: {name: cpu, command: \"i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); done\"}\n";

class LabTest : public testing::Test {
 protected:
  // Runs lab ARGS... with the user's cache, but with a state folder of this test.
  Finished lab(const std::vector<std::string>& arguments, const How& how = {}) const;

  // Writes a file below this test's folder.
  fs::path write(const std::string& name, const std::string& text) const;

  // Writes a scenario that boots the smallest guest and contains the lines of `more`: first steps,
  // then other keys. Returns the file's path.
  std::string write_tiny(const std::string& more = "") const;

  // Returns the folder of an image in the cache; makes the image if it is missing.
  fs::path image_folder(const std::string& name) const;

  const fs::path& folder() const { return folder_.path(); }
  std::string store() const { return (folder() / "results.sqlite").string(); }

 private:
  base::TemporaryFolder folder_{fs::temp_directory_path(), "lab-e2e"};
};

// Returns the `trials` in the output of `--format json`; adds a failure if it is no such document.
std::vector<json> trials_of(const Finished& run);
// Returns their exits by trial, and within a trial by step and reason.
std::map<std::string, json> exits_by_trial(const Finished& run);
// Returns the element with this name; adds a failure and returns an empty object if there is none.
json named(const json& list, const std::string& name);

// Makes `cache` an XDG_CACHE_HOME that shares all but its folder `what` with the user's cache.
void make_cache_without(const std::string& what, const fs::path& cache);

// Names what that lab's run left: folders, libvirt domains and processes. Ignores others' runs,
// which may go on at the same time.
std::vector<std::string> left_by(pid_t lab);
// Returns half-made folders of the caches.
std::vector<std::string> half_made();
// Returns the process and all its descendants, also those that it does not wait for.
std::vector<pid_t> family_of(pid_t pid);
bool is_alive(pid_t pid);

}  // namespace lab::e2e
