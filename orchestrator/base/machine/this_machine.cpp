// SPDX-License-Identifier: MIT
#include "orchestrator/base/machine/this_machine.hpp"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/text.hpp"

namespace lab::base {
namespace {

constexpr std::size_t most_characters = 128;

utsname running_system() {
  utsname system{};
  ::uname(&system);
  return system;
}

}  // namespace

std::string running_kernel() {
  return running_system().release;
}

std::string running_kernel_version() {
  return running_system().version;
}

std::string cpu_field(const std::string& name, const std::filesystem::path& root) {
  const std::string line = read_line(root / "proc/cpuinfo", name);
  const std::size_t colon = line.find(':');
  return colon == std::string::npos ? "" : std::string(trimmed(line.substr(colon + 1)));
}

bool cpu_has(std::string_view flag, const std::filesystem::path& root) {
  const std::string flags = cpu_field("flags", root);
  const auto words = split_words(flags);
  return std::ranges::find(words, flag) != words.end();
}

std::string host_in_words(unsigned processors, std::string_view model) {
  std::string name;
  for (const char c : model) {
    const bool blank = c == ' ' || c == '\t';  // some models' names have rows of them
    if (blank && (name.empty() || name.back() == ' ')) continue;
    name += blank ? ' ' : c;
  }
  if (name.ends_with(' ')) name.pop_back();
  if (name.empty()) return "";
  return fmt::format("{} x {}", processors, printable_ascii(name)).substr(0, most_characters);
}

std::string this_host() {
  return host_in_words(unsigned(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN))),
                       cpu_field("model name"));
}

void add_system_folders_to_path() {
  const char* given = std::getenv("PATH");
  std::string path = given != nullptr && given[0] != '\0' ? given : "/usr/local/bin:/usr/bin:/bin";
  for (const char* folder : {"/usr/local/sbin", "/usr/sbin", "/sbin"})
    if ((":" + path + ":").find(std::string(":") + folder + ":") == std::string::npos)
      path += std::string(":") + folder;
  ::setenv("PATH", path.c_str(), 1);
}

}  // namespace lab::base
