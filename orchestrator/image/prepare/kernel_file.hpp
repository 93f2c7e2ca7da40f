// SPDX-License-Identifier: MIT
// Checks kernels and initrds of the user's before anything boots.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace lab::image {

// The bytes of a kernel's file that kernel_version() needs: its header and the text it points to.
inline constexpr std::size_t kernel_head_bytes = 65536;

// Returns the kernel's own version text, "6.12.1-mine (me@host) #3 SMP ...": printable ASCII, at
// most 200 bytes. `head` is the beginning of a bzImage (Documentation/arch/x86/boot.rst). Throws a
// user error that names what the bytes are instead, where lab knows it: a vmlinux, a packed one,
// another architecture's, a 32-bit kernel.
std::string kernel_version(std::string_view head);

// Returns an initrd's kind: "cpio", "gzip", "zstd" ...; throws a user error if it is no initrd.
std::string initrd_kind(std::string_view head);

// Check a file as the two above do. The user error has the file's path, and also reports a file
// that cannot be read, is empty or is larger than 1 GiB.
std::string check_kernel(const std::filesystem::path& file);
void check_initrd(const std::filesystem::path& file);

}  // namespace lab::image
