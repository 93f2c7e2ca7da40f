// SPDX-License-Identifier: MIT
#include "orchestrator/store/store.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

#include "orchestrator/base/error.hpp"
#include "orchestrator/store/file.hpp"
#include "orchestrator/store/rows.hpp"

namespace lab::store {
namespace {

// Gives the other store's rows new keys, and merges equal conditions.
const char* const merge_other = R"(
  INSERT OR IGNORE INTO main.conditions(json) SELECT json FROM other.conditions;
  CREATE TEMP TABLE first AS SELECT coalesce(max(key), 0) AS key FROM main.body;
  INSERT INTO main.body SELECT key + (SELECT key FROM first), body, console FROM other.body;
  INSERT INTO main.counts SELECT key + (SELECT key FROM first), json FROM other.counts;
  INSERT INTO main.trial
    SELECT id, run, scenario, trial, site, repeat, outcome, start, exits,
           (SELECT ours.key FROM main.conditions ours JOIN other.conditions theirs USING(json)
            WHERE theirs.key = new.conditions),
           key + (SELECT key FROM first)
    FROM other.trial new;
  DROP TABLE first;
)";

// Attaches another store's file as `other`.
class Attached {
 public:
  Attached(SQLite::Database& database, const std::string& path) : database_(database) {
    SQLite::Statement attach(database, "ATTACH ? AS other");
    attach.bind(1, path);
    attach.exec();
  }
  Attached(const Attached&) = delete;
  Attached& operator=(const Attached&) = delete;
  ~Attached() { database_.tryExec("DETACH other"); }

 private:
  SQLite::Database& database_;
};

}  // namespace

struct Store::Impl {
  std::string path;
  SQLite::Database database;

  // Runs `action` and turns SQLite's exceptions into ours.
  template <typename Action>
  auto guarded(Action action) -> decltype(action()) {
    try {
      return action();
    } catch (const SQLite::Exception& error) {
      throw explain(path, error);
    }
  }

  SQLite::Transaction begin() {
    return SQLite::Transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  }

  // Names the record that cannot be read in the error.
  template <typename Read>
  auto readable(const SQLite::Statement& row, int id_column, Read read) -> decltype(read()) {
    try {
      return read();
    } catch (const base::Error& error) {
      throw base::infrastructure_error(
          fmt::format("store '{}': damaged at record '{}': {}", path,
                      row.getColumn(id_column).getString(), error.what()),
          "save what is left: sqlite3 " + path + " .recover");
    }
  }

  // Returns the only value of `column` that begins with `text`. Throws a user error where there is
  // none or more than one.
  std::string whole(const char* column, const char* name, const std::string& text) {
    const bool latest = text == "latest";
    SQLite::Statement query(
        database,
        latest
            ? fmt::format("SELECT {0} FROM trial WHERE {0} <> '' ORDER BY id DESC LIMIT 1", column)
            : fmt::format("SELECT DISTINCT {0} FROM trial WHERE {0} >= ? ORDER BY {0} LIMIT 2",
                          column));
    if (!latest) query.bind(1, text);
    const auto next = [&] {
      return query.executeStep() ? query.getColumn(0).getString() : std::string();
    };
    std::string found = next();
    if (text.empty() || found.empty() || (!latest && !found.starts_with(text)))
      throw base::user_error(fmt::format("no {} '{}' in store '{}'", name, text, path),
                             "lab results list");
    if (!latest && found != text && next().starts_with(text))
      throw base::user_error(fmt::format("more than one {} begins with '{}'", name, text),
                             "give more of the id; see lab results list");
    return found;
  }

  Filter resolved(Filter filter) {
    if (!filter.run.empty()) filter.run = whole("run", "run", filter.run);
    for (std::string& id : filter.ids) id = whole("id", "record", id);
    return filter;
  }

  // Hands each row to `action`, in the order of the ids.
  template <typename Action>
  void each(const std::string& columns, const Filter& filter, Action action) {
    SQLite::Statement query = select(database, columns, resolved(filter));
    while (query.executeStep()) action(query);
  }

  std::size_t count_matching(const Filter& filter) {
    const Filter chosen = resolved(filter);
    SQLite::Statement query(database, "SELECT count(*)" + from_trials(chosen));
    bind(query, chosen);
    query.executeStep();
    return std::size_t(query.getColumn(0).getInt64());
  }

  bool has(const std::string& id) {
    SQLite::Statement query(database, "SELECT 1 FROM trial WHERE id = ?");
    query.bind(1, id);
    return query.executeStep();
  }

  void insert_new(Inserter& inserter, const record::Record& record) {
    if (has(record.id))
      throw base::infrastructure_error(
          fmt::format("store '{}': record '{}' is there already", path, record.id));
    inserter.insert(record, to_kept(record));
  }

  std::size_t remove_rows(const Filter& filter) {
    for (const char* table : {"counts", "body"}) {
      SQLite::Statement statement(
          database,
          fmt::format("DELETE FROM {} WHERE key IN (SELECT key{})", table, from_trials(filter)));
      bind(statement, filter);
      statement.exec();
    }
    SQLite::Statement statement(
        database, fmt::format("DELETE FROM trial WHERE id IN (SELECT id{})", from_trials(filter)));
    bind(statement, filter);
    const auto removed = std::size_t(statement.exec());
    database.exec(
        "DELETE FROM conditions WHERE NOT EXISTS "
        "(SELECT 1 FROM trial WHERE trial.conditions = conditions.key)");
    return removed;
  }
};

