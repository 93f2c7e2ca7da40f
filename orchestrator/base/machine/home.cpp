// SPDX-License-Identifier: MIT
#include "orchestrator/base/machine/home.hpp"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>

namespace lab::base {

std::filesystem::path home_folder() {
  const char* home = std::getenv("HOME");
  if (home != nullptr && home[0] == '/') return home;
  const passwd* account = ::getpwuid(::geteuid());
  const bool known = account != nullptr && account->pw_dir != nullptr && account->pw_dir[0] == '/';
  return known ? account->pw_dir : "/root";
}

}  // namespace lab::base
