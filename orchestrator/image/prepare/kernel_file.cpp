// SPDX-License-Identifier: MIT
#include "orchestrator/image/prepare/kernel_file.hpp"

#include <algorithm>
#include <utility>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/text.hpp"

namespace lab::image {
namespace fs = std::filesystem;
namespace {

using namespace std::string_view_literals;

constexpr std::uint64_t most_bytes = 1ull << 30;
constexpr std::size_t longest_version = 200;
constexpr const char* remedy = "a bzImage: arch/x86/boot/bzImage of a kernel's tree, or vmlinuz";

// Reads a little-endian word. The caller ensures that both bytes exist.
unsigned word_at(std::string_view head, std::size_t at) {
  return static_cast<unsigned char>(head[at]) |
         static_cast<unsigned>(static_cast<unsigned char>(head[at + 1])) << 8;
}

bool has(std::string_view head, std::size_t at, std::string_view bytes) {
  return head.size() >= at + bytes.size() && head.substr(at, bytes.size()) == bytes;
}

constexpr std::pair<std::string_view, const char*> packers[] = {{"\x1f\x8b"sv, "gzip"},
                                                                {"\xfd"
                                                                 "7zXZ"sv,
                                                                 "xz"},
                                                                {"\x28\xb5\x2f\xfd"sv, "zstd"},
                                                                {"\x02\x21\x4c\x18"sv, "lz4"},
                                                                {"BZh"sv, "bzip2"},
                                                                {"\x5d\x00\x00"sv, "lzma"},
                                                                {"\x89LZO"sv, "lzo"}};

const char* find_packer(std::string_view head) {
  const auto found =
      std::ranges::find_if(packers, [&](const auto& packer) { return has(head, 0, packer.first); });
  return found == std::end(packers) ? nullptr : found->second;
}

// Says what the bytes are instead of a bzImage, as far as lab knows.
std::string what_it_is(std::string_view head) {
  if (has(head, 0,
          "\x7f"
          "ELF"))
    return "it is an ELF file, such as vmlinux, which the build makes a bzImage of";
  if (has(head, 56, "ARM\x64")) return "it is a kernel for arm64";
  if (const char* packer = find_packer(head)) return std::string("it is packed by ") + packer;
  return "it has no header of one";
}

base::Error no_kernel(const std::string& why) {
  return base::user_error("it is no kernel for x86 (bzImage): " + why, remedy);
}

void check_header(std::string_view head) {
  constexpr std::size_t header_end = 0x238;
  constexpr unsigned with_64_bit_flag = 0x020c, is_64_bit = 1, loaded_high = 1;
  if (head.size() < header_end || word_at(head, 0x1fe) != 0xaa55 || !has(head, 0x202, "HdrS"))
    throw no_kernel(what_it_is(head));
  if (word_at(head, 0x206) < with_64_bit_flag)
    throw no_kernel("its boot protocol is older than 2.12 (Linux 3.8)");
  if ((word_at(head, 0x211) & loaded_high) == 0) throw no_kernel("it is a zImage");
  if ((word_at(head, 0x236) & is_64_bit) == 0)
    throw base::user_error("it is a kernel of 32 bits, and lab's reader in the guest has 64",
                           "a kernel with CONFIG_64BIT=y");
}

// Reads the beginning of a regular file, which may have at most `most_bytes`.
std::string read_head(const fs::path& file, std::size_t bytes) {
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  if (!fs::exists(status)) throw base::user_error("there is no such file", "check the path");
  if (!fs::is_regular_file(status)) throw base::user_error("it is no regular file");
  const std::uint64_t size = fs::file_size(file, error);
  if (error || size == 0) throw base::user_error("it is empty");
  if (size > most_bytes) throw base::user_error("it is larger than 1 GiB");
  std::string head = base::read_bytes(file, 0, bytes);
  if (head.size() < std::min<std::uint64_t>(bytes, size))
    throw base::user_error("it cannot be read");
  return head;
}

template <typename Check>
auto about(const char* what, const fs::path& file, Check&& check) {
  try {
    return check();
  } catch (const base::Error& error) {
    throw base::Error(error.kind(), std::string(what) + " '" + file.string() + "': " + error.what(),
                      error.hint());
  }
}

}  // namespace

std::string kernel_version(std::string_view head) {
  check_header(head);
  const std::size_t at = word_at(head, 0x20e) + 0x200;
  const std::string_view text = head.substr(std::min(at, head.size()), longest_version);
  const std::string version = base::printable_ascii(text.substr(0, text.find('\0')));
  if (word_at(head, 0x20e) == 0 || version.empty()) throw no_kernel("its header has no version");
  return version;
}

std::string initrd_kind(std::string_view head) {
  const std::size_t first = std::min(head.find_first_not_of('\0'), head.size());
  for (const std::string_view magic : {"070701"sv, "070702"sv})
    if (has(head.substr(first), 0, magic)) return "cpio";
  if (const char* packer = find_packer(head)) return packer;
  throw base::user_error("it is no initrd: neither a cpio archive (newc) nor a packed one",
                         "mkinitramfs, dracut or 'cpio -o -H newc' make one");
}

std::string check_kernel(const fs::path& file) {
  return about("guest.kernel", file,
               [&] { return kernel_version(read_head(file, kernel_head_bytes)); });
}

void check_initrd(const fs::path& file) {
  about("guest.initrd", file, [&] { initrd_kind(read_head(file, 4096)); });
}

}  // namespace lab::image
