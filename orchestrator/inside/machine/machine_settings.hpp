// SPDX-License-Identifier: MIT
// What a trial asks of the machine that runs it beyond kvm's modules: same-page merging (KSM) and
// huge pages. Put back as it was, whatever happens.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "orchestrator/scenario/scenario.hpp"

namespace lab::inside {

// Files of the kernel; another root for tests.
struct MachineFiles {
  std::filesystem::path root = "/";
  std::filesystem::path ksm() const { return root / "sys/kernel/mm/ksm/run"; }
  std::filesystem::path huge_pages(const std::string& name) const {
    return root / "sys/kernel/mm/hugepages/hugepages-2048kB" / name;
  }
};

class MachineSettings {
 public:
  // Turns KSM on or off, and sets huge pages aside for all the trial's guests. Notes what was
  // there in `runtime` first, for recover_machine_settings(). Error (infrastructure), with all put
  // back, where the kernel has no KSM or cannot give as many pages.
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

// Puts back what a lab that is no more had set. True where there was something. Only for whoever
// holds the machine's modules, or where nobody does.
bool recover_machine_settings(const std::filesystem::path& runtime);

}  // namespace lab::inside
