// SPDX-License-Identifier: MIT
#include "orchestrator/trial/event.hpp"

#include <array>
#include <nlohmann/json.hpp>

namespace lab::trial {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 6> kind_names{"phase", "sample", "record",
                                                     "error", "end",    "capabilities"};
constexpr std::array<std::string_view, 4> error_names{"user", "infrastructure", "timed_out",
                                                      "interrupted"};

template <std::size_t N>
std::size_t index_of(const std::array<std::string_view, N>& names, const std::string& name) {
  for (std::size_t i = 0; i < N; ++i)
    if (names[i] == name) return i;
  throw base::infrastructure_error("the outer VM's stream: unknown word '" + name + "'");
}

constexpr std::size_t max_reasons = 1024;  // either vendor has fewer

// Three numbers each, in one list.
json reasons_json(const std::vector<Event::Reason>& reasons) {
  json flat = json::array();
  for (const Event::Reason& reason : reasons)
    for (const std::uint64_t number : {std::uint64_t{reason.number}, reason.exits, reason.cycles})
      flat.push_back(number);
  return flat;
}

std::uint64_t count_from(const json& value) {
  if (!value.is_number_unsigned())
    throw base::infrastructure_error("the outer VM's stream: a count is no whole number");
  return value.get<std::uint64_t>();
}

std::vector<Event::Reason> reasons_from(const json& flat) {
  if (flat.size() % 3 != 0 || flat.size() / 3 > max_reasons)
    throw base::infrastructure_error("the outer VM's stream: a sample's reasons are malformed");
  std::vector<Event::Reason> reasons;
  for (std::size_t i = 0; i < flat.size(); i += 3) {
    const std::uint64_t number = count_from(flat[i]);
    if (number > UINT32_MAX)
      throw base::infrastructure_error("the outer VM's stream: no reason has such a number");
    reasons.push_back({std::uint32_t(number), count_from(flat[i + 1]), count_from(flat[i + 2])});
  }
  return reasons;
}

}  // namespace

std::string to_json(const Event& event) {
  json object{{"type", kind_names[static_cast<std::size_t>(event.kind)]}};
  if (!event.trial.empty()) object["trial"] = event.trial;
  if (!event.text.empty()) object["text"] = event.text;
  if (!event.hint.empty()) object["hint"] = event.hint;
  if (event.kind == Event::Kind::sample) object["exits"] = event.exits;
  if (!event.reasons.empty()) object["reasons"] = reasons_json(event.reasons);
  if (event.emulated) object["emulated"] = true;
  if (event.kind == Event::Kind::error)
    object["kind"] = error_names[static_cast<std::size_t>(event.error_kind)];
  return object.dump(-1, ' ', true, json::error_handler_t::replace);
}

Event event_from_json(std::string_view line) {
  if (line.size() > max_event_bytes)
    throw base::infrastructure_error("the outer VM's stream: a line is too long");
  try {
    const json object = json::parse(line);
    Event event;
    event.kind = static_cast<Event::Kind>(index_of(kind_names, object.at("type")));
    event.trial = object.value("trial", "");
    event.text = object.value("text", "");
    event.hint = object.value("hint", "");
    if (object.contains("exits")) event.exits = count_from(object["exits"]);
    if (object.contains("reasons")) event.reasons = reasons_from(object["reasons"]);
    event.emulated = object.value("emulated", false);
    if (event.kind == Event::Kind::error)
      event.error_kind = static_cast<base::ErrorKind>(index_of(error_names, object.at("kind")));
    return event;
  } catch (const json::exception& error) {
    throw base::infrastructure_error(std::string("the outer VM's stream: ") + error.what());
  }
}

}  // namespace lab::trial
