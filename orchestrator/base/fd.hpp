// SPDX-License-Identifier: MIT
// Defines an owned file descriptor and the file operations that all modules need.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
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

// Passes the file's bytes to `sink`, piece by piece. Throws an infrastructure error where it cannot
// be read.
void read_pieces(const std::filesystem::path& path,
                 const std::function<void(std::string_view)>& sink);

// Returns the file's bytes. Throws an infrastructure error where it cannot be read or has more than
// `limit` bytes.
std::string read_file(const std::filesystem::path& path, std::size_t limit = 16u << 20);

// Returns `count` of the file's bytes from `at` on; fewer where it ends before or cannot be read.
std::string read_bytes(const std::filesystem::path& path, std::uint64_t at, std::size_t count);

// Returns the first line that begins with `begin`, without that; "" where there is none or the file
// cannot be read. Meant for files of /proc, /sys and /etc.
std::string read_line(const std::filesystem::path& path, std::string_view begin = "");

// Writes a file whole or not at all (temporary file beside it, fsync, rename).
void write_file(const std::filesystem::path& path, std::string_view bytes);

// Writes all bytes to a descriptor, restarting after signals. Throws an error where that fails.
void write_all(int fd, std::string_view bytes, const std::string& object);

// Connects to a UNIX stream socket; returns an empty Fd where nobody listens (yet).
Fd connect_unix(const std::filesystem::path& path);

// Return digests of bytes or of a file's contents, as lower-case hex digits (64 and 128).
std::string sha256(std::string_view bytes);
std::string sha256_file(const std::filesystem::path& path);
std::string sha512_file(const std::filesystem::path& path);

// Returns a digest of a sparse file's blocks (4 KiB) that are not all zero and of their places. It
// does not include the file's size.
std::string sha256_sparse(const std::filesystem::path& path);

}  // namespace lab::base
