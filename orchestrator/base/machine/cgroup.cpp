// SPDX-License-Identifier: MIT
#include "orchestrator/base/machine/this_machine.hpp"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "orchestrator/base/fd.hpp"

namespace lab::base {
namespace {

namespace fs = std::filesystem;

// Returns the group's folder and all above it, whose limits apply as well. `controller` is v1's; ""
// stands for v2. Lines of /proc/self/cgroup are NUMBER:CONTROLLERS:PATH (cgroups(7)). In a
// container the path may be the host's, which does not exist there: then the mounted group is the
// container's own.
std::vector<fs::path> groups(const fs::path& root, const std::string& controller) {
  std::ifstream lines(root / "proc/self/cgroup");
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    if (controllers.find("," + controller + ",") == std::string::npos) continue;
    std::vector<fs::path> found;
    const fs::path top = root / "sys/fs/cgroup" / controller;
    for (fs::path at = fs::path(line.substr(second + 1)).relative_path(); !at.empty();
         at = at.parent_path())
      found.push_back(top / at);
    found.push_back(top);
    return found;
  }
  return {};
}

// Returns the number that the file consists of; nullopt where it is missing or says "max" or -1.
std::optional<double> number_in(const fs::path& file) {
  std::istringstream text(read_line(file));
  double number = 0;
  if (text >> number && number >= 0) return number;
  return std::nullopt;
}

std::optional<double> quota_v2(const fs::path& group) {
  std::istringstream text(read_line(group / "cpu.max"));
  double quota = 0, period = 0;
  if (text >> quota >> period && period > 0) return quota / period;
  return std::nullopt;
}

std::optional<double> quota_v1(const fs::path& group) {
  const auto quota = number_in(group / "cpu.cfs_quota_us"),
             period = number_in(group / "cpu.cfs_period_us");
  if (quota && period && *period > 0) return *quota / *period;
  return std::nullopt;
}

double page_cache_in(const fs::path& file, const std::string& name) {
  std::ifstream lines(file);
  double bytes = 0;
  for (std::string field; lines >> field >> bytes;)
    if (field == name) return bytes;
  return 0;
}

// Returns how many more bytes the group may allocate.
std::optional<double> left_in(const fs::path& group, const char* limit_file, const char* used_file,
                              const char* page_cache) {
  const auto limit = number_in(group / limit_file), used = number_in(group / used_file);
  if (!limit || !used) return std::nullopt;
  return std::max(0.0, *limit - *used + page_cache_in(group / "memory.stat", page_cache));
}

// Returns on how many processors the kernel lets this process run. The set has to have room for as
// many as the kernel was built for, which nobody says (sched_getaffinity(2)).
unsigned allowed_processors() {
  constexpr std::size_t most = 1 << 20;
  for (std::size_t size = CPU_SETSIZE; size <= most; size *= 2) {
    std::vector<cpu_set_t> set(size / CPU_SETSIZE);
    const std::size_t bytes = set.size() * sizeof(cpu_set_t);
    if (::sched_getaffinity(0, bytes, set.data()) == 0)
      return static_cast<unsigned>(CPU_COUNT_S(bytes, set.data()));
    if (errno != EINVAL) break;
  }
  return std::thread::hardware_concurrency();
}

}  // namespace

unsigned usable_processors(unsigned processors, const fs::path& root) {
  double usable = processors;
  for (const fs::path& group : groups(root, ""))
    usable = std::min(usable, quota_v2(group).value_or(usable));
  for (const fs::path& group : groups(root, "cpu"))
    usable = std::min(usable, quota_v1(group).value_or(usable));
  return std::max(1u, static_cast<unsigned>(usable));
}

unsigned available_processors(const fs::path& root) {
  return usable_processors(allowed_processors(), root);
}

std::uint64_t usable_memory_mib(std::uint64_t available_mib, const fs::path& root) {
  constexpr double mib = 1 << 20;
  double usable = static_cast<double>(available_mib) * mib;
  for (const fs::path& group : groups(root, ""))
    usable = std::min(
        usable, left_in(group, "memory.max", "memory.current", "inactive_file").value_or(usable));
  for (const fs::path& group : groups(root, "memory"))
    usable = std::min(usable, left_in(group, "memory.limit_in_bytes", "memory.usage_in_bytes",
                                      "total_inactive_file")
                                  .value_or(usable));
  return static_cast<std::uint64_t>(usable / mib);
}

std::uint64_t available_memory_mib(const fs::path& root) {
  const std::string kib = read_line(root / "proc/meminfo", "MemAvailable:");
  return usable_memory_mib(std::strtoull(kib.c_str(), nullptr, 10) >> 10, root);
}

}  // namespace lab::base
