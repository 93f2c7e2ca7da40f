// SPDX-License-Identifier: MIT
#include "orchestrator/base/fd.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <span>

#include "orchestrator/base/error.hpp"

namespace lab::base {
namespace {

using DigestPtr = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

std::string finish_hex(EVP_MD_CTX* context) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  EVP_DigestFinal_ex(context, digest.data(), &length);
  return fmt::format("{:02x}", fmt::join(std::span(digest).first(length), ""));
}

DigestPtr begin_digest(const EVP_MD* kind) {
  DigestPtr context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_DigestInit_ex(context.get(), kind, nullptr);
  return context;
}

Fd open_for_reading(const std::filesystem::path& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) throw errno_error("open", path.string(), errno);
  return fd;
}

std::string digest_file(const std::filesystem::path& path, const EVP_MD* kind) {
  const DigestPtr context = begin_digest(kind);
  read_pieces(path, [&](std::string_view piece) {
    EVP_DigestUpdate(context.get(), piece.data(), piece.size());
  });
  return finish_hex(context.get());
}

// Returns where data begins, or ends, at or behind `offset`; nullopt at the end of the file.
std::optional<off_t> seek(int fd, off_t offset, int what, const std::string& name) {
  const off_t found = ::lseek(fd, offset, what);
  if (found >= 0) return found;
  if (errno == ENXIO) return std::nullopt;
  throw errno_error("seek in", name, errno);
}

// Skips blocks of zeros like holes: once a hole was read, tmpfs has a page of zeros there.
void add_blocks(EVP_MD_CTX* context, std::string_view bytes, off_t place) {
  constexpr std::size_t size = 4096;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(size, bytes.size()))) {
    const std::string_view block = bytes.substr(0, size);
    if (block.find_first_not_of('\0') != block.npos) {
      EVP_DigestUpdate(context, &place, sizeof place);
      EVP_DigestUpdate(context, block.data(), block.size());
    }
    place += static_cast<off_t>(block.size());
  }
}

void add_extent(EVP_MD_CTX* context, int fd, off_t begin, off_t end, const std::string& name) {
  std::array<char, 1 << 16> buffer{};
  while (begin < end) {
    const auto wanted = std::min<std::size_t>(buffer.size(), static_cast<std::size_t>(end - begin));
    const ssize_t count = ::pread(fd, buffer.data(), wanted, begin);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) throw errno_error("read", name, count < 0 ? errno : EIO);
    add_blocks(context, {buffer.data(), static_cast<std::size_t>(count)}, begin);
    begin += count;
  }
}

}  // namespace

Fd::~Fd() {
  reset();
}

void Fd::reset() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void read_pieces(const std::filesystem::path& path,
                 const std::function<void(std::string_view)>& sink) {
  const Fd fd = open_for_reading(path);
  std::array<char, 1 << 16> buffer{};
  for (;;) {
    const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
    if (count == 0) return;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw errno_error("read", path.string(), errno);
    sink(std::string_view(buffer.data(), static_cast<std::size_t>(count)));
  }
}

std::string read_file(const std::filesystem::path& path, std::size_t limit) {
  std::string bytes;
  read_pieces(path, [&](std::string_view piece) {
    if (bytes.size() + piece.size() > limit)
      throw infrastructure_error("read '" + path.string() + "': larger than " +
                                 std::to_string(limit) + " bytes");
    bytes += piece;
  });
  return bytes;
}

std::string read_bytes(const std::filesystem::path& path, std::uint64_t at, std::size_t count) {
  std::string bytes(count, '\0');
  std::ifstream stream(path, std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(at));
  stream.read(bytes.data(), static_cast<std::streamsize>(count));
  bytes.resize(static_cast<std::size_t>(stream.gcount()));
  return bytes;
}

std::string read_line(const std::filesystem::path& path, std::string_view begin) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(begin)) return line.substr(begin.size());
  return "";
}

namespace {

// Reads the umask from /proc: umask() returns it only by setting another one, for all threads.
mode_t creation_mask() {
  const std::string mask = read_line("/proc/self/status", "Umask:");
  return mask.empty() ? 022 : static_cast<mode_t>(std::strtoul(mask.c_str(), nullptr, 8));
}

}  // namespace

void write_file(const std::filesystem::path& path, std::string_view bytes) {
  std::string temporary = path.string() + ".XXXXXX";
  Fd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) throw errno_error("create", path.string(), errno);
  try {
    write_all(fd.get(), bytes, path.string());
    ::fchmod(fd.get(), 0666 & ~creation_mask());  // as open() would have made it
    if (::fsync(fd.get()) != 0) throw errno_error("write", path.string(), errno);
    if (::rename(temporary.c_str(), path.c_str()) != 0)
      throw errno_error("rename to", path.string(), errno);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
}

void write_all(int fd, std::string_view bytes, const std::string& object) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw errno_error("write", object, errno);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

Fd connect_unix(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = path.string();
  if (name.size() >= sizeof(address.sun_path))
    throw infrastructure_error("connect '" + name + "': a socket's path has at most 107 bytes");
  std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) throw errno_error("socket for", name, errno);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0)
    return fd;
  return Fd();
}

std::string sha256(std::string_view bytes) {
  const DigestPtr context = begin_digest(EVP_sha256());
  EVP_DigestUpdate(context.get(), bytes.data(), bytes.size());
  return finish_hex(context.get());
}

std::string sha256_file(const std::filesystem::path& path) {
  return digest_file(path, EVP_sha256());
}

std::string sha512_file(const std::filesystem::path& path) {
  return digest_file(path, EVP_sha512());
}

std::string sha256_sparse(const std::filesystem::path& path) {
  const Fd fd = open_for_reading(path);
  const DigestPtr context = begin_digest(EVP_sha256());
  off_t end = 0;
  while (const auto begin = seek(fd.get(), end, SEEK_DATA, path.string())) {
    end = seek(fd.get(), *begin, SEEK_HOLE, path.string()).value();
    add_extent(context.get(), fd.get(), *begin, end, path.string());
  }
  return finish_hex(context.get());
}

}  // namespace lab::base
