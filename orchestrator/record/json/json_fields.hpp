// SPDX-License-Identifier: MIT
// Reads the fields of a record's JSON, which may come from a guest, a file or an older lab. Each
// function throws an infrastructure error with the field's name on any other kind of value.
#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/record/record.hpp"

namespace lab::record {

using nlohmann::ordered_json;  // keeps the fields in a readable order, and the timings in theirs

inline constexpr double seconds_limit = 1e9;
inline constexpr std::uint64_t guest_limit = 1024;  // guests are numbered from 1

[[noreturn]] void fail(const std::string& cause);

ordered_json parse(std::string_view json);  // at most 64 MiB

// Returns null where the field is missing or is null.
const ordered_json* find(const ordered_json& object, const char* name);
const ordered_json& need(const ordered_json& object, const char* name);

std::uint64_t count(const ordered_json& value, const char* name,
                    std::uint64_t max = std::numeric_limits<std::uint64_t>::max());
std::optional<std::uint64_t> optional_count(const ordered_json& object, const char* name);
std::uint64_t need_count(const ordered_json& object, const char* name);
std::uint32_t need_number(const ordered_json& object, const char* name);
std::uint64_t count_between(const ordered_json& object, const char* name, std::uint64_t min,
                            std::uint64_t max);

std::string text(const ordered_json& object, const char* name);
std::string optional_text(const ordered_json& object, const char* name);  // "" where it is missing
bool boolean(const ordered_json& object, const char* name);
const ordered_json& list(const ordered_json& object, const char* name,
                         std::size_t most = std::numeric_limits<std::size_t>::max());

// Accepts values from 0 to seconds_limit.
double seconds(const ordered_json& value, const char* name);
std::optional<double> optional_seconds(const ordered_json& object, const char* name);

// Reads an object whose values must all be text.
Conditions conditions_from(const ordered_json& object);

// Read and write a trial's timeline as compact JSON (timeline_json.cpp): times as differences in
// milliseconds, and for each exit number its counts, where -n stands for n zeros.
ordered_json timeline_json(const Timeline& timeline);
Timeline timeline_from(const ordered_json& object);

// Read and write a step's causes (causes_json.cpp): `causes` and `causes_lost`, absent where empty.
// Their sums must equal the step's reasons.
void write_causes(const Step& step, ordered_json& object);
void read_causes(const ordered_json& object, Step& step);

// Returns the bytes that a cause takes in a stored record, with the comma behind it.
std::size_t json_size(const Cause& cause, std::string_view reason);

}  // namespace lab::record
