// SPDX-License-Identifier: MIT
// Kernels and initrds that a user brings: checked before anything boots.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace lab::image {

// How much of a kernel's file kernel_version() wants: its header and the text that this points to.
inline constexpr std::size_t kernel_head_bytes = 65536;

// What the kernel calls itself, "6.12.1-mine (me@host) #3 SMP ...": printable ASCII, at most 200
// bytes. `head`: the beginning of a bzImage, as Documentation/arch/x86/boot.rst has it. Error
// (user) that says what the bytes are instead, where that is known: a vmlinux, a packed one,
// another architecture's, a 32-bit kernel.
std::string kernel_version(std::string_view head);

// What kind of initrd begins so: "cpio", "gzip", "zstd" ...; Error (user) where it is none.
std::string initrd_kind(std::string_view head);

// Both of a file, with its path in the Error (user), which also says where it cannot be read or is
// empty or larger than 1 GiB.
std::string check_kernel(const std::filesystem::path& file);
void check_initrd(const std::filesystem::path& file);

}  // namespace lab::image
