// SPDX-License-Identifier: MIT
// Running the scripts of kvm-patch/.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/base/error.hpp"

namespace lab::kvm {

// Called with a line that says what is being done now.
using Progress = std::function<void(const std::string&)>;

// A kernel tree of the user's does not build; another commit of it may.
struct TreeError : base::Error {
  using Error::Error;
};

// Runs a script to its end and returns its standard output. Where it fails, Error with the
// script's own message ("NAME: error: …") and hint ("hint: …"): user where it exits with 2,
// TreeError where it exits with 1, otherwise infrastructure.
std::string run_script(const std::vector<std::string>& argv, const Progress& progress);

// The last line of a text, without its newline.
std::string last_line(std::string_view text);

}  // namespace lab::kvm
