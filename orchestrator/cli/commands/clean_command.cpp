// SPDX-License-Identifier: MIT
// `lab clean` makes room in the cache.
#include <fmt/format.h>

#include <memory>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/option_values.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/run/cleanup/leftovers.hpp"

namespace lab::cli {
namespace {

using std::filesystem::file_time_type;

struct CleanOptions {
  std::string unused = "30 days";
  bool dry_run = false;
};

std::string size_text(std::uintmax_t bytes) {
  return fmt::format("{:.1f} MiB", double(bytes) / (1 << 20));
}

int clean(const CleanOptions& options) {
  const auto age = read_age("--unused", options.unused);
  if (age < std::chrono::hours(24))
    throw base::user_error("--unused '" + options.unused + "' is less than a day",
                           "what was used today may be in use now");
  const file_time_type now = file_time_type::clock::now();
  std::string text;
  std::uintmax_t bytes = 0;
  for (const run::Unused& unused : run::find_unused(base::find_folders().cache, now - age)) {
    if (!options.dry_run && !run::remove_unused(unused)) continue;
    bytes += unused.bytes;
    text += fmt::format(
        "{}, {}, used {} days ago\n", unused.folder.string(), size_text(unused.bytes),
        std::chrono::duration_cast<std::chrono::hours>(now - unused.used) / std::chrono::hours(24));
  }
  write_output("", text + fmt::format("{} {}\n", size_text(bytes),
                                      options.dry_run ? "would be removed" : "removed"));
  return base::exit_ok;
}

}  // namespace

void add_clean(const Command& app) {
  const auto options = std::make_shared<CleanOptions>();
  const Command command = app.add_subcommand(
      "clean",
      "Remove from the cache what your kernels and files left there and nobody has used lately");
  command.add_option("--unused", options->unused, "Not used for: '30 days', '2 weeks'")
      .shows_default();
  command.add_flag("--dry-run", options->dry_run, "Only list what would be removed");
  command.runs([options] { return clean(*options); });
}

}  // namespace lab::cli
