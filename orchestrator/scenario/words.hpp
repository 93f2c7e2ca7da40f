// SPDX-License-Identifier: MIT
// The words of each enumeration, in its order: one table for reading, writing and messages.
#pragma once

#include <span>
#include <string_view>

#include "orchestrator/scenario/scenario.hpp"

namespace lab::scenario {

template <typename Enum>
inline constexpr std::span<const std::string_view> words_of{};

#define LAB_WORDS(Enum, ...)                                          \
  inline constexpr std::string_view Enum##_words[] = {__VA_ARGS__};   \
  template <>                                                         \
  inline constexpr std::span<const std::string_view> words_of<Enum> = \
      std::span<const std::string_view>(Enum##_words)

using Layout = exits::Layout;
using StepKind = Step::Kind;
using ActionKind = HostAction::Kind;
using PlugDevice = HostAction::Device;

LAB_WORDS(Console, "quiet", "verbose", "none");
LAB_WORDS(Paging, "nested", "shadow");
LAB_WORDS(Machine, "pc", "q35");
LAB_WORDS(DiskBus, "virtio", "scsi", "sata", "nvme");
LAB_WORDS(DiskCache, "unsafe", "none", "writeback", "writethrough", "directsync");
LAB_WORDS(Nic, "none", "virtio", "e1000");
LAB_WORDS(Network, "user", "none");
LAB_WORDS(Clock, "automatic", "kvm-clock", "tsc", "hpet", "acpi_pm");
LAB_WORDS(Layout, "descending", "ascending", "combined");
LAB_WORDS(BootUntil, "multi-user", "reader", "cloud-init", "kernel", "init", "console");
LAB_WORDS(StepKind, "boot", "run", "sleep", "reboot", "shutdown", "host");
LAB_WORDS(ActionKind, "pause", "pin", "balloon", "plug", "unplug", "key", "save-restore");
LAB_WORDS(PlugDevice, "disk", "nic");

#undef LAB_WORDS

template <typename Enum>
constexpr std::string_view word(Enum value) {
  return words_of<Enum>[std::size_t(value)];
}

}  // namespace lab::scenario
