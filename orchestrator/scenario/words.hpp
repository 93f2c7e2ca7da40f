// SPDX-License-Identifier: MIT
// Defines the words of each enumeration, in its order: one table for reading, writing and messages.
#pragma once

#include <span>
#include <string_view>

#include "orchestrator/scenario/scenario.hpp"

namespace lab::scenario {

template <typename Enum>
struct Words;

using Layout = exits::Layout;
using StepKind = Step::Kind;
using ActionKind = HostAction::Kind;
using PlugDevice = HostAction::Device;

template <>
struct Words<Console> {
  static constexpr std::string_view all[] = {"quiet", "verbose", "none"};
};
template <>
struct Words<Paging> {
  static constexpr std::string_view all[] = {"nested", "shadow"};
};
template <>
struct Words<Machine> {
  static constexpr std::string_view all[] = {"pc", "q35"};
};
template <>
struct Words<DiskBus> {
  static constexpr std::string_view all[] = {"virtio", "scsi", "sata", "nvme"};
};
template <>
struct Words<DiskCache> {
  static constexpr std::string_view all[] = {"unsafe", "none", "writeback", "writethrough",
                                             "directsync"};
};
template <>
struct Words<Nic> {
  static constexpr std::string_view all[] = {"none", "virtio", "e1000"};
};
template <>
struct Words<Network> {
  static constexpr std::string_view all[] = {"user", "none", "open"};
};
template <>
struct Words<Clock> {
  static constexpr std::string_view all[] = {"automatic", "kvm-clock", "tsc", "hpet", "acpi_pm"};
};
template <>
struct Words<Processor> {
  static constexpr std::string_view all[] = {"haswell", "skylake-x"};
};
template <>
struct Words<Exact> {
  static constexpr std::string_view all[] = {"auto", "true", "false"};
};
template <>
struct Words<Layout> {
  static constexpr std::string_view all[] = {"descending", "ascending", "combined"};
};
template <>
struct Words<BootUntil> {
  static constexpr std::string_view all[] = {"multi-user", "reader", "cloud-init",
                                             "kernel",     "init",   "console"};
};
template <>
struct Words<StepKind> {
  static constexpr std::string_view all[] = {"boot", "run", "sleep", "reboot", "shutdown", "host"};
};
template <>
struct Words<ActionKind> {
  static constexpr std::string_view all[] = {"pause",  "pin", "balloon",     "plug",
                                             "unplug", "key", "save-restore"};
};
template <>
struct Words<PlugDevice> {
  static constexpr std::string_view all[] = {"disk", "nic"};
};

template <typename Enum>
inline constexpr std::span<const std::string_view> words_of = Words<Enum>::all;

template <typename Enum>
constexpr std::string_view word(Enum value) {
  return words_of<Enum>[std::size_t(value)];
}

}  // namespace lab::scenario
