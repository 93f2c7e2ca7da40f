// SPDX-License-Identifier: MIT
// Applies what a trial needs from its machine beyond the KVM modules: same-page merging (KSM) and
// huge pages. The old state is restored in any case.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "orchestrator/scenario/scenario.hpp"

namespace lab::inside {

// Locates files of the kernel; tests use another root.
struct MachineFiles {
  std::filesystem::path root = "/";
  std::filesystem::path ksm() const { return root / "sys/kernel/mm/ksm/run"; }
  std::filesystem::path huge_pages(const std::string& name) const {
    return root / "sys/kernel/mm/hugepages/hugepages-2048kB" / name;
  }
};

class MachineSettings {
 public:
  // Turns KSM on or off, and reserves huge pages for all the trial's guests. First notes the old
  // values in `runtime`, for recover_machine_settings(). Throws an infrastructure error, with all
  // restored, where the kernel has no KSM or cannot provide as many pages.
  MachineSettings(const scenario::Settings& settings, std::filesystem::path runtime,
                  MachineFiles files = {});
  MachineSettings(const MachineSettings&) = delete;
  MachineSettings& operator=(const MachineSettings&) = delete;
  ~MachineSettings();

 private:
  void write(const std::filesystem::path& file, const std::string& value);
  void set_ksm(bool on);
  void set_huge_pages(std::uint64_t pages);
  void restore() noexcept;

  std::filesystem::path runtime_;
  MachineFiles files_;
};

// Restores what a lab that no longer runs had set. Returns true where there was something. Only for
// the holder of the machine's modules, or where nobody holds them.
bool recover_machine_settings(const std::filesystem::path& runtime);

}  // namespace lab::inside
