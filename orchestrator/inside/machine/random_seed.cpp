// SPDX-License-Identifier: MIT
#include "orchestrator/inside/machine/random_seed.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/random.h>
#include <sys/ioctl.h>
#include <sys/random.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"

namespace lab::inside {
namespace {

using Bytes = std::array<unsigned char, seed_bytes>;

Bytes parse_seed(const std::string& seed) {
  Bytes bytes{};
  const bool fits = seed.size() == 2 * bytes.size();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const char* digits = seed.data() + 2 * i;
    if (!fits || std::from_chars(digits, digits + 2, bytes[i], 16).ptr != digits + 2)
      throw base::infrastructure_error("the job's seed is not of 128 hexadecimal digits");
  }
  return bytes;
}

}  // namespace

std::string make_random_seed() {
  Bytes bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw base::errno_error("read random numbers of", "the kernel", errno);
  return fmt::format("{:02x}", fmt::join(bytes, ""));
}

void seed_random_numbers(const std::string& seed) {
  const std::string file = "/dev/random";
  // Is struct rand_pool_info of random(4): the entropy in bits, the number of bytes, then the
  // bytes.
  std::array<std::uint32_t, 2 + seed_bytes / 4> pool{8 * seed_bytes, seed_bytes};
  const Bytes bytes = parse_seed(seed);
  std::memcpy(&pool[2], bytes.data(), bytes.size());
  const base::Fd random(::open(file.c_str(), O_RDWR | O_CLOEXEC));
  // The second call makes the kernel use the new bytes at once, not within a minute.
  if (!random || ::ioctl(random.get(), RNDADDENTROPY, pool.data()) != 0 ||
      ::ioctl(random.get(), RNDRESEEDCRNG) != 0)
    throw base::errno_error("give a seed to", file, errno);
  base::write_file("/etc/machine-id", seed.substr(0, 32) + "\n");
}

}  // namespace lab::inside
