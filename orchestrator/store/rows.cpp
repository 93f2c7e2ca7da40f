// SPDX-License-Identifier: MIT
#include "orchestrator/store/rows.hpp"

#include <algorithm>
#include <bit>
#include <nlohmann/json.hpp>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/json.hpp"
#include "orchestrator/record/counts.hpp"
#include "orchestrator/record/json/json_fields.hpp"

namespace lab::store {
namespace {

constexpr std::size_t output_limit = 16 * 1024;  // for all steps together: 64 KiB a trial in all
constexpr std::size_t console_limit = 1024 * 1024;

// Replaces bytes that are not UTF-8, as writing JSON does.
std::string valid(const std::string& text) {
  if (std::ranges::all_of(text, [](char c) { return (c & 0x80) == 0; })) return text;
  using nlohmann::json;
  return base::parse_json(base::dump_json(json(text)), {.bytes = SIZE_MAX, .text = SIZE_MAX})
      .get<std::string>();
}

// Cuts valid text at whole characters, so that a text that was cut once is not cut again when an
// export is imported.
std::string tail(const std::string& raw, std::size_t limit) {
  const std::string text = valid(raw);
  if (text.size() <= limit) return text;
  std::size_t begin = text.size() - limit;
  while (begin < text.size() && (text[begin] & 0xc0) == 0x80) ++begin;
  return text.substr(begin);
}

}  // namespace

std::chrono::system_clock::time_point to_time(std::int64_t milliseconds) {
  // A clock of nanoseconds in 64 bits ends in 2262.
  if (milliseconds < 0 || milliseconds > INT64_MAX / 1'000'000)
    record::fail("its start is no time");
  return std::chrono::system_clock::time_point(std::chrono::milliseconds(milliseconds));
}

namespace {

record::Outcome read_outcome(const std::string& text) {
  const auto outcome = record::parse_outcome(text);
  if (!outcome) record::fail("unknown outcome");
  return *outcome;
}

std::uint32_t read_repeat(std::int64_t value) {
  if (value < 0 || value > UINT32_MAX) record::fail("'repeat' is not a whole number in range");
  return std::uint32_t(value);
}

// Returns only the clauses for the fields that are set, so that SQLite can use an index for them.
std::string clauses(const Store::Filter& filter) {
  std::string sql = "1";
  if (!filter.scenario.empty()) sql += " AND scenario = :scenario";
  if (!filter.run.empty()) sql += " AND run = :run";
  if (!filter.ids.empty()) sql += " AND id IN (SELECT value FROM json_each(:ids))";
  if (filter.before) sql += " AND start < :before";
  return sql;
}

// Selects the newest trials by their ids: from the oldest of the newest `limit` on.
std::string where(const Store::Filter& filter) {
  const std::string all = clauses(filter);
  if (filter.limit == 0) return " WHERE " + all;
  return " WHERE " + all + " AND id >= coalesce((SELECT id FROM trial WHERE " + all +
         " ORDER BY id DESC LIMIT 1 OFFSET :skip), '')";
}

// CROSS JOIN fixes the order: the rows of `trial` come first, as they are small and have indexes.
std::string joined(const std::string& table, const std::string& columns) {
  const bool needed = columns.find(table + ".") != std::string::npos;
  return needed ? " CROSS JOIN " + table + " ON " + table + ".key = trial.key" : "";
}

}  // namespace

Kept to_kept(const record::Record& record) {
  record::Record cut = record;
  cut.console_tail.clear();
  const std::size_t share = output_limit / std::max<std::size_t>(1, cut.steps.size());
  for (record::Step& step : cut.steps) step.output = tail(step.output, share);
  return {to_json(cut), tail(record.console_tail, console_limit)};
}

record::Record to_record(const Kept& kept) {
  record::Record record = record::from_json(kept.body);
  record.console_tail = kept.console;
  return record;
}

std::int64_t milliseconds(std::chrono::system_clock::time_point time) {
  return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

Inserter::Inserter(SQLite::Database& database)
    : database_(database),
      body_(database, "INSERT INTO body(body, console) VALUES(?, ?)"),
      counts_(database, "INSERT INTO counts VALUES(?, ?)"),
      trial_(database, "INSERT INTO trial VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      new_conditions_(database, "INSERT OR IGNORE INTO conditions(json) VALUES(?)"),
      conditions_(database, "SELECT key FROM conditions WHERE json = ?") {}

void Inserter::insert(const record::Record& record, const Kept& kept) {
  const record::TrialCounts counts = to_counts(record);
  const record::Row row = to_row(record);
  body_.reset();
  body_.bind(1, kept.body);
  body_.bind(2, kept.console);
  body_.exec();
  const std::int64_t key = database_.getLastInsertRowid();
  counts_.reset();
  counts_.bind(1, key);
  counts_.bind(2, counts_to_json(counts));
  counts_.exec();
  trial_.reset();
  int column = 0;
  for (const std::string* text : {&row.id, &row.run, &row.scenario, &row.trial, &row.site})
    trial_.bind(++column, *text);
  trial_.bind(++column, row.repeat);
  trial_.bind(++column, std::string(to_string(row.outcome)));
  trial_.bind(++column, milliseconds(row.start_time));
  ++column;
  row.exits ? trial_.bind(column, std::bit_cast<std::int64_t>(*row.exits)) : trial_.bind(column);
  trial_.bind(++column, conditions_key(*counts.conditions));
  trial_.bind(++column, key);
  trial_.exec();
}

std::int64_t Inserter::conditions_key(const record::Conditions& conditions) {
  const std::string json = record::conditions_to_json(conditions);
  new_conditions_.reset();
  new_conditions_.bind(1, json);
  new_conditions_.exec();
  conditions_.reset();
  conditions_.bind(1, json);
  conditions_.executeStep();
  return conditions_.getColumn(0).getInt64();
}

std::string from_trials(const Store::Filter& filter) {
  return " FROM trial" + where(filter);
}

void bind(SQLite::Statement& statement, const Store::Filter& filter) {
  if (!filter.scenario.empty()) statement.bind(":scenario", filter.scenario);
  if (!filter.run.empty()) statement.bind(":run", filter.run);
  if (!filter.ids.empty())
    statement.bind(
        ":ids",
        nlohmann::json(filter.ids).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  if (filter.before) statement.bind(":before", milliseconds(*filter.before));
  if (filter.limit > 0)
    statement.bind(":skip", std::int64_t(std::min<std::size_t>(filter.limit, INT64_MAX)) - 1);
}

SQLite::Statement select(const SQLite::Database& database, const std::string& columns,
                         const Store::Filter& filter) {
  SQLite::Statement query(database, "SELECT " + columns + " FROM trial" +
                                        joined("counts", columns) + joined("body", columns) +
                                        where(filter) + " ORDER BY id");
  bind(query, filter);
  return query;
}

record::Row read_row(const SQLite::Statement& row) {
  record::Row result{.id = row.getColumn(0).getString(),
                     .run = row.getColumn(1).getString(),
                     .scenario = row.getColumn(2).getString(),
                     .trial = row.getColumn(3).getString(),
                     .site = row.getColumn(4).getString(),
                     .repeat = read_repeat(row.getColumn(5).getInt64()),
                     .outcome = read_outcome(row.getColumn(6).getString()),
                     .start_time = to_time(row.getColumn(7).getInt64()),
                     .exits = {}};
  const SQLite::Column exits = row.getColumn(8);
  if (!exits.isNull()) result.exits = std::bit_cast<std::uint64_t>(exits.getInt64());
  return result;
}

Kept read_kept(const SQLite::Statement& row) {
  return {row.getColumn(0).getString(), row.getColumn(1).getString()};
}

CountsReader::CountsReader(const SQLite::Database& database)
    : query_(database, "SELECT json FROM conditions WHERE key = ?") {}

record::TrialCounts CountsReader::read(const SQLite::Statement& row) {
  record::TrialCounts counts{.id = row.getColumn(0).getString(),
                             .run = row.getColumn(1).getString(),
                             .scenario = row.getColumn(2).getString(),
                             .trial = row.getColumn(3).getString(),
                             .repeat = read_repeat(row.getColumn(4).getInt64()),
                             .outcome = read_outcome(row.getColumn(5).getString()),
                             .conditions = conditions(row.getColumn(6).getInt64()),
                             .steps = {},
                             .phases = {}};
  counts_from_json(row.getColumn(7).getString(), counts);
  return counts;
}

std::shared_ptr<const record::Conditions> CountsReader::conditions(std::int64_t key) {
  auto& known = known_[key];
  if (known) return known;
  query_.reset();
  query_.bind(1, key);
  if (!query_.executeStep()) record::fail("its conditions are missing");
  known = std::make_shared<const record::Conditions>(
      record::conditions_from_json(query_.getColumn(0).getString()));
  return known;
}

}  // namespace lab::store
