// SPDX-License-Identifier: MIT
// A lab that was linked on another suite than the outer VM's does not run by the outer VM's
// libraries: it brings its own.
#pragma once

#include <filesystem>

namespace lab::outer {

// Beside a lab, where its RPATH ($ORIGIN/libs, see orchestrator/CMakeLists.txt) has them looked
// for.
inline constexpr const char* libraries_name = "libs";

// Copies all shared libraries of this process, and the loader, to the folder `libs` beside
// `program`, a copy of this process's program, and makes the loader in it that of the program:
// `loader` is its path where the program will run, at most 27 bytes long (the place that the usual
// one has). Error (infrastructure) where that is not possible.
void carry_libraries(const std::filesystem::path& program, const std::filesystem::path& loader);

}  // namespace lab::outer
