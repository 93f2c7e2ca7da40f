// SPDX-License-Identifier: MIT
#include "orchestrator/trial/reader/reader_protocol.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <iterator>
#include <nlohmann/json.hpp>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/json.hpp"

namespace lab::trial {
namespace {

using nlohmann::json;

constexpr std::size_t max_word = 256;
constexpr base::JsonLimits line_limits{.bytes = 256u << 10, .depth = 8, .values = 1u << 14};

base::Error garbage(const std::string& why) {
  return base::infrastructure_error("the reader's port: " + why);
}

ReaderMessage::Kind parse_kind(const std::string& event) {
  constexpr std::array<std::string_view, 6> names{"ready", "step",  "snapshot",
                                                  "bye",   "error", "symbols"};
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == event) return static_cast<ReaderMessage::Kind>(i);
  throw garbage("unknown event '" + event.substr(0, max_word) + "'");
}

std::string word(const json& object, const char* name) {
  std::string text = base::field<std::string>(object, name);
  if (text.size() > max_word) throw garbage(std::string("'") + name + "' is too long");
  return text;
}

exits::Snapshot snapshot_in(const json& object, const char* name) {
  return exits::snapshot_from(base::need(object, name));
}

std::uint32_t number(const json& object, const char* name, std::uint32_t max = UINT32_MAX) {
  return std::uint32_t(base::whole_number(base::need(object, name), name, 0, max));
}

void read_ready(const json& object, ReaderMessage& message) {
  message.protocol = number(object, "protocol");
  if (message.protocol < oldest_reader_protocol || message.protocol > reader_protocol)
    throw garbage(fmt::format("protocol {}, expected {} to {}", message.protocol,
                              oldest_reader_protocol, reader_protocol));
  message.kernel = word(object, "kernel");
  message.vendor = word(object, "vendor");
  message.layout = word(object, "layout");
  message.after = snapshot_in(object, "snapshot");
}

int exit_code_in(const json& object, const char* name) {
  return int(number(object, name, 255));
}

// The guest's clock may say anything, so the value is bounded.
std::optional<double> seconds_in(const json& object) {
  const double seconds = base::field<double>(object, "seconds");
  return seconds >= 0 && seconds < 1e9 ? std::optional(seconds) : std::nullopt;
}

void read_step(const json& object, ReaderMessage& message) {
  message.id = number(object, "id");
  message.before = snapshot_in(object, "before");
  message.after = snapshot_in(object, "after");
  if (object.contains("exit_code")) message.exit_code = exit_code_in(object, "exit_code");
  const std::uint32_t signal = object.contains("signal") ? number(object, "signal", 127) : 0;
  if (signal != 0) message.exit_code = int(128 + signal);
  if (object.contains("background_exit_code"))
    message.background_exit_code = exit_code_in(object, "background_exit_code");
  message.times = number(object, "times");
  message.cut = base::field<bool>(object, "cut");
  message.killed = message.cut && signal == SIGKILL;
  message.seconds = seconds_in(object);
  message.text = base::field<std::string>(object, "output");
}

ReaderSymbol symbol_in(const json& value) {
  if (value.is_null()) return {};
  if (!value.is_array() || value.empty() || value.size() > 2)
    throw garbage("a symbol is no [NAME, MODULE]");
  return {value[0].get<std::string>(), value.size() < 2 ? "" : value[1].get<std::string>()};
}

void read_symbols(const json& object, ReaderMessage& message) {
  message.id = number(object, "id");
  if (object.contains("hidden")) {
    message.text = word(object, "hidden");
    return;
  }
  message.from = number(object, "from", max_symbols);
  message.more = base::field<bool>(object, "more");
  const json& symbols = base::need(object, "symbols");
  if (!symbols.is_array() || symbols.empty() || message.from + symbols.size() > max_symbols)
    throw garbage("more symbols than there may be, or none");
  for (const json& value : symbols) message.symbols.push_back(symbol_in(value));
}

}  // namespace

ReaderMessage parse_reader_message(std::string_view line) {
  try {
    const json object = base::parse_json(line, line_limits);
    ReaderMessage message;
    message.kind = parse_kind(base::field<std::string>(object, "event"));
    switch (message.kind) {
      case ReaderMessage::Kind::ready:
        read_ready(object, message);
        break;
      case ReaderMessage::Kind::step:
        read_step(object, message);
        break;
      case ReaderMessage::Kind::snapshot:
        message.id = number(object, "id");
        message.after = snapshot_in(object, "snapshot");
        break;
      case ReaderMessage::Kind::error:
        message.text = base::field<std::string>(object, "message");
        break;
      case ReaderMessage::Kind::symbols:
        read_symbols(object, message);
        break;
      case ReaderMessage::Kind::bye:
        break;
    }
    return message;
  } catch (const json::exception& error) {
    throw garbage(error.what());
  }
}

bool SymbolLines::take(ReaderMessage& message) {
  const bool symbols = message.kind == ReaderMessage::Kind::symbols;
  const std::size_t expected = begun_ ? begun_->symbols.size() : 0;
  if (begun_ && (!symbols || message.id != begun_->id))
    throw garbage("an answer with symbols is not ended");
  if (!symbols) return true;
  if (message.from != expected) throw garbage("lines of symbols do not follow each other");
  if (begun_) {
    std::ranges::move(message.symbols, std::back_inserter(begun_->symbols));
    message.symbols = std::move(begun_->symbols);
    message.from = 0;
    begun_.reset();
  }
  if (message.more) begun_ = std::move(message);
  return !begun_;
}

std::string run_request(const RunRequest& request) {
  std::string text = "run";
  for (const std::uint64_t number :
       {std::uint64_t{request.id}, std::uint64_t{request.command.size()},
        std::uint64_t{request.input.size()}, std::uint64_t{request.background.size()},
        std::uint64_t{request.times}, static_cast<std::uint64_t>(request.duration.count())})
    text += " " + std::to_string(number);
  text += "\n";
  text += request.command;
  text += request.input;
  text += request.background;
  return text;
}

std::string snapshot_request(std::uint32_t id) {
  return "snapshot " + std::to_string(id) + "\n";
}

std::string symbols_request(std::uint32_t id, const std::vector<std::uint64_t>& addresses) {
  const std::string words = fmt::format("{:x}", fmt::join(addresses, " "));
  return fmt::format("symbols {} {}\n{}", id, words.size(), words);
}

}  // namespace lab::trial
