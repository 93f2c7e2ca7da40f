// SPDX-License-Identifier: MIT
#include "orchestrator/terminal/progress.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <iterator>
#include <utility>

#include "orchestrator/exits/reasons/reasons.hpp"
#include "orchestrator/report/text.hpp"
#include "orchestrator/terminal/terminal.hpp"

namespace lab::terminal {
namespace {

constexpr std::size_t rates_shown = 12;

// Calls an action before each log message; it must precede the sink that writes.
class Before : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit Before(std::function<void()> action) : action_(std::move(action)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& /*message*/) override { action_(); }
  void flush_() override {}

  std::function<void()> action_;
};

}  // namespace

Progress::Mode Progress::fitting() {
  return takes_escapes(STDERR_FILENO) ? Mode::terminal : Mode::lines;
}

Progress::Progress(Mode mode) : mode_(mode), style_{.colour = std::getenv("NO_COLOR") == nullptr} {
  if (mode_ != Mode::terminal) return;
  auto& sinks = spdlog::default_logger()->sinks();
  before_log_ = std::make_shared<Before>([this] { clear(); });
  sinks.insert(sinks.begin(), before_log_);
  ticker_ = std::jthread([this](const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!ticks_.wait_for(lock, stop, std::chrono::milliseconds(200),
                            [&] { return stop.stop_requested(); }))
      if (changed_ || !shown_.empty()) draw();
  });
}

Progress::~Progress() {
  if (before_log_) std::erase(spdlog::default_logger()->sinks(), before_log_);
  ticker_ = {};
  clear();
}

void Progress::expect(Expected expected, std::optional<double> all) {
  const std::lock_guard lock(mutex_);
  expected_ = std::move(expected);
  expected_all_ = all;
}

void Progress::phase(const std::string& what) {
  (*this)(trial::other_phase(what));
}

void Progress::phase(const trial::Event& event, const trial::PhaseBegun& begun) {
  const std::lock_guard lock(mutex_);
  const std::string& trial = event.trial;
  const std::string phase = record::in_words(begun.phase);
  std::string text =
      (event.node.empty() ? "" : event.node + ": ") + (trial.empty() ? "" : trial + ": ") + phase;
  if (!begun.detail.empty()) text += " (" + begun.detail + ")";
  if (event.lane > 0) lanes_.erase(0);
  Lane& now = lanes_[event.lane];
  const bool same = !trial.empty() && trial == now.trial;
  Lane next{
      .doing = {.where = report::printable(text), .expected = expected_.phase(trial, begun.phase)},
      .trial = trial,
      .node = event.node,
      .phase = phase};
  if (same) {  // the trial's counts continue
    next.doing.exits = now.doing.exits;
    next.doing.rates = std::move(now.doing.rates);
    next.since_sample = now.since_sample;
    next.exits = std::move(now.exits);
  }
  now = std::move(next);
  if (mode_ == Mode::lines)
    say(fmt::format("lab: [{}] {}\n", clock_text(watch_.seconds()), now.doing.where));
  if (mode_ == Mode::terminal) draw_soon();
}

// Computes the rate and the leading reason between two samples with reasons, a second apart.
void Progress::sample(unsigned lane_number, const trial::Sample& sample) {
  const std::lock_guard lock(mutex_);
  Lane& lane = lanes_[lane_number];
  lane.doing.exits = sample.exits;
  if (!sample.reasons.empty()) {
    const double seconds = lane.since_sample.seconds();
    const bool first = lane.exits.empty();
    std::uint64_t all = 0, most = 0;
    std::uint32_t leading = 0;
    std::map<std::uint32_t, std::uint64_t> exits;
    for (const trial::Sample::Reason& reason : sample.reasons) {
      const auto before = lane.exits.find(reason.number);
      const std::uint64_t now =
          reason.exits - (before == lane.exits.end() ? 0 : std::min(reason.exits, before->second));
      exits[reason.number] = reason.exits;
      all += now;
      if (now > most) leading = reason.number;
      most = std::max(most, now);
    }
    lane.exits = std::move(exits);
    lane.since_sample.restart();
    if (!first && seconds > 0) {
      lane.doing.rates.push_back(double(all) / seconds);
      if (lane.doing.rates.size() > rates_shown) lane.doing.rates.erase(lane.doing.rates.begin());
    }
    lane.doing.leading = most > 0 && sample.vendor
                             ? report::printable(exits::reason_name(*sample.vendor, leading))
                             : "";
    lane.doing.leading_share = all > 0 ? double(most) / double(all) : 0;
  }
  if (mode_ == Mode::terminal) draw_soon();
}

void Progress::end(unsigned lane) {
  const std::lock_guard lock(mutex_);
  lanes_.erase(lane);
}

// Returns the escape sequence that goes back to the start of the shown lines and erases them. A
// window that became narrower has since broken its lines into several rows.
std::string Progress::erasure() const {
  const std::size_t columns = terminal_size(STDERR_FILENO).columns;
  std::size_t rows = 0;
  for (const std::size_t width : shown_)
    rows += std::max<std::size_t>(1, (width + columns - 1) / columns);
  return "\r" + (rows > 1 ? fmt::format("\x1b[{}A", rows - 1) : "") + "\x1b[J";
}

// Limits drawing: a thousand lanes have more events than anyone reads or a terminal can take.
void Progress::draw_soon() {
  constexpr double apart = 0.1;  // seconds
  changed_ = true;
  if (shown_.empty() || since_drawn_.seconds() >= apart) draw();
}

// Returns each lane's own lines where all fit, else the number of lanes in each phase, by machine.
std::vector<std::string> Progress::lines_of_all(std::size_t lines, std::size_t columns) {
  std::vector<std::string> text;
  std::vector<LaneState> states;
  for (auto& [number, lane] : lanes_) {
    lane.doing.seconds = lane.since.seconds();
    states.push_back({.node = lane.node, .phase = lane.phase});
    if (text.size() <= lines)
      std::ranges::move(doing_lines(lane.doing, columns), std::back_inserter(text));
  }
  return text.size() <= lines ? text : lines_by_node(states, lines, columns);
}

// Draws in one write to avoid flicker. The last column stays free: some terminals wrap there.
void Progress::draw() {
  const TerminalSize size = terminal_size(STDERR_FILENO);
  const std::size_t width = size.columns - 1;
  std::string clock = "[" + clock_text(watch_.seconds());
  if (expected_all_ && width >= 60) clock += " of ~" + clock_text(*expected_all_);
  clock += "] ";
  std::string text = shown_.empty() ? "" : erasure();
  std::vector<std::size_t> shown;
  const std::size_t room = width - std::min(width - 10, clock.size());
  for (const std::string& line : lines_of_all(std::max<std::size_t>(size.lines, 2) - 1, room)) {
    const std::string begin = shown.empty() ? clock : std::string(clock.size(), ' ');
    text += (shown.empty() ? "" : "\n") + report::ink(style_, report::Ink::dim, begin) + line;
    shown.push_back(begin.size() + report::width(line));
  }
  say(text);
  shown_ = std::move(shown);
  changed_ = false;
  since_drawn_.restart();
}

void Progress::clear() {
  const std::lock_guard lock(mutex_);
  if (!shown_.empty()) say(erasure());
  shown_.clear();
  changed_ = false;
}

void Progress::operator()(const trial::Event& event) {
  if (const auto* begun = event.get<trial::PhaseBegun>()) phase(event, *begun);
  if (const auto* taken = event.get<trial::Sample>()) sample(event.lane, *taken);
  if (event.is<trial::End>()) end(event.lane);
}

}  // namespace lab::terminal
