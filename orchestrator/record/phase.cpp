// SPDX-License-Identifier: MIT
#include "orchestrator/record/phase.hpp"

#include <algorithm>
#include <array>

namespace lab::record {
namespace {

using Kind = Phase::Kind;

constexpr std::array<std::string_view, 9> kind_words{
    "other", "outer VM", "modules", "start", "step", "reader", "self-check", "cleanup", "trial"};
static_assert(kind_words.size() == static_cast<std::size_t>(Kind::trial) + 1);

constexpr std::string_view step_prefix = "step ";

bool has_name(Kind kind) {
  return kind == Kind::other || kind == Kind::step;
}

// Returns the phase whose kind has this word and needs no name.
std::optional<Phase> nameless(std::string_view word) {
  const auto kind = parse_phase_kind(word);
  if (!kind || has_name(*kind)) return std::nullopt;
  return Phase{*kind, ""};
}

}  // namespace

std::string_view to_string(Kind kind) {
  return kind_words.at(static_cast<std::size_t>(kind));
}

std::optional<Kind> parse_phase_kind(std::string_view text) {
  const auto* const found = std::ranges::find(kind_words, text);
  if (found == kind_words.end()) return std::nullopt;
  return static_cast<Kind>(found - kind_words.begin());
}

std::string in_words(const Phase& phase) {
  if (phase.kind == Kind::step && phase.name != "boot")
    return std::string(step_prefix) + phase.name;
  return has_name(phase.kind) ? phase.name : std::string(to_string(phase.kind));
}

std::string timing_key(const Phase& phase) {
  if (phase.kind == Kind::step && nameless(phase.name))
    return std::string(step_prefix) + phase.name;
  return has_name(phase.kind) ? phase.name : std::string(to_string(phase.kind));
}

Phase phase_of_key(const std::string& key, const std::vector<std::string>& steps) {
  if (auto phase = nameless(key)) return *phase;
  for (const std::string& step : steps)
    if (const Phase phase{Kind::step, step}; timing_key(phase) == key) return phase;
  return {Kind::other, key};
}

double trial_seconds(const Timings& timings) {
  double sum = 0;
  for (const auto& [phase, seconds] : timings) {
    if (phase.kind == Kind::trial) return seconds;
    if (phase.kind >= Kind::start) sum += seconds;
  }
  return sum;
}

}  // namespace lab::record
