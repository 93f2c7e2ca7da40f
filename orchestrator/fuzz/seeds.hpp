// SPDX-License-Identifier: MIT
// Returns good inputs for each fuzz target (targets.hpp).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lab::fuzz {

std::vector<std::string> scenario_seeds(const std::filesystem::path& repository);
std::vector<std::string> reader_seeds(const std::filesystem::path& repository);
std::vector<std::string> causes_seeds(const std::filesystem::path& repository);
std::vector<std::string> console_seeds(const std::filesystem::path& repository);
std::vector<std::string> job_stream_seeds(const std::filesystem::path& repository);
std::vector<std::string> record_seeds(const std::filesystem::path& repository);
std::vector<std::string> baseline_seeds(const std::filesystem::path& repository);
std::vector<std::string> digest_seeds(const std::filesystem::path& repository);
std::vector<std::string> import_seeds(const std::filesystem::path& repository);

}  // namespace lab::fuzz
