// SPDX-License-Identifier: MIT
// Is the entry point for libFuzzer. Each target is a program of its own, named by LAB_FUZZ_TARGET.
// With the argument --seeds=FOLDER it writes its seeds there and ends (ci/fuzz).
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/fuzz/targets.hpp"

namespace {

const lab::fuzz::Target& target() {
  for (const lab::fuzz::Target& one : lab::fuzz::targets())
    if (one.name == LAB_FUZZ_TARGET) return one;
  std::abort();
}

void write_seeds(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  for (const std::string& seed : target().seeds(LAB_SOURCE_DIR))
    lab::base::write_file(folder / lab::base::sha256(seed).substr(0, 16), seed);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* count, char*** arguments) {
  constexpr std::string_view option = "--seeds=";
  for (int i = 1; i < *count; ++i) {
    const std::string_view argument = (*arguments)[i];
    if (!argument.starts_with(option)) continue;
    write_seeds(argument.substr(option.size()));
    std::exit(0);
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  target().run({reinterpret_cast<const char*>(data), size});
  return 0;
}
