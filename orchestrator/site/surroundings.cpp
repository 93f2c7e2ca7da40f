// SPDX-License-Identifier: MIT
#include "orchestrator/site/surroundings.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/subprocess.hpp"
#include "orchestrator/site/bochs.hpp"
#include "orchestrator/site/job_events.hpp"

namespace lab::site {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t most_characters = 128;
constexpr std::chrono::seconds patience{30};

// The word after `words`: "10.0.2".
std::string version_after(std::string_view text, std::string_view words) {
  const std::size_t at = text.find(words);
  if (at == std::string_view::npos) return "";
  text.remove_prefix(at + words.size());
  const auto end =
      std::ranges::find_if_not(text, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
  const auto length = std::size_t(end - text.begin());
  return std::string(text.substr(0, std::min(length, most_characters / 2)));
}

// Bochs has no option for it, but says its version when it gives up.
std::string bochs_version_text() {
  const base::Outcome outcome = base::run(
      {.argv = {bochs_program, "-q", "-f", "/dev/null/none"}, .limit = patience, .keep = 4096});
  return outcome.output + outcome.errors;
}

std::string emulator_of(const Site& site, const OuterImage& image) {
  try {
    if (image.emulator) return in_words(*image.emulator);
    return emulator_in_words(site.machine == Site::Machine::bochs ? bochs_version_text()
                                                                  : qemu_version_text(usual_qemu));
  } catch (const base::Error& error) {
    if (error.kind() == base::ErrorKind::interrupted) throw;
    spdlog::debug("the emulator's version: {}", error.what());
    return "";
  }
}

}  // namespace

std::string qemu_version_text(const fs::path& emulator) {
  return base::run({.argv = {emulator.string(), "--version"}, .limit = patience}).output;
}

std::string emulator_in_words(std::string_view text) {
  const std::string qemu = version_after(text, "QEMU emulator version ");
  if (!qemu.empty()) return "QEMU " + qemu;
  const std::string bochs = version_after(text, "Bochs x86 Emulator ");
  return bochs.empty() ? "" : "Bochs " + bochs;
}

std::string host_in_words(unsigned processors, std::string_view model) {
  std::string name;
  for (const char c : model) {
    const bool blank = c == ' ' || c == '\t';  // some models' names have rows of them
    if (blank && (name.empty() || name.back() == ' ')) continue;
    name += blank ? ' ' : c > ' ' && c < 0x7f ? c : '?';
  }
  if (name.ends_with(' ')) name.pop_back();
  if (name.empty()) return "";
  return fmt::format("{} x {}", processors, name).substr(0, most_characters);
}

std::string this_host() {
  return host_in_words(unsigned(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN))),
                       cpu_field("model name"));
}

std::string cpu_field(const std::string& name) {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(':');
    if (line.starts_with(name) && colon != std::string::npos && colon + 2 <= line.size())
      return line.substr(colon + 2);
  }
  return "";
}

record::Conditions surroundings(const OuterImage& image, const Job& job) {
  record::Conditions conditions;
  const auto set = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) conditions[std::string(key)] = value;
  };
  set(record::condition::emulator, emulator_of(*job.site, image));
  if (!has_own_clock(job)) set(record::condition::host, this_host());
  return conditions;
}

}  // namespace lab::site
