// SPDX-License-Identifier: MIT
// Runs whole commands in this process for tests, on a store and scenarios of their own.
#pragma once

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/cli/lab.hpp"
#include "orchestrator/store/generated.hpp"
#include "orchestrator/store/store.hpp"

namespace lab::cli {

namespace fs = std::filesystem;

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

using Words = std::vector<std::string>;

struct Finished {
  int code;
  std::string output, errors;
};

inline std::string name_of(const Words& words) {
  std::string text = "lab";
  for (const std::string& word : words) text += " " + word;
  return text;
}

inline Finished lab(const Words& words) {
  std::vector<const char*> argv{"lab"};
  for (const std::string& word : words) argv.push_back(word.c_str());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const int code = run_lab(int(argv.size()), argv.data());
  std::fflush(nullptr);
  return {code, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
}

class Lab : public testing::Test {
 protected:
  Lab() {
    for (const char* name :
         {"XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"})
      ::setenv(name, folder().c_str(), 1);
    ::setenv("LAB_SHARE", LAB_SOURCE_DIR, 1);
  }

  std::string folder() const { return folder_.path().string(); }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_.path() / name) << text;
    return folder_.path() / name;
  }

  std::string scenario(const std::string& name = "good") const {
    return write(name + ".yaml",
                 "version: 1\nname: " + name + "\nimage: tiny\nrepeat: 2\nsteps: [boot: ]\n");
  }

  // Makes a store of generated trials: each run has fifty, and a scenario of its own.
  std::string stored(std::size_t trials) {
    const std::string file = folder() + "/store.sqlite";
    store::Store store(file);
    store::GeneratedRecords generated(trials, 10);
    for (std::size_t i = 0; i < trials; ++i) {
      records_.push_back(generated.next());
      store.insert(records_.back());
    }
    return file;
  }

  void expect(int code, const Words& words,
              const testing::Matcher<std::string>& errors = testing::_) const {
    const Finished finished = lab(words);
    EXPECT_EQ(finished.code, code) << name_of(words) << '\n' << finished.errors;
    EXPECT_THAT(finished.errors, errors) << name_of(words);
    if (code != base::exit_ok && code != base::exit_regression) {
      EXPECT_THAT(finished.errors, Not(IsEmpty())) << name_of(words);
    }
  }

  std::vector<record::Record> records_;  // of stored()

 private:
  base::TemporaryFolder folder_{testing::TempDir(), "lab"};
};

}  // namespace lab::cli
