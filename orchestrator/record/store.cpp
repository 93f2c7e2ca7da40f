// SPDX-License-Identifier: MIT
// One row a trial: columns to list and choose by, the record as JSON, the console's tail apart.
#include "orchestrator/record/store.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <spdlog/fmt/fmt.h>
#include <sqlite3.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "orchestrator/base/error.hpp"

namespace lab::record {
namespace {

constexpr int schema_version = 1;
constexpr int application_id = 0x6c616273;  // "labs": tells our files from other SQLite files
constexpr int busy_milliseconds = 5000;
constexpr std::size_t output_limit = 16 * 1024;  // of all steps together: 64 KiB a trial in all
constexpr std::size_t console_limit = 1024 * 1024;

const char* const schema = R"(
  CREATE TABLE trial(
    id TEXT PRIMARY KEY,
    scenario TEXT NOT NULL,
    trial TEXT NOT NULL,
    outcome TEXT NOT NULL,
    start_time TEXT NOT NULL,
    body TEXT NOT NULL,
    console TEXT NOT NULL
  ) STRICT;
  CREATE INDEX trial_scenario ON trial(scenario, id);
)";

// By SQLite's code, never by its words.
base::Error explain(const std::string& path, const SQLite::Exception& error) {
  const std::string store = "store '" + path + "': ";
  switch (error.getErrorCode() & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return base::infrastructure_error(store + "locked by another program for more than 5 s",
                                        "end that program (fuser " + path + "), then try again");
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return base::infrastructure_error(store + "cannot be written", "check its permissions");
    case SQLITE_CORRUPT:
      return base::infrastructure_error(store + "damaged",
                                        "save what is left: sqlite3 " + path + " .recover");
    case SQLITE_NOTADB:
      return base::user_error(store + "not a store of lab", "name another file");
    case SQLITE_CANTOPEN:
      return base::user_error(store + "cannot be opened", "check that its folder exists");
    case SQLITE_FULL:
      return base::infrastructure_error(store + "no space left", "free some space there");
    default:
      return base::infrastructure_error(store + error.what());
  }
}

int pragma(SQLite::Database& database, const char* name) {
  return database.execAndGet(std::string("PRAGMA ") + name).getInt();
}

bool is_empty(SQLite::Database& database) {
  return database.execAndGet("SELECT count(*) FROM sqlite_master").getInt() == 0;
}

void check_version(SQLite::Database& database, const std::string& path) {
  if (pragma(database, "application_id") != application_id) {
    throw base::user_error("store '" + path + "': not a store of lab", "name another file");
  }
  const int version = pragma(database, "user_version");
  if (version != schema_version) {
    throw base::user_error(
        fmt::format("store '{}': made by a newer lab (version {}, this one knows {})", path,
                    version, schema_version),
        "use that lab, or another file by --store");
  }
}

// Under the write lock: of two processes that make a new store, one makes it.
void create_schema(SQLite::Database& database) {
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  if (is_empty(database)) {
    database.exec(schema);
    database.exec(fmt::format("PRAGMA application_id={}; PRAGMA user_version={}", application_id,
                              schema_version));
  }
  transaction.commit();
}

// Until nobody else is in the way. SQLite's own waiting covers neither the change to WAL nor the
// last one's leaving, so whoever comes at that moment would see an error at once.
SQLite::Database open_patiently(SQLite::Database (*open)(const std::string&),
                                const std::string& path) {
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(busy_milliseconds);
  for (;;) {
    try {
      return open(path);
    } catch (const SQLite::Exception& error) {
      const bool busy = (error.getErrorCode() & 0xff) == SQLITE_BUSY;
      if (!busy || std::chrono::steady_clock::now() > deadline) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

SQLite::Database open_read_write(const std::string& path) {
  SQLite::Database database(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, busy_milliseconds);
  if (!is_empty(database)) check_version(database, path);
  database.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
  create_schema(database);
  check_version(database, path);
  return database;
}

// A store in WAL mode wants to write beside itself even to be read. Where that is not allowed
// and no unfinished log lies there, nobody writes: then SQLite may take it as immutable.
SQLite::Database open_read_only(const std::string& path) {
  try {
    SQLite::Database database(path, SQLite::OPEN_READONLY, busy_milliseconds);
    check_version(database, path);
    return database;
  } catch (const SQLite::Exception& error) {
    const int code = error.getErrorCode() & 0xff;
    const bool no_log = !std::filesystem::exists(path + "-wal");
    if ((code != SQLITE_CANTOPEN && code != SQLITE_READONLY) || !no_log) throw;
    const std::string uri = "file:" + std::filesystem::absolute(path).string() + "?immutable=1";
    if (path.find_first_of("?#%") != std::string::npos) throw;
    SQLite::Database database(uri, SQLite::OPEN_READONLY | SQLite::OPEN_URI, busy_milliseconds);
    check_version(database, path);
    return database;
  }
}

std::string tail(const std::string& text, std::size_t limit) {
  return text.size() <= limit ? text : text.substr(text.size() - limit);
}

// The record's JSON without the console, the commands' output cut to its share.
std::string body_of(Record record) {
  record.console_tail.clear();
  const std::size_t share = output_limit / std::max<std::size_t>(1, record.steps.size());
  for (Step& step : record.steps) step.output = tail(step.output, share);
  return to_json(record);
}

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
};

Store::Store(const std::string& path, Mode mode) {
  try {
    const auto open = mode == Mode::read_write ? open_read_write : open_read_only;
    impl_.reset(new Impl{path, open_patiently(open, path)});
  } catch (const SQLite::Exception& error) {
    throw explain(path, error);
  }
}

Store::~Store() = default;
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;

void Store::insert(const Record& record) {
  impl_->guarded([&] {
    SQLite::Transaction transaction(impl_->database, SQLite::TransactionBehavior::IMMEDIATE);
    SQLite::Statement exists(impl_->database, "SELECT 1 FROM trial WHERE id = ?");
    exists.bind(1, record.id);
    if (exists.executeStep()) {
      throw base::infrastructure_error("store '" + impl_->path + "': record '" + record.id +
                                       "' is there already");
    }
    SQLite::Statement insert(impl_->database, "INSERT INTO trial VALUES(?, ?, ?, ?, ?, ?, ?)");
    int column = 0;
    for (const std::string& value :
         {record.id, record.scenario, record.trial, std::string(to_string(record.outcome)),
          format_time(record.start_time), body_of(record),
          tail(record.console_tail, console_limit)}) {
      insert.bind(++column, value);
    }
    insert.exec();
    transaction.commit();
  });
}

std::vector<Record> Store::list(const Filter& filter) const {
  return impl_->guarded([&] {
    SQLite::Statement query(impl_->database,
                            "SELECT body FROM trial WHERE ?1 = '' OR scenario = ?1 "
                            "ORDER BY id DESC LIMIT ?2");
    query.bind(1, filter.scenario);
    query.bind(2, filter.limit ? std::int64_t(std::min<std::size_t>(filter.limit, INT64_MAX)) : -1);
    std::vector<Record> records;
    while (query.executeStep()) records.push_back(from_json(query.getColumn(0).getString()));
    std::ranges::reverse(records);
    return records;
  });
}

Record Store::show(const std::string& id) const {
  return impl_->guarded([&] {
    SQLite::Statement query(impl_->database,
                            "SELECT body, console FROM trial WHERE ?1 = 'latest' OR "
                            "substr(id, 1, length(?1)) = ?1 ORDER BY id DESC LIMIT 2");
    query.bind(1, id);
    if (id.empty() || !query.executeStep()) {
      throw base::user_error("no record '" + id + "' in store '" + impl_->path + "'",
                             "lab results list");
    }
    Record record = from_json(query.getColumn(0).getString());
    record.console_tail = query.getColumn(1).getString();
    if (id != "latest" && id != record.id && query.executeStep()) {
      throw base::user_error("more than one record begins with '" + id + "'",
                             "give more of the id; see lab results list");
    }
    return record;
  });
}

bool Store::remove(const std::string& id) {
  return impl_->guarded([&] {
    SQLite::Statement statement(impl_->database, "DELETE FROM trial WHERE id = ?");
    statement.bind(1, id);
    return statement.exec() > 0;
  });
}

}  // namespace lab::record
