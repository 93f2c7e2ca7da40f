// SPDX-License-Identifier: MIT
// Runs the scripts of kvm-patch/.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/base/error.hpp"

namespace lab::kvm {

// Is called with a line about the current work.
using Progress = std::function<void(const std::string&)>;

// Reports that a user's kernel tree does not build; another commit of it may.
struct TreeError : base::Error {
  using Error::Error;
};

// Runs a script to its end and returns its standard output. If it fails, throws an error with its
// own message ("NAME: error: …") and hint ("hint: …"): a user error for exit code 2, TreeError for
// exit code 1, else an infrastructure error.
std::string run_script(const std::vector<std::string>& argv, const Progress& progress);

// Returns the last line of a text, without its newline.
std::string last_line(std::string_view text);

}  // namespace lab::kvm
