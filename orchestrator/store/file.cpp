// SPDX-License-Identifier: MIT
#include "orchestrator/store/file.hpp"

#include <SQLiteCpp/Backup.h>
#include <spdlog/spdlog.h>
#include <sqlite3.h>

#include <chrono>
#include <filesystem>
#include <thread>

namespace lab::store {
namespace {

constexpr int busy_milliseconds = 5000;
// Only one thread uses a Store; without SQLite's locks a list takes an eighth less time.
constexpr int reading = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;

int pragma(SQLite::Database& database, const char* name) {
  return database.execAndGet(std::string("PRAGMA ") + name).getInt();
}

bool is_empty(SQLite::Database& database) {
  return database.execAndGet("SELECT count(*) FROM sqlite_master").getInt() == 0;
}

int primary_code(const SQLite::Exception& error) {
  return error.getErrorCode() & 0xff;
}

bool cannot_write(const SQLite::Exception& error) {
  const int code = primary_code(error);
  return code == SQLITE_READONLY || code == SQLITE_CANTOPEN || code == SQLITE_PERM;
}

// Returns the file's version. Throws a user error where it is newer than this lab's.
int read_version(SQLite::Database& database, const std::string& path) {
  if (pragma(database, "application_id") != application_id) {
    throw base::user_error("store '" + path + "': not a store of lab", "name another file");
  }
  const int version = pragma(database, "user_version");
  if (version > schema_version) {
    throw base::user_error(
        fmt::format("store '{}': made by a newer lab (version {}, this one knows {})", path,
                    version, schema_version),
        "use that lab, or another file by --store");
  }
  return version;
}

// Holds the write lock, so that only one of two processes creates a new store or migrates an old
// one. Returns true where it migrated an old one.
bool bring_up_to_date(SQLite::Database& database, const std::string& path) {
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  const bool empty = is_empty(database);
  const int version = empty ? 0 : read_version(database, path);
  if (empty) create_schema(database);
  if (!empty && version < schema_version) migrate(database, version, path);
  transaction.commit();
  return !empty && version < schema_version;
}

SQLite::Database open_read_write(const std::string& path) {
  SQLite::Database database(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, busy_milliseconds);
  if (!is_empty(database)) read_version(database, path);
  database.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
  if (bring_up_to_date(database, path)) compact(database, path);
  return database;
}

// Migrates the store for a command that only reads.
void migrate_to_read(const std::string& path, int version) {
  try {
    SQLite::Database database(path, SQLite::OPEN_READWRITE, busy_milliseconds);
    if (bring_up_to_date(database, path)) compact(database, path);
  } catch (const SQLite::Exception& error) {
    if (!cannot_write(error)) throw;
    throw base::infrastructure_error(
        fmt::format("store '{}': made by an older lab (version {}, this one's is {}), and it "
                    "cannot be written to be brought up to date",
                    path, version, schema_version),
        "open it once where it can be written, or a copy of it: lab results --store COPY list");
  }
}

// Closes the first connection before the store is migrated: only the last connection that can write
// removes the files that WAL mode leaves beside the store.
SQLite::Database open_current(const std::string& name, int flags, const std::string& path) {
  for (;;) {
    int version = 0;
    {
      SQLite::Database database(name, flags, busy_milliseconds);
      version = read_version(database, path);
      if (version == schema_version) return database;
    }
    migrate_to_read(path, version);
  }
}

// Ignores an empty log, which a process leaves that could only read.
bool has_log(const std::string& path) {
  std::error_code missing;
  const auto size = std::filesystem::file_size(path + "-wal", missing);
  return !missing && size > 0;
}

// In WAL mode SQLite writes files beside the store even to read it. Where that is not allowed or
// the disk is full, and there is no unfinished log, no process is writing, so SQLite may open the
// store as immutable. `open` takes a name and flags.
template <typename Open>
SQLite::Database read_in_place(const std::string& path, Open open) {
  try {
    return open(path, reading);
  } catch (const SQLite::Exception& error) {
    const int code = primary_code(error);
    const bool no_room = code == SQLITE_FULL || code == SQLITE_IOERR;
    if ((!cannot_write(error) && !no_room) || has_log(path)) throw;
    if (path.find_first_of("?#%") != std::string::npos) throw;
    const std::string uri = "file:" + std::filesystem::absolute(path).string() + "?immutable=1";
    return open(uri, reading | SQLite::OPEN_URI);
  }
}

SQLite::Database open_read_only(const std::string& path) {
  return read_in_place(
      path, [&](const std::string& name, int flags) { return open_current(name, flags, path); });
}

// A store contains only tables of values and indexes. Anything that SQLite computes while it reads,
// such as a view, is refused: in another person's file it could be anything and never end.
void check_holds_only_values(SQLite::Database& database, const std::string& path) {
  const char* const others =
      "SELECT name FROM sqlite_master WHERE type NOT IN ('table', 'index') "
      "OR sql LIKE 'CREATE VIRTUAL%' UNION ALL "
      "SELECT tables.name FROM sqlite_master tables, pragma_table_xinfo(tables.name) columns "
      "WHERE tables.type = 'table' AND columns.hidden <> 0";
  SQLite::Statement query(database, others);
  if (!query.executeStep()) return;
  throw base::user_error(fmt::format("store '{}': '{}' is no table or index that lab makes", path,
                                     query.getColumn(0).getString()),
                         "ask for an export of it instead (lab results export)");
}

}  // namespace

base::Error explain(const std::string& path, const SQLite::Exception& error) {
  const std::string store = "store '" + path + "': ";
  switch (primary_code(error)) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return base::infrastructure_error(store + "locked by another program",
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
    case SQLITE_CONSTRAINT:
      return base::infrastructure_error(
          store + "another program stored one of these records meanwhile; nothing was changed",
          "try again");
    case SQLITE_IOERR:
      return base::infrastructure_error(
          fmt::format("{}cannot be read or written ({}, error {})", store, error.what(),
                      error.getExtendedErrorCode()),
          "see whether there is space left (df " + path + ") and what the kernel says (dmesg)");
    default:
      return base::infrastructure_error(store + error.what());
  }
}

// Retries while the store is busy: SQLite's own busy timeout covers neither the change to WAL mode
// nor the last connection's close, so a process that opens it then would get an error at once.
SQLite::Database open_store_file(const std::string& path, Store::Mode mode) {
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(busy_milliseconds);
  for (;;) {
    try {
      return mode == Store::Mode::read_write ? open_read_write(path) : open_read_only(path);
    } catch (const SQLite::Exception& error) {
      const bool busy = primary_code(error) == SQLITE_BUSY;
      if (!busy || std::chrono::steady_clock::now() > deadline) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

void copy_store_file(const std::string& from, const std::string& to) {
  try {
    SQLite::Database source = read_in_place(from, [&](const std::string& name, int flags) {
      SQLite::Database database(name, flags, busy_milliseconds);
      read_version(database, from);
      return database;
    });
    SQLite::Database target(to, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    if (SQLite::Backup(target, source).executeStep(-1) != SQLITE_DONE)
      throw base::infrastructure_error("store '" + from + "': others write to it all the time",
                                       "try again");
    check_holds_only_values(target, from);
  } catch (const SQLite::Exception& error) {
    throw explain(from, error);
  }
}

void compact(SQLite::Database& database, const std::string& path) {
  try {
    // Rewriting the whole file to free a few pages would cost more than it saves.
    if (pragma(database, "freelist_count") > pragma(database, "page_count") / 4)
      database.exec("VACUUM");
  } catch (const SQLite::Exception& error) {
    spdlog::warn("{}; so the file keeps its size for now, and new records take the freed space",
                 explain(path, error).what());
  }
}

}  // namespace lab::store
