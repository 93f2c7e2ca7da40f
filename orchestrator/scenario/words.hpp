// SPDX-License-Identifier: MIT
// Defines the enumerations of a scenario, and the words of each, in its order: one table for
// reading, writing and messages.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <type_traits>

#include "orchestrator/exits/layout.hpp"

namespace lab::scenario {

template <typename Enum>
inline constexpr std::nullptr_t all_words = nullptr;

enum class Console { quiet, verbose, none };
template <>
inline constexpr std::string_view all_words<Console>[] = {"quiet", "verbose", "none"};

enum class Paging { nested, shadow };
template <>
inline constexpr std::string_view all_words<Paging>[] = {"nested", "shadow"};

enum class Machine { pc, q35 };
template <>
inline constexpr std::string_view all_words<Machine>[] = {"pc", "q35"};

enum class DiskBus { virtio, scsi, sata, nvme };
template <>
inline constexpr std::string_view all_words<DiskBus>[] = {"virtio", "scsi", "sata", "nvme"};

enum class DiskCache { unsafe, none, writeback, writethrough, directsync };
template <>
inline constexpr std::string_view all_words<DiskCache>[] = {"unsafe", "none", "writeback",
                                                            "writethrough", "directsync"};

enum class Nic { none, virtio, e1000 };
template <>
inline constexpr std::string_view all_words<Nic>[] = {"none", "virtio", "e1000"};

// user: QEMU's own network, in which only its gateway 10.0.2.2 answers; none: no cable; open:
// QEMU's own network, connected to this machine and what it reaches.
enum class Network { user, none, open };
template <>
inline constexpr std::string_view all_words<Network>[] = {"user", "none", "open"};

enum class Clock { automatic, kvm_clock, tsc, hpet, acpi_pm };  // the guest's clock source
template <>
inline constexpr std::string_view all_words<Clock>[] = {"automatic", "kvm-clock", "tsc", "hpet",
                                                        "acpi_pm"};

// The processor generations that site vmx emulates.
enum class Processor { haswell, skylake_x };
template <>
inline constexpr std::string_view all_words<Processor>[] = {"haswell", "skylake-x"};

// Decides whether the same trial has the same exits each time. The plan of a trial that runs says
// always or never, as what is possible depends on its site.
enum class Exact { where_possible, always, never };
template <>
inline constexpr std::string_view all_words<Exact>[] = {"auto", "true", "false"};

using exits::Layout;
template <>
inline constexpr std::string_view all_words<Layout>[] = {"descending", "ascending", "combined"};

// Defines where a boot (or reboot) step ends. For the first two and cloud_init, the reader in the
// guest reports the end and the counts; for the others the console shows the end, and the host
// counts.
enum class BootUntil { multi_user, reader, cloud_init, kernel, init, console };
template <>
inline constexpr std::string_view all_words<BootUntil>[] = {"multi-user", "reader", "cloud-init",
                                                            "kernel",     "init",   "console"};

enum class StepKind { boot, run, sleep, reboot, shutdown, host };
template <>
inline constexpr std::string_view all_words<StepKind>[] = {"boot",   "run",      "sleep",
                                                           "reboot", "shutdown", "host"};

enum class ActionKind { pause, pin, balloon, plug, unplug, key, save_restore };
template <>
inline constexpr std::string_view all_words<ActionKind>[] = {"pause",  "pin", "balloon",     "plug",
                                                             "unplug", "key", "save-restore"};

enum class PlugDevice { disk, nic };
template <>
inline constexpr std::string_view all_words<PlugDevice>[] = {"disk", "nic"};

template <typename Enum>
inline constexpr std::span<const std::string_view> words_of = all_words<Enum>;

template <typename Enum>
requires std::is_enum_v<Enum>
constexpr std::string_view to_string(Enum value) {
  return words_of<Enum>[std::size_t(value)];
}

}  // namespace lab::scenario
