// SPDX-License-Identifier: MIT
// Does not trust what it imports: it reads each record as strictly as any other, and derives here
// all that the store derives from a record. It gathers the records in a temporary store first, so
// that nobody waits meanwhile, and then merges that store in one transaction.
#include "orchestrator/store/transfer/transfer.hpp"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/interrupt.hpp"
#include "orchestrator/store/file.hpp"
#include "orchestrator/store/transfer/line_reader.hpp"

namespace lab::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t buffer_size = 1u << 20;
constexpr const char* store_magic = "SQLite format 3";  // and a zero byte
constexpr std::size_t id_size = 29;                     // 20251121T034112.123Z-3fa29c01

bool to_standard_output(const std::string& file) {
  return file.empty() || file == "-";
}

// Writes the exported lines. A regular file appears only at commit().
class LineFile {
 public:
  explicit LineFile(const std::string& file) {
    if (to_standard_output(file)) return;
    const bool device = fs::exists(file) && !fs::is_regular_file(file);
    name_ = device ? file : fs::weakly_canonical(file).string();
    if (!device) part_ = fmt::format("{}.{}.part", name_, ::getpid());
    const int flags = O_WRONLY | O_CLOEXEC | (device ? 0 : O_CREAT | O_EXCL);
    fd_ = base::Fd(::open((device ? name_ : part_).c_str(), flags, 0666));
    if (!fd_) throw base::errno_error("write", device ? name_ : part_, errno);
  }
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;
  ~LineFile() {
    if (!part_.empty()) ::unlink(part_.c_str());
  }

  void add(const std::string& line) {
    buffer_ += line;
    buffer_ += '\n';
    if (buffer_.size() > buffer_size) flush();
  }

  void commit() {
    flush();
    if (part_.empty()) return;
    if (::fsync(fd_.get()) != 0) throw base::errno_error("write", part_, errno);
    if (std::rename(part_.c_str(), name_.c_str()) != 0)
      throw base::errno_error("rename", part_, errno);
    part_.clear();
  }

 private:
  void flush() {
    base::throw_if_interrupted();
    base::write_all(fd_ ? fd_.get() : STDOUT_FILENO, buffer_, fd_ ? name_ : "standard output");
    buffer_.clear();
  }

  std::string name_, part_, buffer_;
  base::Fd fd_;
};

bool is_id(std::string_view text) {
  return text.size() == id_size && text[8] == 'T' && text[15] == '.' && text[19] == 'Z' &&
         text[20] == '-' && text.find_first_not_of("0123456789abcdefTZ.-") == std::string::npos;
}

bool is_run(std::string_view text) {
  if (record::is_confirmation(text)) text.remove_prefix(record::confirmation_prefix.size());
  return text.empty() || is_id(text);
}

// Checks the form of the ids; `place` is the record's file and line.
void check(const record::Record& record, const std::string& place) {
  if (!is_id(record.id) || !is_run(record.run))
    throw base::user_error(
        fmt::format("{}: 'id' or 'run' is no record's id such as 20251121T034112.123Z-3fa29c01",
                    place),
        "import what `lab results export` wrote");
}

// Takes records one by one, and finds those that are already in the store.
class Gathering {
 public:
  Gathering(const Store& store, const fs::path& work)
      : store_(store), path_((work / "import.sqlite").string()), gathered_(path_) {}

  // Takes all records that `next` returns; an error in a record names its place.
  Imported take(const Store::Source& next, const std::function<std::string()>& place) {
    Imported result;
    result.imported = gathered_->insert_all([&]() -> std::optional<record::Record> {
      while (const std::optional<record::Record> record = next()) {
        base::throw_if_interrupted();
        check(*record, place());
        if (!is_present(*record, place())) return record;
        ++result.present;
      }
      return std::nullopt;
    });
    gathered_.reset();  // merge() wants it closed
    return result;
  }

  const std::string& path() const { return path_; }

 private:
  bool is_present(const record::Record& record, const std::string& place) const {
    for (const Store* store : {&store_, &*gathered_}) {
      const std::optional<record::Record> there = store->find(record.id);
      if (!there) continue;
      // Cuts both, as an earlier lab had other limits for texts.
      if (as_kept(*there) == as_kept(record)) return true;
      throw base::user_error(
          fmt::format("{}: record '{}' has other content than the one of that id {}", place,
                      record.id,
                      store == &store_ ? "in store '" + store->path() + "'" : "before it"),
          "one of the two was changed: remove the wrong one, or import the others without it");
    }
    return false;
  }

  const Store& store_;
  std::string path_;
  std::optional<Store> gathered_;
};

Imported gather_lines(Gathering& gathering, LineReader& lines) {
  const auto place = [&] { return fmt::format("{}:{}", lines.name(), lines.number()); };
  const auto next = [&]() -> std::optional<record::Record> {
    const std::optional<std::string> line = lines.next();
    if (!line) return std::nullopt;
    try {
      return record::from_json(*line);
    } catch (const base::Error& error) {
      throw base::user_error(fmt::format("{}: {}", place(), error.what()),
                             "each line must be a record as `lab results export` writes it; "
                             "nothing was imported");
    }
  };
  return gathering.take(next, place);
}

// Reads a copy, as opening an earlier lab's store would migrate the original.
Imported gather_store(Gathering& gathering, const std::string& file, const fs::path& work) {
  const std::string copy = (work / "other.sqlite").string();
  copy_store_file(file, copy);
  const Store other(copy, Store::Mode::read_only);
  std::vector<record::Row> rows = other.rows({});
  std::string id;
  auto row = rows.begin();
  const auto next = [&]() -> std::optional<record::Record> {
    if (row == rows.end()) return std::nullopt;
    id = row++->id;
    return other.find(id);
  };
  return gathering.take(next, [&] { return fmt::format("{}: record '{}'", file, id); });
}

}  // namespace

std::size_t export_records(const Store& store, const Store::Filter& filter,
                           const std::string& file) {
  LineFile lines(file);
  std::size_t count = 0;
  store.for_each(filter, [&](const record::Record& record) {
    lines.add(to_json(record));
    ++count;
  });
  lines.commit();
  return count;
}

Imported import_records(Store& store, const std::string& file, const fs::path& work) {
  const base::TemporaryFolder folder(work, "import");
  Gathering gathering(store, folder.path());
  LineReader lines(file);
  const bool is_store = lines.begins_with(std::string_view(store_magic, 16));
  if (is_store && file == "-")
    throw base::user_error("standard input is a store", "name its file, or pipe its export");
  const Imported imported =
      is_store ? gather_store(gathering, file, folder.path()) : gather_lines(gathering, lines);
  if (imported.imported > 0) store.merge(gathering.path());
  return imported;
}

}  // namespace lab::store
