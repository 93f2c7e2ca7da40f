// SPDX-License-Identifier: MIT
#include "orchestrator/kvm/modules/refusal.hpp"

#include <cstdint>
#include <string>

#include "orchestrator/base/fd.hpp"

namespace lab::kvm {
namespace fs = std::filesystem;
namespace {

// Returns "integrity" for "none [integrity] confidentiality"; "" where there is no lockdown.
std::string lockdown(const fs::path& root) {
  const std::string modes = base::read_line(root / "sys/kernel/security/lockdown");
  const std::size_t begin = modes.find('['), end = modes.find(']');
  if (begin == std::string::npos || end == std::string::npos || end < begin) return "";
  const std::string mode = modes.substr(begin + 1, end - begin - 1);
  return mode == "none" ? "" : mode;
}

// Reads an EFI variable's file: four bytes of attributes, then its value (UEFI 2.10, 3.3).
bool secure_boot(const fs::path& root) {
  const std::string value = base::read_bytes(
      root / "sys/firmware/efi/efivars" / "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", 0, 6);
  return value.size() == 5 && value[4] == 1;
}

// The inodes of the first namespaces are fixed (Linux: include/linux/proc_ns.h, PROC_PID_INIT_INO
// and PROC_USER_INIT_INO). Returns false where /proc does not show this process' namespace.
bool in_other_namespace(const fs::path& root, const std::string& kind, std::uint32_t first) {
  std::error_code none;
  const std::string name = fs::read_symlink(root / "proc/self/ns" / kind, none);
  return !name.empty() && name != kind + ":[" + std::to_string(first) + "]";
}

// A container with the host's processes (--pid=host) has a /run of its own nevertheless. Returns
// false where process 1 cannot be looked into.
bool has_own_run(const fs::path& root) {
  std::error_code none;
  const fs::path first = root / "proc/1/root/run";
  return fs::exists(first, none) && !fs::equivalent(first, root / "run", none) && !none;
}

bool in_container(const fs::path& root) {
  return in_other_namespace(root, "pid", 0xEFFFFFFC) ||
         in_other_namespace(root, "user", 0xEFFFFFFD) || has_own_run(root);
}

bool is_built_in(const fs::path& root) {
  return fs::exists(root / "sys/module/kvm") && !fs::exists(root / "sys/module/kvm/initstate");
}

}  // namespace

std::optional<Refusal> container_refused(const fs::path& root) {
  if (!in_container(root)) return std::nullopt;
  return Refusal{"lab runs in a container, and the kvm modules are the host's",
                 "run lab on the host, or count in an outer VM: --on svm"};
}

std::optional<Refusal> swapping_refused(const fs::path& root) {
  if (auto refusal = container_refused(root)) return refusal;
  if (is_built_in(root))
    return Refusal{"kvm is built into this kernel and cannot be swapped",
                   "count in an outer VM: --on svm"};
  return std::nullopt;
}

std::optional<Refusal> unsigned_modules_refused(const fs::path& root) {
  static const std::string elsewhere = "; or count in an outer VM: --on svm";
  if (base::read_line(root / "proc/sys/kernel/modules_disabled") == "1")
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
  if (base::read_line(root / "sys/module/module/parameters/sig_enforce") == "Y")
    return Refusal{"the kernel loads signed modules only (module.sig_enforce)",
                   "boot without module.sig_enforce" + elsewhere};
  return std::nullopt;
}

bool is_signed(const fs::path& module) {
  constexpr std::string_view mark = "~Module signature appended~\n";
  std::error_code none;
  const std::uintmax_t size = fs::file_size(module, none);
  return !none && size >= mark.size() &&
         base::read_bytes(module, size - mark.size(), mark.size()) == mark;
}

}  // namespace lab::kvm
