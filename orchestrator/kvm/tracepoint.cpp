// SPDX-License-Identifier: MIT
#include "orchestrator/kvm/tracepoint.hpp"

#include <fcntl.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/text.hpp"
#include "orchestrator/kvm/machine.hpp"

namespace lab::kvm {
namespace {

namespace fs = std::filesystem;

const fs::path tracefs = tracefs_root;
const fs::path event = "events/kvm/kvm_exit";
const fs::path buffer = "instances/lab-exits";
constexpr const char* histogram = "hist:keys=exit_reason:size=2048";
constexpr unsigned buffer_kib = 131072;  // of all CPUs: some two million exits

std::uint64_t number_after(std::string_view line, std::string_view key) {
  const std::size_t at = line.find(key);
  if (at == std::string_view::npos)
    throw base::infrastructure_error(
        fmt::format("histogram of kvm:kvm_exit: no '{}' in '{}'", key, line));
  return std::strtoull(std::string(line.substr(at + key.size())).c_str(), nullptr, 0);
}

void remove_buffer() {
  if (!fs::exists(tracefs / buffer)) return;
  write_tracefs(buffer / event / "enable", "0");
  fs::remove(tracefs / buffer);  // removes the instance
}

void make_buffer() {
  make_tracefs_instance(buffer);
  try {
    const unsigned cpus = std::max(1u, std::thread::hardware_concurrency());
    write_tracefs(buffer / "buffer_size_kb", std::to_string(buffer_kib / cpus));
    write_tracefs(buffer / event / "enable", "1");
  } catch (...) {
    remove_buffer();
    throw;
  }
}

// A CPU's buffer reports its lost events in lines "NAME: N".
void check_nothing_lost(const fs::path& stats) {
  std::ifstream file(stats);
  for (std::string line; std::getline(file, line);)
    for (const char* loss : {"overrun: ", "commit overrun: ", "dropped events: "})
      if (line.starts_with(loss) && number_after(line, loss) != 0)
        throw base::infrastructure_error("the buffer of kvm:kvm_exit lost events: " + line);
}

std::map<std::uint32_t, std::uint64_t> count_buffer(exits::Vendor vendor) {
  std::map<std::uint32_t, std::uint64_t> counts;
  std::ifstream file(tracefs / buffer / "trace");
  for (std::string line; std::getline(file, line);)
    if (const auto number = parse_exit_line(line, vendor)) ++counts[*number];
  for (const auto& cpu : fs::directory_iterator(tracefs / buffer / "per_cpu"))
    check_nothing_lost(cpu.path() / "stats");
  return counts;
}

}  // namespace

void write_tracefs(const fs::path& name, const std::string& text) {
  const fs::path path = tracefs / name;
  const base::Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) throw base::errno_error("open", path.string(), errno);
  base::write_all(fd.get(), text, path.string());
}

void make_tracefs_instance(const fs::path& name) {
  const fs::path path = tracefs / name;
  std::error_code error;
  fs::remove(path, error);
  if (!error) fs::create_directory(path, error);
  if (error) throw base::errno_error("make", path.string(), error.value());
}

ExitTracepoint::ExitTracepoint() : histogram_(fs::exists(tracefs / event / "hist")) {
  if (histogram_)
    write_tracefs(event / "trigger", histogram);
  else
    make_buffer();
}

ExitTracepoint::~ExitTracepoint() {
  try {
    if (histogram_)
      write_tracefs(event / "trigger", std::string("!") + histogram);
    else
      remove_buffer();
  } catch (const std::exception& error) {
    spdlog::warn("{}", error.what());
  }
}

std::map<std::uint32_t, std::uint64_t> ExitTracepoint::read() const {
  if (histogram_) return parse_exit_histogram(base::read_file(tracefs / event / "hist"));
  return count_buffer(machine_vendor());
}

std::optional<std::uint32_t> parse_exit_line(std::string_view line, exits::Vendor vendor) {
  constexpr std::string_view before = " reason ", after = " rip ";
  const std::size_t kind = line.find(" kvm_exit: ");
  if (kind == std::string_view::npos) return std::nullopt;
  const std::size_t begin = line.find(before, kind), end = line.find(after, begin);
  if (begin == std::string_view::npos || end == std::string_view::npos)
    throw base::infrastructure_error("kvm:kvm_exit: no reason in '" + std::string(line) + "'");
  const std::string_view name = line.substr(begin + before.size(), end - begin - before.size());
  const auto number = exits::parse_reason(vendor, name);
  if (!number)
    throw base::infrastructure_error("kvm:kvm_exit: unknown reason '" + std::string(name) + "'");
  return number;
}

std::map<std::uint32_t, std::uint64_t> parse_exit_histogram(std::string_view text) {
  std::map<std::uint32_t, std::uint64_t> counts;
  for (const std::string_view line : base::split_lines(text)) {
    if (line.starts_with("{"))
      counts[static_cast<std::uint32_t>(number_after(line, "exit_reason:"))] +=
          number_after(line, "hitcount:");
    else if (line.find("Dropped:") != std::string_view::npos && number_after(line, "Dropped:") != 0)
      throw base::infrastructure_error("histogram of kvm:kvm_exit dropped entries");
  }
  return counts;
}

}  // namespace lab::kvm
