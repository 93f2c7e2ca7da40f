// SPDX-License-Identifier: MIT
#include "orchestrator/cli/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "orchestrator/cli/output.hpp"
#include "orchestrator/report/report.hpp"

namespace lab::cli {
namespace {

std::size_t terminal_width() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 20) return 80;
  return size.ws_col;
}

std::string grouped(std::uint64_t value) {
  std::string text = std::to_string(value);
  for (int at = static_cast<int>(text.size()) - 3; at > 0; at -= 3)
    text.insert(static_cast<std::size_t>(at), ",");
  return text;
}

std::string clock_text(double seconds) {
  const int whole = static_cast<int>(seconds);
  return fmt::format("{:d}:{:02d}", whole / 60, whole % 60);
}

}  // namespace

Progress::Mode Progress::fitting() {
  return ::isatty(STDERR_FILENO) != 0 ? Mode::terminal : Mode::lines;
}

Progress::Progress(Mode mode) : mode_(mode) {
  if (mode_ != Mode::terminal) return;
  ticker_ = std::jthread([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      const std::lock_guard lock(mutex_);
      if (shown_) draw();
    }
  });
}

Progress::~Progress() {
  ticker_ = {};
  clear();
}

void Progress::phase(const std::string& trial, const std::string& text, unsigned lane) {
  const std::lock_guard lock(mutex_);
  if (lane > 0) doing_.erase(0);
  Doing& doing =
      doing_[lane] = {.where = report::printable(trial.empty() ? text : trial + ": " + text)};
  if (mode_ == Mode::lines)
    say(fmt::format("lab: [{}] {}\n", clock_text(watch_.seconds()), doing.where));
  if (mode_ == Mode::terminal) draw();
}

void Progress::detail(const std::string& text, unsigned lane) {
  const std::lock_guard lock(mutex_);
  doing_[lane].detail = report::printable(text);
  if (mode_ == Mode::terminal) draw();
}

void Progress::end(unsigned lane) {
  const std::lock_guard lock(mutex_);
  doing_.erase(lane);
}

// With several lanes each has its part of the line.
void Progress::draw() {
  const std::string clock = fmt::format("[{}] ", clock_text(watch_.seconds()));
  const std::size_t width = terminal_width() - 1, lanes = std::max<std::size_t>(doing_.size(), 1),
                    part = (width - clock.size()) / lanes;
  std::string line = clock;
  for (const auto& [lane, doing] : doing_) {
    std::string text = fmt::format("{} ({:.0f} s)", doing.where, doing.since.seconds());
    if (!doing.detail.empty()) text += "  " + doing.detail;
    if (lanes > 1) text += std::string(part, ' ');
    line += text.substr(0, part);
  }
  say("\r\x1b[K" + line);
  shown_ = true;
}

void Progress::clear() {
  const std::lock_guard lock(mutex_);
  if (shown_) say("\r\x1b[K");
  shown_ = false;
}

void Progress::operator()(const trial::Event& event) {
  if (event.kind == trial::Event::Kind::phase) phase(event.trial, event.text, event.lane);
  if (event.kind == trial::Event::Kind::sample) detail(grouped(event.exits) + " exits", event.lane);
  if (event.kind == trial::Event::Kind::end) end(event.lane);
}

}  // namespace lab::cli
