// SPDX-License-Identifier: MIT
#include "orchestrator/kvm/tracepoint.hpp"

#include <fcntl.h>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstdlib>
#include <sstream>
#include <string>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"

namespace lab::kvm {
namespace {

constexpr const char* folder = "/sys/kernel/tracing/events/kvm/kvm_exit";
constexpr const char* histogram = "hist:keys=exit_reason:size=2048";

void write_trigger(const std::filesystem::path& path, const std::string& text) {
  const base::Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) throw base::errno_error("open", path.string(), errno);
  base::write_all(fd.get(), text, path.string());
}

std::uint64_t number_after(const std::string& line, const std::string& key) {
  const std::size_t at = line.find(key);
  if (at == std::string::npos)
    throw base::infrastructure_error("histogram of kvm:kvm_exit: no '" + key + "' in '" + line +
                                     "'");
  return std::strtoull(line.c_str() + at + key.size(), nullptr, 0);
}

}  // namespace

ExitTracepoint::ExitTracepoint() : folder_(folder) {
  write_trigger(folder_ / "trigger", histogram);
}

ExitTracepoint::~ExitTracepoint() {
  try {
    write_trigger(folder_ / "trigger", std::string("!") + histogram);
  } catch (const base::Error& error) {
    spdlog::warn("{}", error.what());
  }
}

std::map<std::uint32_t, std::uint64_t> ExitTracepoint::read() const {
  return parse_exit_histogram(base::read_file(folder_ / "hist"));
}

std::map<std::uint32_t, std::uint64_t> parse_exit_histogram(std::string_view text) {
  std::map<std::uint32_t, std::uint64_t> counts;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("{"))
      counts[static_cast<std::uint32_t>(number_after(line, "exit_reason:"))] +=
          number_after(line, "hitcount:");
    else if (line.find("Dropped:") != std::string::npos && number_after(line, "Dropped:") != 0)
      throw base::infrastructure_error("histogram of kvm:kvm_exit dropped entries");
  }
  return counts;
}

}  // namespace lab::kvm
