// SPDX-License-Identifier: MIT
// Parses the program's command line, runs its command and reports errors.
#pragma once

#include <string>

namespace lab::cli {

// Runs the command that the words name (argv[0] is the program's name) and returns its exit code
// (`lab help exit-codes`). Prints errors on standard error. Commands that start lab anew start the
// file `program`; tests pass none, so that no test starts itself.
int run_lab(int argc, const char* const* argv, const std::string& program = "");

}  // namespace lab::cli
