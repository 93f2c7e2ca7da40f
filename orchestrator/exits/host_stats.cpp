// SPDX-License-Identifier: MIT
#include "orchestrator/exits/host_stats.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "orchestrator/base/error.hpp"

namespace lab::exits {
namespace {

constexpr std::size_t size_limit = 1024 * 1024;
constexpr std::string_view format_version = "1";

using Words = std::vector<std::string_view>;

[[noreturn]] void fail(const std::string& cause) {
  throw base::infrastructure_error("host's exit_stats: " + cause);
}

Words split(std::string_view line) {
  Words words;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    if (end > 0) words.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

template <typename Number>
Number number(std::string_view word) {
  Number value = 0;
  const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || stop != word.data() + word.size()) {
    fail("'" + std::string(word) + "' is not a number");
  }
  return value;
}

void expect_words(const Words& words, std::size_t count) {
  if (words.size() == count) return;
  fail("line '" + std::string(words[0]) + "' has " + std::to_string(words.size()) + " words, not " +
       std::to_string(count));
}

template <typename Value>
Value known(const std::optional<Value>& value, std::string_view word) {
  if (!value) fail("unknown '" + std::string(word) + "'");
  return *value;
}

class Parser {
 public:
  HostStats run(std::string_view text) {
    while (!ended_ && !text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      line(split(text.substr(0, end)));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (!ended_) fail("cut off, no 'end'");
    for (const char* fact :
         {"exit_stats", "vendor", "layout", "vcpus", "total", "kvm_exits", "latch"}) {
      if (!seen_.count(fact)) fail("no line '" + std::string(fact) + "'");
    }
    return std::move(stats_);
  }

 private:
  void line(const Words& words) {
    if (words.empty()) return;
    if (seen_.empty() && words[0] != "exit_stats") fail("does not begin with 'exit_stats'");
    if (words[0] == "end") {
      ended_ = true;
    } else if (words[0] == "reason") {
      reason(words);
    } else {
      if (!seen_.emplace(words[0]).second) fail("line '" + std::string(words[0]) + "' comes twice");
      fact(words);
    }
  }

  void fact(const Words& words) {
    const std::string_view name = words[0];
    if (name == "exit_stats") {
      heading(words);
    } else if (name == "vendor") {
      expect_words(words, 2);
      stats_.vendor = known(parse_vendor(words[1]), words[1]);
    } else if (name == "layout") {
      expect_words(words, 2);
      stats_.layout = known(parse_layout(words[1]), words[1]);
    } else if (name == "vcpus") {
      expect_words(words, 2);
      stats_.vcpus = number<std::uint32_t>(words[1]);
    } else {
      counters(words);
    }
  }

  void heading(const Words& words) {
    expect_words(words, 3);
    if (words[1] != format_version) fail("format " + std::string(words[1]) + ", not 1");
    stats_.patch_version = words[2];
  }

  void counters(const Words& words) {
    if (words[0] == "total") {
      expect_words(words, 3);
      stats_.total = number<std::uint64_t>(words[1]);
      stats_.cycles = number<std::uint64_t>(words[2]);
    } else if (words[0] == "kvm_exits") {
      expect_words(words, 2);
      stats_.kvm_exits = number<std::uint64_t>(words[1]);
    } else if (words[0] == "latch") {
      expect_words(words, 4);
      stats_.latch_seq = number<std::uint64_t>(words[1]);
      stats_.latch_total = number<std::uint64_t>(words[2]);
      stats_.latch_kvm_exits = number<std::uint64_t>(words[3]);
    }  // other lines are facts that a newer patch added
  }

  void reason(const Words& words) {
    expect_words(words, 5);
    const auto value = number<std::uint32_t>(words[1]);
    if (!numbers_.insert(value).second) fail("reason " + std::to_string(value) + " comes twice");
    stats_.reasons.push_back({value, number<std::uint64_t>(words[2]),
                              number<std::uint64_t>(words[3]), number<std::uint64_t>(words[4])});
  }

  HostStats stats_;
  std::set<std::string, std::less<>> seen_;
  std::set<std::uint32_t> numbers_;
  bool ended_ = false;
};

}  // namespace

HostStats parse_host_stats(std::string_view text) {
  if (text.size() > size_limit) fail("longer than 1 MiB");
  return Parser().run(text);
}

Counts counts_now(const HostStats& stats) {
  Counts counts{stats.total, stats.cycles, {}, true};
  for (const HostReason& reason : stats.reasons) {
    if (reason.exits) counts.reasons.push_back({reason.number, reason.exits, reason.cycles});
  }
  std::ranges::sort(counts.reasons, {}, &ReasonCount::number);
  return counts;
}

Counts counts_at_latch(const HostStats& stats) {
  Counts counts{stats.latch_total, 0, {}, true};
  for (const HostReason& reason : stats.reasons) {
    if (reason.latched) counts.reasons.push_back({reason.number, reason.latched, std::nullopt});
  }
  std::ranges::sort(counts.reasons, {}, &ReasonCount::number);
  return counts;
}

}  // namespace lab::exits
