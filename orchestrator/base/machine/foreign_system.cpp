// SPDX-License-Identifier: MIT
#include "orchestrator/base/machine/foreign_system.hpp"

#include <algorithm>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/text.hpp"

namespace lab::base {
namespace {

namespace fs = std::filesystem;

constexpr int first_debian = 12;

// Returns a field of os-release(5), whose value may be in quotes.
std::string os_field(const fs::path& root, const std::string& name) {
  std::string value = read_line(root / "etc/os-release", name + "=");
  std::erase_if(value, [](char c) { return c == '"' || c == '\''; });
  return value;
}

}  // namespace

std::string foreign_system(const fs::path& root) {
  std::error_code none;
  if (os_field(root, "ID") != "debian" || !fs::exists(root / "usr/bin/apt-get", none))
    return "'" + os_field(root, "PRETTY_NAME") + "'";
  const std::string version = os_field(root, "VERSION_ID");  // testing and unstable have none
  return parse_number<int>(version).value_or(first_debian) < first_debian ? "Debian " + version
                                                                          : "";
}

Error foreign_system_error(const std::string& foreign_system, const std::string& parts) {
  return infrastructure_error(
      "lab makes kernels, modules and images on Debian 12 or later, and this is " + foreign_system +
          ": it cannot make " + parts,
      "use a container of Debian there (ci/Containerfile says how)");
}

void need_debian(const std::string& parts, const fs::path& root) {
  const std::string system = foreign_system(root);
  if (!system.empty()) throw foreign_system_error(system, parts);
}

}  // namespace lab::base
