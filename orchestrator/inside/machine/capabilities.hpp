// SPDX-License-Identifier: MIT
// Keeps what libvirt found out about QEMU in an outer VM for the next one from the same image:
// probing takes ten emulated seconds and more. libvirt itself decides whether it is still valid
// (its file names the age of QEMU and libvirt, the kernel and the processor) and probes again where
// not.
#pragma once

#include <cstddef>
#include <filesystem>

#include "orchestrator/trial/stream/event.hpp"

namespace lab::inside {

inline constexpr std::size_t most_capabilities_bytes = 1 << 20;  // for an emulator

// Copies what was kept (a folder; may be missing) to where libvirtd looks, before it starts.
void give_capabilities(const std::filesystem::path& kept);

// Sends what libvirtd has found by now, where it differs from what was given; sends nothing where
// `kept` is empty.
void send_capabilities(const std::filesystem::path& kept, const trial::Sink& sink);

}  // namespace lab::inside
