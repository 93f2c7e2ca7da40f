// SPDX-License-Identifier: MIT
#include "orchestrator/site/emulator.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"

namespace lab::site {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t most_bytes = 4096;  // of info.json

[[noreturn]] void throw_not_as_built(const fs::path& file, const std::string& why) {
  throw base::infrastructure_error(
      "'" + file.string() + "' is not as it was built: " + why,
      std::string("rm -r ") + emulators_folder + " && " + build_emulator);
}

// A field of one line; the file is a description of a program that is run, not its master.
std::string field(const nlohmann::json& info, const char* name, const fs::path& file) {
  const auto found = info.find(name);
  if (found == info.end() || !found->is_string() || found->get<std::string>().empty())
    throw_not_as_built(file, std::string("it has no '") + name + "'");
  return found->get<std::string>();
}

}  // namespace

std::optional<Emulator> find_emulator(const EmulatorKind& kind, const fs::path& folder) {
  std::error_code error;
  const fs::path where =
      fs::canonical(folder / kind.name, error);  // libvirt keeps what it knows by the path
  if (error) return std::nullopt;
  const fs::path file = where / "info.json", program = where / kind.program;
  if (!fs::exists(file, error)) throw_not_as_built(where, "it has no info.json");
  const auto info = nlohmann::json::parse(base::read_file(file, most_bytes), nullptr, false);
  if (!info.is_object()) throw_not_as_built(file, "it is no JSON object");
  if (!fs::exists(program, error)) throw_not_as_built(where, "it has no program");
  if (base::sha256_file(program) != field(info, "sha256", file))
    throw_not_as_built(program, "its digest is another one than in info.json");
  return Emulator{.title = kind.title,
                  .program = program,
                  .version = field(info, "version", file),
                  .changes = field(info, "changes", file),
                  .changes_digest = field(info, "changes_digest", file)};
}

std::optional<Emulator> find_emulator(const record::Site& site) {
  if (!site.emulated) return std::nullopt;
  return find_emulator(site.machine == record::Site::Machine::bochs ? own_bochs : own_qemu);
}

std::string in_words(const Emulator& emulator) {
  return fmt::format("{} {} with {} ({})", emulator.title, emulator.version, emulator.changes,
                     emulator.changes_digest.substr(0, 8));
}

}  // namespace lab::site
