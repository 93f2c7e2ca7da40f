// SPDX-License-Identifier: MIT
#include "orchestrator/lane/pool/peer.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "orchestrator/base/error.hpp"

namespace lab::lane {
namespace {

constexpr std::uint64_t max_answer_bytes = 1ull << 30;  // a piece of work, as of an outer VM
constexpr double end_patience = 2;  // seconds from the end of its output to its exit

}  // namespace

Peer::Peer(const base::Command& command, Greeting ours, double silence)
    : process_(command),
      output_(process_.take_output()),
      ours_(std::move(ours)),
      silence_(silence) {}

std::optional<base::Error> Peer::too_late(double limit) const {
  if (greeting_ || limit <= 0 || seconds() <= limit) return std::nullopt;
  return base::infrastructure_error(fmt::format("it has not begun within {:.0f} s", limit));
}

void Peer::give(const Work& work, double limit) {
  process_.write(to_json(work) + "\n");
  process_.flush();
  limit_ = limit;
  bytes_ = 0;
  given_.restart();
}

void Peer::add_to(std::vector<pollfd>& fds) const {
  if (!closed_) fds.push_back({output_.get(), POLLIN, 0});
  if (process_.errors_fd() >= 0) fds.push_back({process_.errors_fd(), POLLIN, 0});
  if (process_.has_unsent()) fds.push_back({process_.input_fd(), POLLOUT, 0});
}

void Peer::step(const trial::Sink& take) {
  stepped_.restart();
  if (greeting_ && said_.seconds() > alive_every(silence_)) {
    if (!process_.has_unsent()) process_.write(std::string(alive_line) + "\n");
    said_.restart();
  }
  process_.flush();
  process_.read_errors();
  if (!closed_ && !lines_.read(output_.get())) closed_.emplace();
  while (const auto line = lines_.next()) take_line(*line, take);
  check_alive();
}

void Peer::take_line(const std::string& line, const trial::Sink& take) {
  heard_.restart();
  if (!greeting_) return greet(line);
  if (line == alive_line) return;
  if (!working()) throw base::infrastructure_error("it answers where nothing was asked");
  bytes_ += line.size();
  if (bytes_ > max_answer_bytes)
    throw base::infrastructure_error(
        fmt::format("its answer has more than {} bytes", max_answer_bytes));
  const trial::Event event = trial::event_from_json(line);
  if (event.is<trial::End>()) limit_.reset();
  take(event);
}

void Peer::greet(const std::string& line) {
  Greeting greeting;
  try {
    greeting = greeting_from_json(line);
  } catch (const base::Error& error) {
    throw base::infrastructure_error(
        fmt::format("its first line is no lane's ({}): {}", error.what(), line.substr(0, 200)),
        "the command must print nothing but what lab lane prints");
  }
  const std::string why = refusal(greeting, ours_);
  if (!why.empty())
    throw Refused(base::ErrorKind::infrastructure, greeting.node + ": " + why,
                  "install the same lab on all machines");
  greeting_ = std::move(greeting);
}

// Before it has greeted, a lane may wait in a scheduler's queue for long.
void Peer::check_alive() {
  if (closed_ && (process_.ended() || closed_->seconds() > end_patience))
    throw base::infrastructure_error("it ended: " + process_.last_words());
  if (greeting_ && heard_.seconds() > silence_)
    throw base::infrastructure_error(fmt::format("it was silent for {:.0f} s", silence_));
  if (limit_ && given_.seconds() > *limit_)
    throw base::Error(base::ErrorKind::timed_out,
                      fmt::format("its work was not done within {:.0f} s", *limit_));
}

void Endings::look() {
  std::erase_if(peers_, [](const auto& peer) { return peer->ending(); });
}

void Endings::wait() {
  while (!peers_.empty()) {
    look();
    if (!peers_.empty()) ::usleep(20'000);
  }
}

}  // namespace lab::lane
