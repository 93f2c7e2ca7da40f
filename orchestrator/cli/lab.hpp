// SPDX-License-Identifier: MIT
// The program: its command line, and what becomes of errors.
#pragma once

namespace lab::cli {

// Does what the words say, argv[0] being the program's name; returns its exit code (`lab help
// exit-codes`). Errors are printed on standard error.
int run_lab(int argc, const char* const* argv);

}  // namespace lab::cli
