// SPDX-License-Identifier: MIT
// Shows the exits of running guests by reason, as they happen: those of this user's `lab run`s,
// else of the VMs on this machine's own patched kvm.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <span>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/process/interrupt.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/trials/selection.hpp"
#include "orchestrator/exits/causes.hpp"
#include "orchestrator/exits/host_stats.hpp"
#include "orchestrator/terminal/doing.hpp"
#include "orchestrator/terminal/publish.hpp"
#include "orchestrator/trial/observe/live_causes.hpp"

namespace lab::cli {
namespace {

namespace fs = std::filesystem;

// Waits this long for a guest to boot where none is seen and nobody watches.
constexpr double patience = 5;  // seconds
// A guest silent for so long runs no more, or its lab is stopped. An emulated second takes several.
constexpr double silence = 30;
constexpr std::size_t fewest_lines = 6;  // of a guest's table

struct TopOptions {
  double delay = 1;
  unsigned count = 0;
  bool causes = false;
  std::string filter;
};

// Returns VMs of this machine; needs root.
std::vector<terminal::LiveGuest> local() {
  std::vector<terminal::LiveGuest> guests;
  std::error_code ignored;
  for (fs::directory_iterator at("/sys/kernel/debug/kvm", ignored), end; !ignored && at != end;
       at.increment(ignored)) {
    const fs::directory_entry& entry = *at;
    try {
      const exits::HostStats stats =
          exits::parse_host_stats(base::read_file(entry.path() / "exit_stats"));
      terminal::LiveGuest guest{.key = entry.path(), .taken = terminal::monotonic_seconds()};
      guest.trial = "process " + entry.path().filename().string();
      guest.sample.vendor = stats.vendor;
      for (const exits::HostReason& reason : stats.reasons)
        if (reason.exits > 0)
          guest.sample.reasons.push_back({reason.number, reason.exits, reason.cycles});
      guests.push_back(std::move(guest));
    } catch (const base::Error&) {
      // The folder is no VM's, kvm is not patched, or the VM has just gone.
    }
  }
  return guests;
}

class Watcher {
 public:
  explicit Watcher(const TopOptions& options)
      : options_(options), terminal_(terminal::takes_escapes(STDOUT_FILENO)) {}

  int run() {
    if (terminal_) write_output("", "\x1b[?1049h\x1b[?25l");  // a screen of its own, no cursor
    int code = base::exit_ok;
    try {
      code = watch();
    } catch (const base::Error& error) {
      leave();
      if (error.kind() != base::ErrorKind::interrupted) throw;
      return base::exit_ok;  // the user ends it so
    } catch (...) {
      leave();
      throw;
    }
    leave();
    return code;
  }

 private:
  void leave() const {
    if (terminal_) write_output("", "\x1b[?25h\x1b[?1049l");
  }

  int watch() {
    const unsigned wanted = options_.count > 0 || terminal_ ? options_.count : 1;
    unsigned shown = 0;
    for (double waited = 0; wanted == 0 || shown < wanted;) {
      std::vector<terminal::LiveGuest> guests = terminal::published(folders_);
      std::erase_if(guests, [](const terminal::LiveGuest& guest) {
        return terminal::monotonic_seconds() - guest.taken > silence;
      });
      if (guests.empty()) {
        guests = local();
        if (options_.causes) read_causes(guests);
      }
      keep_wanted(guests);
      const bool rates = take(guests);
      // Shows the first table at once where somebody watches, else only with rates.
      if (terminal_ || rates) {
        std::ranges::stable_sort(guests, {}, &terminal::LiveGuest::node);
        show(guests);
        shown += rates;
      }
      if (rates) waited = 0;
      if (!terminal_ && waited > patience) {
        say("lab: error: " + nobody() + "\nhint: lab run SCENARIO, in another terminal\n");
        return base::exit_no_data;
      }
      if (wanted == 0 || shown < wanted) base::sleep_interruptibly(options_.delay);
      waited += options_.delay;
    }
    return base::exit_ok;
  }

  void keep_wanted(std::vector<terminal::LiveGuest>& guests) const {
    if (options_.filter.empty()) return;
    std::vector<std::string> names;
    for (const terminal::LiveGuest& guest : guests) names.push_back(guest.trial);
    const scenario::Wanted wanted = trials_meant(options_.filter, names);
    std::erase_if(guests, [&](const auto& guest) { return !wanted(guest.trial); });
  }

  // Reads the causes of the exits since the previous look.
  void read_causes(std::vector<terminal::LiveGuest>& guests) {
    std::map<std::string, trial::LiveCauses> causes;
    for (terminal::LiveGuest& guest : guests) {
      trial::LiveCauses& live = causes[guest.key] = causes_[guest.key];
      try {
        live.take({{guest.key, exits::parse_host_causes(
                                   base::read_file(fs::path(guest.key) / "exit_causes"))}});
        guest.sample.causes = live.leading();
      } catch (const base::Error&) {
        // Its causes are not counted, or it has just gone.
      }
    }
    causes_ = std::move(causes);
  }

