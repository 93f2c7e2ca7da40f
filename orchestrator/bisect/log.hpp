// SPDX-License-Identifier: MIT
// What a bisection was asked and has found so far, as a JSON file: `lab bisect --resume` goes on
// from it, whatever ended the last one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/bisect/search.hpp"

namespace lab::bisect {

// As on the command line.
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

// One point that was tested, or answered without a run.
struct Entry {
  std::string id;
  Answer answer = Answer::skipped;
  std::optional<double> exits;       // of the subject; absent where it was not run
  std::vector<std::string> records;  // ids in the store
  std::string content;               // what stands for what was run; equal: the same answer
  std::string note;                  // why it was skipped, or whose answer it has

  bool operator==(const Entry&) const = default;
};

struct Log {
  Request request;
  std::vector<Entry> entries;  // in the order of the answers

  const Entry* find(const std::string& id) const;
  const Entry* find_content(const std::string& content) const;  // that was run; null for ""

  bool operator==(const Log&) const = default;
};

std::string_view to_string(Answer answer);  // "old", "new", "skipped"

// write_log: whole or not at all. read_log throws base::Error (user) where there is none, or it is
// damaged.
void write_log(const std::filesystem::path& file, const Log& log);
Log read_log(const std::filesystem::path& file);

}  // namespace lab::bisect
