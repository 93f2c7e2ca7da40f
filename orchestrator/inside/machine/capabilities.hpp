// SPDX-License-Identifier: MIT
// What libvirt found out about QEMU inside an outer VM, kept for the next one from the same image:
// asking takes ten emulated seconds and more. libvirt itself judges whether it still holds (its
// file names QEMU's and libvirt's age, the kernel and the processor) and asks again where not.
#pragma once

#include <cstddef>
#include <filesystem>

#include "orchestrator/trial/stream/event.hpp"

namespace lab::inside {

inline constexpr std::size_t most_capabilities_bytes = 1 << 20;  // of an emulator

// Puts what was kept (a folder; may be missing) where libvirtd looks, before it starts.
void give_capabilities(const std::filesystem::path& kept);

// Sends what libvirtd has found by now, where it is not what was given; nothing where
// `kept` is empty.
void send_capabilities(const std::filesystem::path& kept, const trial::Sink& sink);

}  // namespace lab::inside
