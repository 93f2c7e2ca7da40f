// SPDX-License-Identifier: MIT
#include "orchestrator/kvm/modules/refusal.hpp"

#include <fstream>
#include <iterator>

#include "orchestrator/base/fd.hpp"

namespace lab::kvm {
namespace fs = std::filesystem;
namespace {

// "none [integrity] confidentiality" → "integrity"; "" where there is no lockdown.
std::string lockdown(const fs::path& root) {
  const std::string modes = base::first_line(root / "sys/kernel/security/lockdown");
  const std::size_t begin = modes.find('['), end = modes.find(']');
  if (begin == std::string::npos || end == std::string::npos || end < begin) return "";
  const std::string mode = modes.substr(begin + 1, end - begin - 1);
  return mode == "none" ? "" : mode;
}

// An EFI variable's file: four bytes of attributes, then its value (UEFI 2.10, 3.3).
bool secure_boot(const fs::path& root) {
  std::ifstream file(
      root / "sys/firmware/efi/efivars" / "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
      std::ios::binary);
  const std::string value{std::istreambuf_iterator<char>(file), {}};
  return value.size() == 5 && value[4] == 1;
}

}  // namespace

std::optional<Refusal> unsigned_modules_refused(const fs::path& root) {
  static const std::string elsewhere = "; or count in an outer VM: --on svm";
  if (base::first_line(root / "proc/sys/kernel/modules_disabled") == "1")
    return Refusal{
        "kernel.modules_disabled is set, so this kernel loads no module until it boots "
        "anew",
        "reboot without that setting (sysctl)" + elsewhere};
  const std::string mode = lockdown(root);
  if (!mode.empty() && secure_boot(root))
    return Refusal{"Secure Boot is on, so the kernel is locked down (" + mode +
                       ") and loads signed modules only",
                   "switch Secure Boot off in the firmware's setup" + elsewhere};
  if (!mode.empty())
    return Refusal{"the kernel is locked down (" + mode + ") and loads signed modules only",
                   "boot without lockdown=" + mode + elsewhere};
  if (base::first_line(root / "sys/module/module/parameters/sig_enforce") == "Y")
    return Refusal{"the kernel loads signed modules only (module.sig_enforce)",
                   "boot without module.sig_enforce" + elsewhere};
  return std::nullopt;
}

bool is_signed(const fs::path& module) {
  static const std::string mark = "~Module signature appended~\n";
  std::ifstream file(module, std::ios::binary);
  std::string end(mark.size(), '\0');
  file.seekg(-static_cast<std::streamoff>(mark.size()), std::ios::end);
  file.read(end.data(), static_cast<std::streamsize>(end.size()));
  return file && end == mark;
}

}  // namespace lab::kvm
