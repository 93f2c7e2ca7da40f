// SPDX-License-Identifier: MIT
#include "orchestrator/inside/machine/machine_settings.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/json.hpp"
#include "orchestrator/base/text.hpp"
#include "orchestrator/kvm/modules/module_lock.hpp"

namespace lab::inside {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t huge_page = 2ull << 20;

fs::path note_file(const fs::path& runtime) {
  return runtime / "machine.json";
}

std::string read_value(const fs::path& file) {
  return std::string(base::trimmed_end(base::read_file(file, 64)));
}

std::uint64_t number_in(const fs::path& file) {
  try {
    return std::stoull(read_value(file));
  } catch (const std::logic_error&) {
    throw base::infrastructure_error("read '" + file.string() + "': no number");
  }
}

// Writes in place, as the kernel's files cannot be replaced.
void write_value(const fs::path& file, const std::string& value) {
  const base::Fd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) throw base::errno_error("write to", file.string(), errno);
  base::write_all(fd.get(), value + "\n", file.string());
}

// Reads the files and their old values, in the order of the changes.
nlohmann::json read_note(const fs::path& runtime) {
  if (!fs::exists(note_file(runtime))) return nlohmann::json::array();
  return base::parse_json(base::read_file(note_file(runtime)));
}

// Restores the last change first. Goes on after one that fails, keeps it in the note, and throws.
void put_back(const fs::path& runtime) {
  const nlohmann::json note = read_note(runtime);
  nlohmann::json left = nlohmann::json::array();
  std::string problems;
  for (auto entry = note.rbegin(); entry != note.rend(); ++entry) {
    try {
      write_value(entry->at("file").get<std::string>(), entry->at("value").get<std::string>());
    } catch (const base::Error& error) {
      left.insert(left.begin(), *entry);
      problems += (problems.empty() ? "" : "; ") + std::string(error.what());
    }
  }
  if (left.empty()) {
    fs::remove(note_file(runtime));
    return;
  }
  base::write_file(note_file(runtime), left.dump() + "\n");
  throw base::infrastructure_error(problems);
}

}  // namespace

MachineSettings::MachineSettings(const scenario::Settings& settings, fs::path runtime,
                                 MachineFiles files)
    : runtime_(std::move(runtime)), files_(std::move(files)) {
  try {
    set_ksm(settings.ksm);
    if (settings.huge_pages)
      set_huge_pages(settings.guests * ((settings.memory + huge_page - 1) / huge_page));
  } catch (const base::Error&) {
    restore();
    throw;
  }
}

MachineSettings::~MachineSettings() {
  restore();
}

void MachineSettings::restore() noexcept {
  try {
    if (fs::exists(note_file(runtime_))) put_back(runtime_);
  } catch (const std::exception& error) {
    spdlog::error("the machine's memory settings are not back: {}", error.what());
  }
}

void MachineSettings::write(const fs::path& file, const std::string& value) {
  nlohmann::json note = read_note(runtime_);
  note.push_back({{"file", file.string()}, {"value", read_value(file)}});
  base::write_file(note_file(runtime_), note.dump() + "\n");
  write_value(file, value);
}

// Writes 1 to run KSM, or 0 to stop it, which leaves merged pages merged.
void MachineSettings::set_ksm(bool on) {
  const fs::path file = files_.ksm();
  if (!fs::exists(file)) {
    if (!on) return;
    throw base::infrastructure_error(
        "host.ksm: this machine's kernel has no KSM ('" + file.string() + "')",
        "a kernel with CONFIG_KSM, or host: {ksm: off}");
  }
  const bool runs = read_value(file) == "1";
  if (runs != on) write(file, on ? "1" : "0");
}

void MachineSettings::set_huge_pages(std::uint64_t pages) {
  const fs::path file = files_.huge_pages("nr_hugepages");
  if (!fs::exists(file))
    throw base::infrastructure_error("guest.huge_pages: this machine has no huge pages of 2 MiB");
  const auto free = [&] { return number_in(files_.huge_pages("free_hugepages")); };
  const std::uint64_t before = free();
  if (before < pages) write(file, std::to_string(number_in(file) + pages - before));
  if (const std::uint64_t got = free(); got < pages)
    throw base::infrastructure_error(
        fmt::format("guest.huge_pages: of {} huge pages of 2 MiB this machine has only {} free",
                    pages, got),
        "smaller guests, or a machine with more memory, freshly started");
}

bool recover_machine_settings(const fs::path& runtime) {
  if (!fs::exists(note_file(runtime))) return false;
  const auto lock = kvm::ModuleLock::try_take(runtime);
  if (!lock) return false;
  put_back(runtime);
  return true;
}

}  // namespace lab::inside
