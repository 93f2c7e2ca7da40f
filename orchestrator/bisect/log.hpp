// SPDX-License-Identifier: MIT
// Keeps a bisection's request and answers in a JSON file, so that `lab bisect --resume` continues
// it, whatever ended the last run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/bisect/search.hpp"

namespace lab::bisect {

// Holds the request as on the command line.
struct Request {
  std::string scenario;
  std::string source, good, bad;  // a kernel tree and two commits; or
  std::string over;               // KEY=VALUE,VALUE...
  std::string subject;            // "boot: MSR"; empty: the largest change
  bool find_fix = false;
  std::string site;
  std::vector<std::string> set;  // KEY=VALUE
  std::uint32_t repeat = 0;

  bool operator==(const Request&) const = default;
};

// Is one point that was tested, or answered without a run.
struct Entry {
  std::string id;
  Answer answer = Answer::skipped;
  std::optional<double> exits;       // of the subject; absent where it was not run
  std::vector<std::string> records;  // ids in the store
  std::string content;               // identifies what was run; where equal, the answer is the same
  std::string note;                  // why it was skipped, or which point's answer it got

  bool operator==(const Entry&) const = default;
};

struct Log {
  Request request;
  std::vector<Entry> entries;  // in the order of the answers

  const Entry* find(const std::string& id) const;
  // Returns an entry that was run; null for "".
  const Entry* find_content(const std::string& content) const;

  bool operator==(const Log&) const = default;
};

std::string_view to_string(Answer answer);  // "old", "new", "skipped"

// write_log writes the file whole or not at all. read_log throws a user error where the file is
// missing or damaged.
void write_log(const std::filesystem::path& file, const Log& log);
Log read_log(const std::filesystem::path& file);

}  // namespace lab::bisect
