// SPDX-License-Identifier: MIT
#include "orchestrator/base/files/shared_cache.hpp"

#include <spdlog/spdlog.h>

#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/atomic_folder.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/base/text.hpp"

namespace lab::base {
namespace fs = std::filesystem;
namespace {

// This file in each folder of a shared cache has a line for each file, folder and link there.
constexpr const char* digests_name = ".digests";
constexpr auto half_made_age = std::chrono::hours(24);

fs::path counterpart(const fs::path& folder, const fs::path& cache) {
  return cache / folder.parent_path().filename() / folder.filename();
}

// A link must not lead out of its folder, wherever that is copied to.
std::string link_line(const fs::path& folder, const fs::path& name) {
  const fs::path target = fs::read_symlink(folder / name);
  const fs::path meant = (name.parent_path() / target).lexically_normal();
  if (target.is_absolute() || meant.string().starts_with(".."))
    throw infrastructure_error("'" + name.string() + "' is a link to " + target.string());
  return "link " + target.string() + " " + name.string();
}

std::string file_line(const fs::path& folder, const fs::path& name) {
  const bool runs =
      (fs::status(folder / name).permissions() & fs::perms::owner_exec) != fs::perms::none;
  return sha256_file(folder / name) + (runs ? " x " : " - ") + name.string();
}

using Lines = std::set<std::string>;

Lines digest_lines(const fs::path& folder) {
  Lines lines;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const fs::path name = entry.path().lexically_relative(folder);
    if (name == digests_name) continue;
    if (name.string().find('\n') != std::string::npos)
      throw infrastructure_error("the name of a file in it has a newline");
    switch (entry.symlink_status().type()) {
      case fs::file_type::regular:
        lines.insert(file_line(folder, name));
        break;
      case fs::file_type::symlink:
        lines.insert(link_line(folder, name));
        break;
      case fs::file_type::directory:
        lines.insert("folder - " + name.string());
        break;
      default:
        throw infrastructure_error("'" + name.string() + "' is neither file, folder nor link");
    }
  }
  return lines;
}

Lines read_digests(const fs::path& folder) {
  const fs::path file = folder / digests_name;
  if (!fs::exists(file))
    throw infrastructure_error("it has no digests: lab provide --share makes such folders");
  const std::string text = read_file(file);
  const std::vector<std::string_view> lines = split_lines(text);
  return {lines.begin(), lines.end()};
}

std::string name_in(const std::string& line) {
  return line.substr(std::min(line.find(' ', line.find(' ') + 1), line.size() - 1) + 1);
}

void check_digests(const fs::path& folder) {
  const Lines wanted = read_digests(folder), found = digest_lines(folder);
  for (const std::string& line : wanted)
    if (!found.contains(line))
      throw infrastructure_error("'" + name_in(line) + "' is not as it was written");
  for (const std::string& line : found)
    if (!wanted.contains(line))
      throw infrastructure_error("'" + name_in(line) + "' does not belong to it");
}

// Copies a folder's contents; nobody but the owner can write the copies.
void copy_contents(const fs::path& from, const fs::path& to) {
  run_checked({.argv = {"cp", "-R", "--no-dereference", "--preserve=mode,timestamps,links",
                        "--sparse=always", "--", (from / ".").string(), to.string()}});
  fs::permissions(to, fs::perms(0755));
  for (const auto& entry : fs::recursive_directory_iterator(to))
    if (!entry.is_symlink())
      fs::permissions(entry.path(), fs::status(entry.path()).permissions() & fs::perms(0755));
}

// Returns false, with a warning, where the copy differs from what was published.
bool copy_shared(const fs::path& from, const fs::path& to) {
  std::string why;
  try {
    copy_contents(from, to);
    check_digests(to);
    fs::remove(to / digests_name);
    return true;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::interrupted) throw;
    why = error.what();
  } catch (const fs::filesystem_error& error) {
    why = error.what();
  }
  spdlog::warn("the shared cache's '{}' is not taken: {}; it is made here", from.string(), why);
  return false;
}

// Removes folders that a lab left when it was killed while publishing. There is no lock, so their
// age decides.
void remove_half_published(const fs::path& parent) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(parent, ignored))
    if (entry.path().filename().string().starts_with(half_made_prefix) &&
        fs::file_time_type::clock::now() - entry.last_write_time(ignored) > half_made_age)
      fs::remove_all(entry.path(), ignored);
}

}  // namespace

std::optional<fs::path> shared_cache() {
  const char* value = std::getenv("LAB_SHARED_CACHE");
  if (value == nullptr || value[0] == '\0') return std::nullopt;
  if (value[0] != '/')
    throw user_error(std::string("LAB_SHARED_CACHE '") + value + "' is no absolute path");
  std::error_code none;
  if (fs::is_directory(value, none)) return value;
  spdlog::warn("LAB_SHARED_CACHE '{}' is no folder here; lab goes on without", value);
  return std::nullopt;
}

bool take_shared(const fs::path& folder) {
  if (fs::exists(folder)) return true;
  const auto cache = shared_cache();
  std::error_code none;
  if (!cache || !fs::is_directory(counterpart(folder, *cache), none)) return false;
  struct NotTaken {};
  try {
    make_folder_once(folder, [&](const fs::path& work) {
      if (!copy_shared(counterpart(folder, *cache), work)) throw NotTaken();
    });
    return true;
  } catch (const NotTaken&) {
    return false;
  }
}

bool publish(const fs::path& folder, const fs::path& to) {
  const fs::path place = counterpart(folder, to);
  if (fs::exists(place)) return false;
  try {
    fs::create_directories(place.parent_path());
    remove_half_published(place.parent_path());
    TemporaryFolder work(place.parent_path(), half_made_prefix + folder.filename().string());
    copy_contents(folder, work.path());
    std::string text;
    for (const std::string& line : digest_lines(folder)) text += line + "\n";
    write_file(work.path() / digests_name, text);
    put_in_place(work.path(), place);
    work.keep();
    return true;
  } catch (const fs::filesystem_error& error) {
    if (fs::exists(place)) return false;  // another lab was quicker
    throw infrastructure_error("publish '" + folder.string() + "': " + error.what());
  }
}

}  // namespace lab::base
