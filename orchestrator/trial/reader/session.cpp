// SPDX-License-Identifier: MIT
#include "orchestrator/trial/reader/session.hpp"

#include "orchestrator/base/error.hpp"

namespace lab::trial {

using record::Outcome;

Session::Session(Alive alive, base::Fd console, base::Fd reader, std::uint64_t max_bytes,
                 OnMark on_mark)
    : alive_(std::move(alive)),
      on_mark_(std::move(on_mark)),
      console_(std::move(console),
               [this](std::string_view bytes) {
                 for (const Mark mark : marks_.feed(bytes)) on_mark_(mark);
               }),
      reader_(std::move(reader), max_reader_line, max_bytes) {}

void Session::add_descriptors(std::vector<pollfd>& descriptors) const {
  if (console_open_) descriptors.push_back({console_.fd(), POLLIN, 0});
  if (reader_open_) descriptors.push_back({reader_.fd(), POLLIN, 0});
}

// Reads the console last, so that it contains what the guest printed before it sent a message.
void Session::read() {
  try {
    if (reader_open_) reader_open_ = reader_.read();
  } catch (const guest::ChannelAbuse& abuse) {
    reader_open_ = false;
    fail(Outcome::failed, abuse.message);
  }
  if (console_open_) console_open_ = console_.read();
}

void Session::check() {
  if (ended_ || problem_) return;
  const bool alive = alive_();
  if (!alive) read();  // its last words
  if (console_.panicked())
    fail(Outcome::guest_failed, "the guest's kernel panicked");
  else if (!alive && !may_end_)
    fail(Outcome::guest_failed, "the guest ended by itself (shutdown, reset or crash)");
  ended_ = !alive;
}

std::optional<ReaderMessage> Session::next_message() {
  while (!problem_) {
    const std::optional<std::string> line = reader_.next_line();
    if (!line) break;
    try {
      ReaderMessage message = parse_reader_message(*line);
      if (message.kind == ReaderMessage::Kind::error)
        fail(Outcome::failed, "the reader in the guest: " + message.text.substr(0, 300));
      else if (symbols_.take(message))
        return message;
    } catch (const base::Error& error) {
      fail(Outcome::failed, std::string("the guest sent garbage: ") + error.what());
    }
  }
  return std::nullopt;
}

void Session::refuse(const ReaderMessage& message) {
  if (message.kind == ReaderMessage::Kind::ready)
    fail(Outcome::guest_failed, "the guest rebooted by itself");
  else
    fail(Outcome::failed, "the guest's reader answered something else than what it was asked");
}

bool Session::send(std::string_view request) {
  try {
    reader_.write(request);
    return true;
  } catch (const base::Error& error) {
    if (error.kind() == base::ErrorKind::interrupted) throw;
    fail(Outcome::guest_failed, error.what());
    return false;
  }
}

void Session::fail(Outcome outcome, const std::string& message) {
  if (!problem_) problem_ = Problem{outcome, message};
}

}  // namespace lab::trial
