// SPDX-License-Identifier: MIT
// Carries the libraries of a lab that was linked on another suite than the outer VM's, as it does
// not run with the outer VM's libraries.
#pragma once

#include <filesystem>

namespace lab::outer {

// The folder beside a lab in which its RPATH ($ORIGIN/libs, see orchestrator/CMakeLists.txt) finds
// them.
inline constexpr const char* libraries_name = "libs";

// Copies all shared libraries of this process, and the loader, to the folder `libs` beside
// `program`, a copy of this process's program, and sets that loader in the program: `loader` is its
// path where the program will run, at most 27 bytes long (the space of the usual path). Throws an
// infrastructure error where that is not possible.
void carry_libraries(const std::filesystem::path& program, const std::filesystem::path& loader);

}  // namespace lab::outer
