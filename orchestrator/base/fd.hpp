// SPDX-License-Identifier: MIT
// An owned file descriptor, and the few file operations that everything needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

namespace lab::base {

// Owns one descriptor; closes it at its end. -1 means none.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd();

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset();

 private:
  int fd_ = -1;
};

// The file's bytes, at most `limit` of them. Error (infrastructure) where it cannot be read or is
// larger.
std::string read_file(const std::filesystem::path& path, std::size_t limit = 16u << 20);

// At most so many of the file's bytes, from one on; fewer where it ends before, or cannot be read.
std::string read_bytes(const std::filesystem::path& path, std::uint64_t at, std::size_t count);

// The file's first line, or what stands behind `begin` in the first one that begins with it; ""
// where there is none, or the file cannot be read. For files of /proc, /sys and /etc.
std::string read_line(const std::filesystem::path& path, std::string_view begin = "");

// Writes a file whole or not at all (temporary file beside it, fsync, rename).
void write_file(const std::filesystem::path& path, std::string_view bytes);

// Writes all bytes to a descriptor, restarting after signals. Error where that fails.
void write_all(int fd, std::string_view bytes, const std::string& object);

// Connects to a UNIX stream socket; empty Fd where nobody listens (yet).
Fd connect_unix(const std::filesystem::path& path);

// Digests as lower-case hex digits (64 and 128), of bytes and of a file's contents.
std::string sha256(std::string_view bytes);
std::string sha256_file(const std::filesystem::path& path);
std::string sha512_file(const std::filesystem::path& path);

// Of a sparse file's blocks (4 KiB) that are not all zero, and of where they are. Its size is not
// among it.
std::string sha256_sparse(const std::filesystem::path& path);

}  // namespace lab::base
