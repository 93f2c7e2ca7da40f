// SPDX-License-Identifier: MIT
#include "orchestrator/outer/machine/emulator.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/file_lock.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/json.hpp"

namespace lab::outer {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t most_bytes = 4096;     // of info.json
constexpr std::size_t most_characters = 64;  // of a version

[[noreturn]] void throw_not_as_built(const fs::path& file, const std::string& why) {
  throw base::infrastructure_error(
      "'" + file.string() + "' is not as it was built: " + why,
      std::string("rm -r ") + emulators_folder + " && " + build_emulator);
}

// Returns a field of one line; the file only describes a program that runs, and does not control
// it.
std::string field(const nlohmann::json& info, const char* name, const fs::path& file) {
  const auto found = info.find(name);
  if (found == info.end() || !found->is_string() || found->get<std::string>().empty())
    throw_not_as_built(file, std::string("it has no '") + name + "'");
  return found->get<std::string>();
}

// Returns the word after `words`: "10.0.2".
std::string version_after(std::string_view text, std::string_view words) {
  const std::size_t at = text.find(words);
  if (at == std::string_view::npos) return "";
  text.remove_prefix(at + words.size());
  const auto end =
      std::ranges::find_if_not(text, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
  const auto length = std::size_t(end - text.begin());
  return std::string(text.substr(0, std::min(length, most_characters)));
}

}  // namespace

std::optional<Emulator> find_emulator(const EmulatorKind& kind, const fs::path& folder) {
  std::error_code error;
  const fs::path where =
      fs::canonical(folder / kind.name, error);  // libvirt caches capabilities by this path
  if (error) return std::nullopt;
  base::check_ownership(folder, 2);
  const fs::path file = where / "info.json", program = where / kind.program;
  if (!fs::exists(file, error)) throw_not_as_built(where, "it has no info.json");
  const auto info = base::try_parse_json(base::read_file(file, most_bytes));
  if (!info || !info->is_object()) throw_not_as_built(file, "it is no JSON object");
  if (!fs::exists(program, error)) throw_not_as_built(where, "it has no program");
  if (base::sha256_file(program) != field(*info, "sha256", file))
    throw_not_as_built(program, "its digest is another one than in info.json");
  return Emulator{.title = kind.title,
                  .program = program,
                  .version = field(*info, "version", file),
                  .source = field(*info, "package", file),
                  .changes = field(*info, "changes", file),
                  .changes_digest = field(*info, "changes_digest", file)};
}

const EmulatorKind* emulator_kind(const record::Site& site) {
  if (!site.emulated) return nullptr;
  return site.machine == record::Site::Machine::bochs ? &own_bochs : &own_qemu;
}

std::optional<Emulator> find_emulator(const record::Site& site) {
  const EmulatorKind* kind = emulator_kind(site);
  return kind == nullptr ? std::nullopt : find_emulator(*kind);
}

bool is_being_built(const EmulatorKind& kind, const fs::path& folder) {
  const fs::path file = folder / fmt::format(".{}.lock", kind.name);
  const base::Fd lock(::open(file.c_str(), O_RDONLY | O_CLOEXEC));  // it may be another user's
  return lock && !base::try_lock_shared(lock, file);
}

std::string in_words(const Emulator& emulator) {
  return fmt::format("{} {} with {} ({})", emulator.title, emulator.version, emulator.changes,
                     emulator.changes_digest.substr(0, 8));
}

std::string emulator_in_words(std::string_view text) {
  const std::string qemu = version_after(text, "QEMU emulator version ");
  if (!qemu.empty()) return "QEMU " + qemu;
  const std::string bochs = version_after(text, "Bochs x86 Emulator ");
  return bochs.empty() ? "" : "Bochs " + bochs;
}

}  // namespace lab::outer
