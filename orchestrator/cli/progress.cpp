// SPDX-License-Identifier: MIT
#include "orchestrator/cli/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

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

void Progress::phase(const std::string& trial, const std::string& text) {
  const std::lock_guard lock(mutex_);
  where_ = report::printable(trial.empty() ? text : trial + ": " + text);
  detail_.clear();
  phase_watch_.restart();
  if (mode_ == Mode::lines)
    say(fmt::format("lab: [{}] {}\n", clock_text(watch_.seconds()), where_));
  if (mode_ == Mode::terminal) draw();
}

void Progress::sample(std::uint64_t exits) {
  detail(grouped(exits) + " exits");
}

void Progress::detail(const std::string& text) {
  const std::lock_guard lock(mutex_);
  detail_ = report::printable(text);
  if (mode_ == Mode::terminal) draw();
}

void Progress::draw() {
  std::string line = fmt::format("[{}] {} ({:.0f} s)", clock_text(watch_.seconds()), where_,
                                 phase_watch_.seconds());
  if (!detail_.empty()) line += "  " + detail_;
  if (line.size() >= terminal_width()) line.resize(terminal_width() - 1);
  say("\r\x1b[K" + line);
  shown_ = true;
}

void Progress::clear() {
  const std::lock_guard lock(mutex_);
  if (shown_) say("\r\x1b[K");
  shown_ = false;
}

void Progress::operator()(const trial::Event& event) {
  if (event.kind == trial::Event::Kind::phase) phase(event.trial, event.text);
  if (event.kind == trial::Event::Kind::sample) sample(event.exits);
}

}  // namespace lab::cli
