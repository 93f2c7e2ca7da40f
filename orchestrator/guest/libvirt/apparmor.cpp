// SPDX-License-Identifier: MIT
#include "orchestrator/guest/libvirt/apparmor.hpp"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/base/text.hpp"

namespace lab::guest {
namespace fs = std::filesystem;
namespace {

constexpr const char* loaded_profiles = "/sys/kernel/security/apparmor/profiles";
constexpr const char* remove_file = "/sys/kernel/security/apparmor/.remove";

// libvirtd's own profile lets it start programs under profiles with such names only.
constexpr const char* name_prefix = "libvirt-";
constexpr const char* uuid_prefix = "6c616200-";  // "lab" and zero

// What any QEMU needs. The abstraction is libvirt's: /dev/kvm, firmware, signals of libvirtd. Of
// the programs' folders all may be read and mapped, as an emulator of the user's own lies anywhere
// there.
constexpr const char* rules_of_all = R"(  #include <abstractions/libvirt-qemu>
  /usr/** mr,
  /opt/** mr,
  /lib/** mr,
  /lib64/** mr,
  /dev/hugepages/** rwk,
  /run/libvirt/qemu/** rwk,
  /var/lib/libvirt/qemu/** rwk,
  /var/log/libvirt/qemu/*.log w,
)";

std::string run_of(const std::string& domain) {
  return domain.substr(domain.rfind('-') + 1);
}

std::string digits_of_run(const std::string& run) {
  return base::sha256(run).substr(0, 12);
}

std::string name_of(const std::string& domain) {
  return name_prefix + domain_uuid(domain);
}

// Returns the path with "?", which is any one character, for those that AppArmor reads as a pattern
// or as the end: its parser takes not every combination of them behind a backslash.
std::string pattern_of(const fs::path& path) {
  std::error_code error;
  const fs::path resolved = fs::weakly_canonical(path, error);
  std::string text = (error ? path : resolved).string();
  std::ranges::replace_if(
      text,
      [](char c) {
        return std::iscntrl(static_cast<unsigned char>(c)) != 0 ||
               std::string_view(R"(*[]{}^\")").find(c) != std::string_view::npos;
      },
      '?');
  return text;
}

std::string rule(const fs::path& path, const char* rights) {
  std::error_code none;
  const char* below = fs::is_directory(path, none) ? "/**" : "";
  return fmt::format("  \"{}{}\" {},\n", pattern_of(path), below, rights);
}

void remove_named(const std::string& profile) {
  const base::Fd fd(::open(remove_file, O_WRONLY | O_CLOEXEC));
  if (!fd || ::write(fd.get(), profile.data(), profile.size()) < 0)
    spdlog::debug("AppArmor's profile {} stays", profile);
}

}  // namespace

std::string domain_uuid(const std::string& domain) {
  return fmt::format("{}{}-4000-8000-{}", uuid_prefix, base::sha256(domain).substr(0, 4),
                     digits_of_run(run_of(domain)));
}

std::string profile_text(const std::string& domain, const ProfileFiles& files) {
  std::string text = "#include <tunables/global>\nprofile " + name_of(domain) +
                     " flags=(attach_disconnected) {\n" + rules_of_all;
  for (const fs::path& path : files.read) text += rule(path, "mrkix");
  for (const fs::path& path : files.written) text += rule(path, "rwk");
  return text + "}\n";
}

std::string load_profile(const std::string& domain, const ProfileFiles& files) {
  try {
    const base::TemporaryFolder folder("/tmp", "lab-profile");
    base::write_file(folder.path() / "profile", profile_text(domain, files));
    base::run_checked(
        {.argv = {"apparmor_parser", "--replace", "--skip-cache", folder.path() / "profile"}});
    return name_of(domain);
  } catch (const base::Error& error) {
    spdlog::warn("QEMU of '{}' runs without a profile of AppArmor: {}", domain, error.what());
    return "";
  }
}

void remove_profile(const std::string& domain) {
  if (fs::exists(loaded_profiles)) remove_named(name_of(domain));
}

void remove_profiles_of(const std::string& run) {
  std::error_code none;
  if (!fs::exists(loaded_profiles, none)) return;
  const std::string text = base::read_file(loaded_profiles);
  for (const std::string_view line : base::split_lines(text)) {
    const std::string_view name = line.substr(0, line.find(' '));
    if (name.starts_with(std::string(name_prefix) + uuid_prefix) &&
        name.ends_with(digits_of_run(run)))
      remove_named(std::string(name));
  }
}

}  // namespace lab::guest
