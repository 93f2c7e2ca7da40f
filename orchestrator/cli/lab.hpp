// SPDX-License-Identifier: MIT
// The program: its command line, and what becomes of errors.
#pragma once

#include <string>

namespace lab::cli {

// Does what the words say, argv[0] being the program's name; returns its exit code (`lab help
// exit-codes`). Errors are printed on standard error. `program`: the program's file, for what
// starts it anew; tests have none, so that none of them starts itself.
int run_lab(int argc, const char* const* argv, const std::string& program = "");

}  // namespace lab::cli
