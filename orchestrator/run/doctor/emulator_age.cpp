// SPDX-License-Identifier: MIT
#include "orchestrator/run/doctor/emulator_age.hpp"

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/base/text.hpp"

namespace lab::run {
namespace {

constexpr const char* built_from = "trixie";  // as in ci/emulators/build

bool is_newer(const std::string& one, const std::string& other) {
  return base::run({.argv = {"dpkg", "--compare-versions", one, "gt", other}}).exit_code == 0;
}

// Returns "1:7.2-1" for 1:7.2-1+b3, which is the same source compiled again.
std::string without_rebuild(const std::string& version) {
  const std::size_t at = version.rfind("+b");
  const bool rebuilt = at != std::string::npos && at + 2 < version.size() &&
                       version.find_first_not_of("0123456789", at + 2) == std::string::npos;
  return version.substr(0, rebuilt ? at : std::string::npos);
}

// Returns "3.0+dfsg" for 3.0+dfsg-1: lab builds Bochs from that source, without Debian's changes.
std::string without_revision(const std::string& version) {
  return version.substr(0, version.rfind('-'));
}

std::string available(const char* package, const base::Folders& folders) {
  const std::string own_lists = folders.cache / "apt" / built_from / "apt.conf";
  std::string known;
  for (const std::vector<std::string>& argv :
       {std::vector<std::string>{"apt-cache", "madison", package},
        {"apt-cache", "-c", own_lists, "madison", package}}) {
    const base::Outcome outcome = base::run({.argv = argv});
    if (outcome.exit_code == 0) known += outcome.output + "\n";
  }
  return newest_of_suite(known, built_from);
}

}  // namespace

std::string newest_of_suite(std::string_view madison, std::string_view suite) {
  std::string newest;
  for (const std::string_view line : base::split_lines(madison)) {
    const auto columns = base::split(line, '|');  // PACKAGE | VERSION | URL SUITE/main …
    if (columns.size() < 3) continue;
    std::string_view from = columns[2];
    base::take_word(from);  // the URL
    const std::string_view where = base::take_word(from);
    const std::string of(suite);
    if (!where.starts_with(of + "/") && !where.starts_with(of + "-")) continue;
    const std::string version = without_rebuild(std::string(base::trimmed(columns[1])));
    if (newest.empty() || is_newer(version, newest)) newest = version;
  }
  return newest;
}

Finding judge_age(const outer::Emulator& emulator, const std::string& available) {
  const bool unpatched = emulator.source.find('-') == std::string::npos;
  const std::string there = unpatched ? without_revision(available) : available;
  Finding finding{.name = "lab's own " + emulator.title + " beside Debian's", .ok = true};
  finding.detail = "built from " + emulator.source;
  if (available.empty()) {
    finding.detail += "; not compared, as apt has no lists of " + std::string(built_from) +
                      " (lab kvm list --available reads them)";
  } else if (is_newer(there, emulator.source)) {
    finding.ok = false;
    finding.detail += "; " + std::string(built_from) + " has " + available;
    finding.remedy =
        "rm -r " + emulator.program.parent_path().string() + "; " + outer::build_emulator;
  }
  return finding;
}

std::vector<Finding> probe_emulator_ages(const base::Folders& folders) {
  std::vector<Finding> found;
  for (const outer::EmulatorKind& kind : {outer::own_qemu, outer::own_bochs}) {
    try {
      if (const auto emulator = outer::find_emulator(kind))
        found.push_back(judge_age(*emulator, available(kind.package, folders)));
    } catch (const base::Error&) {
      // Another finding reports an emulator that is not as it was built.
    }
  }
  return found;
}

}  // namespace lab::run
