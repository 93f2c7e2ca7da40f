// SPDX-License-Identifier: MIT
#include "orchestrator/trial/session.hpp"

#include <poll.h>

#include <array>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/interrupt.hpp"

namespace lab::trial {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds sample_interval{500};
constexpr milliseconds check_interval{250};

}  // namespace

Session::Session(guest::Domain& domain, guest::Console console, guest::LineChannel reader,
                 HostReader host_reader, std::function<void(std::uint64_t)> on_sample)
    : domain_(domain),
      console_(std::move(console)),
      reader_(std::move(reader)),
      host_reader_(std::move(host_reader)),
      on_sample_(std::move(on_sample)) {}

std::optional<ReaderMessage> Session::wait(Deadline deadline, const std::string& what) {
  while (!problem_) {
    if (auto message = next_message()) return message;
    if (problem_) break;
    base::throw_if_interrupted();
    if (steady_clock::now() > deadline) {
      fail(record::Outcome::timed_out, "time limit: " + what);
      break;
    }
    poll_once();
  }
  return std::nullopt;
}

bool Session::send(const std::string& request) {
  try {
    reader_.write(request);
    return true;
  } catch (const base::Error& error) {
    if (error.kind() == base::ErrorKind::interrupted) throw;
    fail(record::Outcome::guest_failed, error.what());
    return false;
  }
}

std::optional<ReaderMessage> Session::next_message() {
  const std::optional<std::string> line = reader_.next_line();
  if (!line) return std::nullopt;
  try {
    ReaderMessage message = parse_reader_message(*line);
    if (message.kind != ReaderMessage::Kind::error) return message;
    fail(record::Outcome::failed, "the reader in the guest: " + message.text.substr(0, 300));
  } catch (const base::Error& error) {
    fail(record::Outcome::failed, std::string("the guest sent garbage: ") + error.what());
  }
  return std::nullopt;
}

void Session::poll_once() {
  std::array<pollfd, 2> fds{{{console_open_ ? console_.fd() : -1, POLLIN, 0},
                             {reader_open_ ? reader_.fd() : -1, POLLIN, 0}}};
  ::poll(fds.data(), fds.size(), 100);
  read_all();
  const auto now = steady_clock::now();
  if (now >= next_sample_) {
    next_sample_ = now + sample_interval;
    sample();
  }
  if (now >= next_check_) {
    next_check_ = now + check_interval;
    check_guest();
  }
}

void Session::read_all() {
  if (console_open_) console_open_ = console_.read();
  try {
    if (reader_open_) reader_open_ = reader_.read();
  } catch (const guest::ChannelAbuse& abuse) {
    fail(record::Outcome::failed, abuse.message);
  }
}

void Session::check_guest() {
  if (console_.panicked()) {
    fail(record::Outcome::guest_failed, "the guest's kernel panicked");
  } else if (!domain_.running()) {
    read_all();  // its last words
    fail(record::Outcome::guest_failed,
         console_.panicked() ? "the guest's kernel panicked"
                             : "the guest ended by itself (shutdown, reset or crash)");
  }
}

void Session::sample() {
  if (const auto stats = host_reader_()) on_sample_(stats->total.exits);
}

void Session::fail(record::Outcome outcome, const std::string& message) {
  if (!problem_) problem_ = Problem{outcome, message};
}

}  // namespace lab::trial