  // Takes the newest samples; returns whether any guest has a rate.
  bool take(const std::vector<terminal::LiveGuest>& guests) {
    bool rates = false;
    std::map<std::string, Seen> seen;
    for (const terminal::LiveGuest& guest : guests) {
      Seen& now = seen[guest.key];
      const auto before = seen_.find(guest.key);
      if (before != seen_.end()) now = before->second;
      if (before == seen_.end() || guest.taken > now.newest.taken) {
        now.before = before == seen_.end() ? std::nullopt : std::optional(now.newest);
        now.newest = guest;
      }
      rates |= now.before.has_value();
    }
    seen_ = std::move(seen);
    return rates;
  }

  void show(const std::vector<terminal::LiveGuest>& guests) {
    const terminal::TerminalSize size = terminal_
                                            ? terminal::terminal_size(STDOUT_FILENO)
                                            : terminal::TerminalSize{.columns = 80, .lines = 1000};
    std::string text = terminal_ ? "\x1b[H\x1b[2J" : "";
    if (guests.empty()) text += nobody() + "; waiting\n";
    const std::size_t fitting = std::max<std::size_t>(size.lines / fewest_lines, 1),
                      shown = std::min(guests.size(), fitting),
                      lines =
                          (size.lines - (shown < guests.size())) / std::max<std::size_t>(shown, 1);
    for (const terminal::LiveGuest& guest : std::span(guests).first(shown))
      text += table(seen_.at(guest.key), lines, size.columns - 1);
    if (shown < guests.size()) text += fmt::format("and {} more guests\n", guests.size() - shown);
    // The last newline would move the screen.
    if (terminal_ && text.ends_with('\n')) text.pop_back();
    write_output("", text);
  }

  struct Seen {
    terminal::LiveGuest newest;
    std::optional<terminal::LiveGuest> before;
  };

  // Gives at most half of the lines to the causes, where the user wants them.
  std::string table(const Seen& seen, std::size_t lines, std::size_t columns) const {
    const report::Style style = terminal::terminal_style();
    if (!options_.causes) return terminal::top_table(make_top(seen), lines, columns, style);
    const terminal::TopCauses causes = leading_causes(seen.newest.sample);
    const std::size_t for_causes = std::min(causes.leading.size() + 1, lines / 2);
    return terminal::top_table(make_top(seen), lines - for_causes, columns, style) +
           terminal::top_causes(causes, for_causes, columns, style);
  }

  static std::string reason_text(const trial::Sample& sample, std::uint32_t number) {
    return sample.vendor ? report::printable(exits::reason_name(*sample.vendor, number))
                         : fmt::format("no. {}", number);
  }

  static terminal::TopCauses leading_causes(const trial::Sample& sample) {
    if (!sample.causes) return {};
    terminal::TopCauses causes{.exits = sample.causes->exits, .leading = {}};
    for (const trial::Sample::Cause& cause : sample.causes->leading)
      causes.leading.push_back(
          {reason_text(sample, cause.number), report::printable(cause.text), cause.exits});
    return causes;
  }

  static terminal::Top make_top(const Seen& seen) {
    const terminal::LiveGuest& now = seen.newest;
    terminal::Top top{.title = report::printable(now.trial), .emulated = now.sample.emulated};
    if (!now.node.empty()) top.title = report::printable(now.node) + ": " + top.title;
    if (!now.phase.empty()) top.title += ": " + report::printable(now.phase);
    std::map<std::uint32_t, trial::Sample::Reason> before;
    if (seen.before) {
      top.seconds = now.taken - seen.before->taken;
      for (const trial::Sample::Reason& reason : seen.before->sample.reasons)
        before[reason.number] = reason;
    }
    for (const trial::Sample::Reason& reason : now.sample.reasons) {
      const trial::Sample::Reason& old = before[reason.number];
      top.reasons.push_back({.name = reason_text(now.sample, reason.number),
                             .exits = reason.exits,
                             .cycles = reason.cycles,
                             .new_exits = reason.exits - std::min(reason.exits, old.exits),
                             .new_cycles = reason.cycles - std::min(reason.cycles, old.cycles)});
    }
    return top;
  }

  std::string nobody() const {
    return "no guest runs whose exits lab counts" +
           (options_.filter.empty() ? "" : " in a trial of the name '" + options_.filter + "'");
  }

  const TopOptions& options_;
  const bool terminal_;
  const base::Folders folders_ = base::find_folders(base::FolderUse::read);
  std::map<std::string, Seen> seen_;                 // by LiveGuest::key
  std::map<std::string, trial::LiveCauses> causes_;  // of local guests, by the same key
};

}  // namespace

void add_top(const Command& app) {
  const auto options = std::make_shared<TopOptions>();
  const Command command = app.add_subcommand(
      "top",
      "The exits of running guests by reason, each second: of `lab run` in another terminal, or "
      "of VMs on this machine's patched kvm");
  command.add_number("-d,--delay", options->delay, "Seconds between two looks", 0.1, 3600.0);
  command.add_option("-n,--count", options->count,
                     "So many tables (default: until Ctrl-C; one where it is no terminal)");
  command.add_option("-f,--filter", options->filter, filter_help);
  command.add_flag(
      "--causes", options->causes,
      "Also the leading causes of the latest exits, of guests whose causes are counted");
  command.runs([options] { return Watcher(*options).run(); });
}

}  // namespace lab::cli
