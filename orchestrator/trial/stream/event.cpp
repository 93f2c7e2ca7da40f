// SPDX-License-Identifier: MIT
#include "orchestrator/trial/stream/event.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "orchestrator/base/json.hpp"
#include "orchestrator/record/json/record_json.hpp"

namespace lab::trial {
namespace {

using nlohmann::ordered_json;

constexpr std::array<std::string_view, 4> error_names{"user", "infrastructure", "timed_out",
                                                      "interrupted"};
constexpr std::size_t max_reasons = 1024;   // either vendor has fewer
constexpr std::size_t max_words = 1024;     // bytes of a trial's or a phase's name
constexpr std::size_t max_text = 1u << 20;  // an error's, which contains the end of a console

[[noreturn]] void malformed(const std::string& cause) {
  throw base::infrastructure_error("the outer VM's stream: " + cause);
}

std::uint64_t count_from(const ordered_json& value) {
  return base::whole_number(value, "a count", 0, UINT64_MAX);
}

std::uint32_t number_from(const ordered_json& value) {
  return std::uint32_t(base::whole_number(value, "a reason's number", 0, UINT32_MAX));
}

// Returns "" where an optional field is missing.
std::string text_from(const ordered_json& object, const char* name, std::size_t max,
                      bool needed = false) {
  const std::string text =
      needed ? base::field<std::string>(object, name) : object.value(name, std::string());
  if (text.size() > max) malformed(std::string("'") + name + "' is too long");
  return text;
}

std::vector<Sample::Reason> reasons_from(const ordered_json& flat) {
  if (!flat.is_array() || flat.size() % 3 != 0 || flat.size() / 3 > max_reasons)
    malformed("a sample's reasons are malformed");
  std::vector<Sample::Reason> reasons;
  for (std::size_t i = 0; i < flat.size(); i += 3) {
    reasons.push_back({number_from(flat[i]), count_from(flat[i + 1]), count_from(flat[i + 2])});
  }
  return reasons;
}

ordered_json causes_json(const Sample::Causes& causes) {
  ordered_json list = ordered_json::array();
  for (const Sample::Cause& cause : causes.leading)
    list.push_back({{"number", cause.number}, {"text", cause.text}, {"exits", cause.exits}});
  return {{"exits", causes.exits}, {"leading", std::move(list)}};
}

Sample::Causes causes_from(const ordered_json& object) {
  const ordered_json& list = base::need(object, "leading");
  if (!list.is_array() || list.size() > max_live_causes) malformed("a sample's causes are no list");
  Sample::Causes causes{.exits = base::field<std::uint64_t>(object, "exits"), .leading = {}};
  for (const ordered_json& cause : list) {
    causes.leading.push_back({base::field<std::uint32_t>(cause, "number"),
                              text_from(cause, "text", max_cause_text, true),
                              base::field<std::uint64_t>(cause, "exits")});
  }
  return causes;
}

// Puts each kind of event into its fields.
struct Writer {
  ordered_json& object;

  void operator()(const PhaseBegun& begun) const {
    object["type"] = "phase";
    object["phase"] = to_string(begun.phase.kind);
    if (!begun.phase.name.empty()) object["name"] = begun.phase.name;
    if (!begun.detail.empty()) object["detail"] = begun.detail;
  }
  void operator()(const Sample& sample) const {
    object["type"] = "sample";
    object["sample"] = to_object(sample);
  }
  void operator()(const record::Record& record) const {
    object["type"] = "record";
    object["record"] = record::to_object(record);
  }
  void operator()(const base::Error& error) const {
    object["type"] = "error";
    object["kind"] = error_names.at(static_cast<std::size_t>(error.kind()));
    object["text"] = error.what();
    if (!error.hint().empty()) object["hint"] = error.hint();
  }
  void operator()(const Capabilities& capabilities) const {
    object["type"] = "capabilities";
    object["file"] = capabilities.file;
    object["text"] = capabilities.text;
  }
  void operator()(const End&) const { object["type"] = "end"; }
};

PhaseBegun phase_from(const ordered_json& object) {
  const std::string word = text_from(object, "phase", max_words, true);
  const auto kind = record::parse_phase_kind(word);
  if (!kind) malformed("unknown phase '" + word + "'");
  return {{*kind, text_from(object, "name", max_words)}, text_from(object, "detail", max_words)};
}

base::Error error_from(const ordered_json& object) {
  const std::string word = text_from(object, "kind", max_words, true);
  const auto* const found = std::ranges::find(error_names, word);
  if (found == error_names.end()) malformed("unknown kind of error '" + word + "'");
  return {static_cast<base::ErrorKind>(found - error_names.begin()),
          text_from(object, "text", max_text, true), text_from(object, "hint", max_text)};
}

decltype(Event::what) what_from(const ordered_json& object) {
  const std::string type = text_from(object, "type", max_words, true);
  if (type == "phase") return phase_from(object);
  if (type == "sample") return sample_from_object(base::need(object, "sample"));
  if (type == "record") return record::from_object(base::need(object, "record"));
  if (type == "error") return error_from(object);
  if (type == "capabilities")
    return Capabilities{base::field<std::string>(object, "file"),
                        base::field<std::string>(object, "text")};
  if (type == "end") return End();
  malformed("unknown event '" + type + "'");
}

}  // namespace

Event other_phase(const std::string& name, const std::string& detail) {
  return {.trial = "", .what = PhaseBegun{{.name = name}, detail}};
}

ordered_json to_object(const Sample& sample) {
  ordered_json object;
  if (sample.vendor) object["vendor"] = exits::to_string(*sample.vendor);
  if (sample.emulated) object["emulated"] = true;
  object["exits"] = sample.exits;
  // Writes three numbers a reason, all in one list.
  ordered_json flat = ordered_json::array();
  for (const Sample::Reason& reason : sample.reasons)
    for (const std::uint64_t number : {std::uint64_t{reason.number}, reason.exits, reason.cycles})
      flat.push_back(number);
  if (!flat.empty()) object["reasons"] = std::move(flat);
  if (sample.causes) object["causes"] = causes_json(*sample.causes);
  return object;
}

Sample sample_from_object(const ordered_json& object) {
  try {
    return {.vendor = exits::parse_vendor(object.value("vendor", "")),
            .emulated = object.value("emulated", false),
            .exits = base::field<std::uint64_t>(object, "exits"),
            .reasons = object.contains("reasons") ? reasons_from(object["reasons"])
                                                  : std::vector<Sample::Reason>(),
            .causes = object.contains("causes") ? std::optional(causes_from(object["causes"]))
                                                : std::nullopt};
  } catch (const ordered_json::exception& error) {
    malformed(error.what());
  }
}

std::string to_json(const Event& event) {
  ordered_json object;
  if (!event.trial.empty()) object["trial"] = event.trial;
  std::visit(Writer{object}, event.what);
  return base::dump_json(object);
}

Event event_from_json(std::string_view line) {
  if (line.size() > max_event_bytes) malformed("a line is too long");
  try {
    const ordered_json object = base::parse_json<ordered_json>(line);
    return {.trial = text_from(object, "trial", max_words), .what = what_from(object)};
  } catch (const ordered_json::exception& error) {
    malformed(error.what());
  }
}

}  // namespace lab::trial