Store::Store(const std::string& path, Mode mode) {
  try {
    impl_.reset(new Impl{path, open_store_file(path, mode)});
  } catch (const SQLite::Exception& error) {
    throw explain(path, error);
  }
}

Store::~Store() = default;
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;

const std::string& Store::path() const {
  return impl_->path;
}

void Store::set_patience(std::chrono::milliseconds patience) {
  impl_->database.setBusyTimeout(static_cast<int>(patience.count()));
}

void Store::insert(const record::Record& record) {
  insert(std::span(&record, 1));
}

void Store::insert(std::span<const record::Record> records) {
  auto record = records.begin();
  insert_all([&] { return record == records.end() ? std::nullopt : std::optional(*record++); });
}

std::size_t Store::insert_all(const Source& next) {
  return impl_->guarded([&] {
    SQLite::Transaction transaction = impl_->begin();
    Inserter inserter(impl_->database);
    std::size_t inserted = 0;
    while (const std::optional<record::Record> record = next()) {
      impl_->insert_new(inserter, *record);
      ++inserted;
    }
    transaction.commit();
    return inserted;
  });
}

void Store::merge(const std::string& path) {
  impl_->guarded([&] {
    const Attached other(impl_->database, path);
    SQLite::Transaction transaction = impl_->begin();
    impl_->database.exec(merge_other);
    transaction.commit();
  });
}

std::vector<record::Row> Store::rows(const Filter& filter) const {
  return impl_->guarded([&] {
    std::vector<record::Row> rows;
    rows.reserve(impl_->count_matching(filter));
    impl_->each(row_columns, filter, [&](const SQLite::Statement& row) {
      rows.push_back(impl_->readable(row, 0, [&] { return read_row(row); }));
    });
    return rows;
  });
}

void Store::for_each_counts(const Filter& filter,
                            const std::function<void(record::TrialCounts)>& action) const {
  impl_->guarded([&] {
    CountsReader reader(impl_->database);
    impl_->each(counts_columns, filter, [&](const SQLite::Statement& row) {
      action(impl_->readable(row, 0, [&] { return reader.read(row); }));
    });
  });
}

std::vector<record::TrialCounts> Store::counts(const Filter& filter) const {
  std::vector<record::TrialCounts> all;
  for_each_counts(filter, [&](record::TrialCounts trial) { all.push_back(std::move(trial)); });
  return all;
}

void Store::for_each(const Filter& filter,
                     const std::function<void(const record::Record&)>& action) const {
  impl_->guarded([&] {
    impl_->each(kept_columns + ", id", filter, [&](const SQLite::Statement& row) {
      action(impl_->readable(row, 2, [&] { return to_record(read_kept(row)); }));
    });
  });
}

std::vector<record::Record> Store::list(const Filter& filter) const {
  std::vector<record::Record> records;
  for_each(filter, [&](const record::Record& record) { records.push_back(record); });
  return records;
}

std::vector<record::RunInfo> Store::runs(const std::string& scenario) const {
  return impl_->guarded([&] {
    SQLite::Statement query(impl_->database,
                            "SELECT run, scenario, min(start), count(*), sum(outcome = 'passed') "
                            "FROM trial WHERE run <> '' AND (?1 = '' OR scenario = ?1) "
                            "GROUP BY run, scenario ORDER BY run, scenario");
    query.bind(1, scenario);
    std::vector<record::RunInfo> runs;
    while (query.executeStep()) {
      const std::string run = query.getColumn(0).getString();
      const auto start =
          impl_->readable(query, 0, [&] { return to_time(query.getColumn(2).getInt64()); });
      if (runs.empty() || runs.back().run != run) runs.push_back({run, {}, start, 0, 0});
      record::RunInfo& info = runs.back();
      info.scenarios.push_back(query.getColumn(1).getString());
      info.start_time = std::min(info.start_time, start);
      info.trials += std::size_t(query.getColumn(3).getInt64());
      info.passed += std::size_t(query.getColumn(4).getInt64());
    }
    return runs;
  });
}

record::Record Store::show(const std::string& id) const {
  const std::string whole = impl_->guarded([&] { return impl_->whole("id", "record", id); });
  if (auto record = find(whole)) return *std::move(record);
  throw base::user_error("record '" + whole + "' was removed meanwhile", "lab results list");
}

std::optional<record::Record> Store::find(const std::string& id) const {
  return impl_->guarded([&]() -> std::optional<record::Record> {
    SQLite::Statement query(
        impl_->database,
        "SELECT " + kept_columns + ", id FROM trial JOIN body USING(key) WHERE id = ?");
    query.bind(1, id);
    if (!query.executeStep()) return std::nullopt;
    return impl_->readable(query, 2, [&] { return to_record(read_kept(query)); });
  });
}

std::size_t Store::remove(const Filter& filter) {
  return impl_->guarded([&] {
    SQLite::Transaction transaction = impl_->begin();
    const std::size_t removed = impl_->remove_rows(impl_->resolved(filter));
    transaction.commit();
    if (removed > 0) compact(impl_->database, impl_->path);
    return removed;
  });
}

record::Record as_kept(const record::Record& record) {
  return to_record(to_kept(record));
}

}  // namespace lab::store
