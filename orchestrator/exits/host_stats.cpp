// SPDX-License-Identifier: MIT
#include "orchestrator/exits/host_stats.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/text.hpp"

namespace lab::exits {
namespace {

constexpr std::size_t stats_size_limit = 16 * 1024 * 1024;  // 64 vCPUs with 176 reasons each: 2 MiB
constexpr std::string_view format_version = "2";

using Words = std::vector<std::string_view>;

[[noreturn]] void fail_stats(const std::string& cause) {
  throw base::infrastructure_error("host's exit_stats: " + cause);
}

template <typename Number>
Number number(std::string_view word) {
  if (const auto value = base::parse_number<Number>(word)) return *value;
  fail_stats("'" + std::string(word) + "' is not a number");
}

void expect_words(const Words& words, std::size_t count) {
  if (words.size() == count) return;
  fail_stats("line '" + std::string(words[0]) + "' has " + std::to_string(words.size()) +
             " words, not " + std::to_string(count));
}

// Contains the words after the fixed ones: KEY=VALUE in any order.
class Pairs {
 public:
  Pairs(const Words& words, std::size_t fixed) : line_(words[0]) {
    if (words.size() < fixed) fail_stats("line '" + line_ + "' is cut off");
    for (std::size_t i = fixed; i < words.size(); ++i) {
      const std::size_t equals = words[i].find('=');
      if (equals == std::string_view::npos)
        fail_stats("line '" + line_ + "': '" + std::string(words[i]) + "' is no KEY=VALUE");
      if (!values_.emplace(words[i].substr(0, equals), words[i].substr(equals + 1)).second)
        fail_stats("line '" + line_ + "': a key comes twice");
    }
  }

  std::string_view text(std::string_view key) const {
    const auto found = values_.find(key);
    if (found == values_.end()) fail_stats("line '" + line_ + "' lacks '" + std::string(key) + "'");
    return found->second;
  }

  std::uint64_t count(std::string_view key) const { return number<std::uint64_t>(text(key)); }

  void read_into(HostCounts& counts) const {
    counts.exits = count("exits");
    counts.cycles = count("cycles");
    counts.to_entry = count("to_entry");
    counts.fastpath = count("fastpath");
    counts.nested = count("nested");
  }

 private:
  std::string line_;
  std::map<std::string_view, std::string_view> values_;
};

template <typename Value>
Value known(const std::optional<Value>& value, std::string_view word) {
  if (!value) fail_stats("unknown '" + std::string(word) + "'");
  return *value;
}

std::optional<Scope> parse_scope(std::string_view text) {
  for (Scope scope : {Scope::vm, Scope::host})
    if (to_string(scope) == text) return scope;
  return std::nullopt;
}

class Parser {
 public:
  HostStats run(std::string_view text) {
    while (!ended_ && !text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      line(base::split_words(text.substr(0, end)));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (!ended_) fail_stats("cut off, no 'end'");
    for (const char* fact :
         {"exit_stats", "vendor", "layout", "scope", "vcpus", "total", "kvm_exits", "latch"}) {
      if (!seen_.count(fact)) fail_stats("no line '" + std::string(fact) + "'");
    }
    return std::move(stats_);
  }

 private:
  void line(const Words& words) {
    if (words.empty()) return;
    if (seen_.empty() && words[0] != "exit_stats") fail_stats("does not begin with 'exit_stats'");
    if (words[0] == "end") {
      ended_ = true;
    } else if (words[0] == "reason") {
      reason(words);
    } else if (words[0] == "vcpu") {
      vcpu(words);
    } else if (words[0] == "vcpu_reason") {
      vcpu_reason(words);
    } else if (words[0] == "histogram") {
      histogram(words);
    } else {
      if (!seen_.emplace(words[0]).second)
        fail_stats("line '" + std::string(words[0]) + "' comes twice");
      fact(words);
    }
  }

  void fact(const Words& words) {
    const std::string_view name = words[0];
    if (name == "exit_stats") {
      heading(words);
    } else if (name == "vendor") {
      stats_.vendor = known(parse_vendor(only(words)), only(words));
    } else if (name == "layout") {
      stats_.layout = known(parse_layout(only(words)), only(words));
    } else if (name == "scope") {
      stats_.scope = known(parse_scope(only(words)), only(words));
    } else if (name == "vcpus") {
      stats_.vcpus = number<std::uint32_t>(only(words));
    } else {
      counters(words);
    }
  }

  static std::string_view only(const Words& words) {
    expect_words(words, 2);
    return words[1];
  }

  void heading(const Words& words) {
    expect_words(words, 3);
    if (words[1] != format_version) fail_stats("format " + std::string(words[1]) + ", not 2");
    stats_.patch_version = words[2];
  }

  void counters(const Words& words) {
    if (words[0] == "total") {
      const Pairs pairs(words, 1);
      pairs.read_into(stats_.total);
      stats_.failed_entries = pairs.count("failed_entries");
    } else if (words[0] == "kvm_exits") {
      stats_.kvm_exits = number<std::uint64_t>(only(words));
    } else if (words[0] == "stray_exits") {
      stats_.stray_exits = number<std::int64_t>(only(words));
    } else if (words[0] == "latch") {
      expect_words(words, 4);
      stats_.latch_seq = number<std::uint64_t>(words[1]);
      stats_.latch_total = number<std::uint64_t>(words[2]);
      stats_.latch_kvm_exits = stats_.latch_later_kvm_exits = number<std::uint64_t>(words[3]);
    } else if (words[0] == "latch_later_kvm_exits") {
      stats_.latch_later_kvm_exits = number<std::uint64_t>(only(words));
    }  // other lines are facts that a newer patch added
  }

  void reason(const Words& words) {
    const Pairs pairs(words, 2);
    HostReason reason;
    reason.number = number<std::uint32_t>(words[1]);
    if (!numbers_.emplace(reason.number, stats_.reasons.size()).second)
      fail_stats("reason " + std::string(words[1]) + " comes twice");
    pairs.read_into(reason);
    reason.name = pairs.text("name");
    reason.latched = pairs.count("latched");
    stats_.reasons.push_back(std::move(reason));
  }

  void vcpu(const Words& words) {
    const Pairs pairs(words, 2);
    stats_.by_vcpu.push_back({number<std::uint32_t>(words[1]),
                              pairs.count("exits"),
                              pairs.count("cycles"),
                              pairs.count("to_entry"),
                              pairs.count("kvm_exits"),
                              {}});
  }

  void vcpu_reason(const Words& words) {
    const Pairs pairs(words, 3);
    const auto vcpu =
        std::ranges::find(stats_.by_vcpu, number<std::uint32_t>(words[1]), &HostVcpu::id);
    if (vcpu == stats_.by_vcpu.end()) fail_stats("no vcpu " + std::string(words[1]));
    pairs.read_into(vcpu->reasons[number<std::uint32_t>(words[2])]);
  }

  void histogram(const Words& words) {
    if (words.size() < 2) fail_stats("line 'histogram' is cut off");
    const auto reason = numbers_.find(number<std::uint32_t>(words[1]));
    if (reason == numbers_.end())
      fail_stats("histogram of an unknown reason " + std::string(words[1]));
    for (std::size_t i = 2; i < words.size(); ++i) {
      const std::size_t colon = std::min(words[i].find(':'), words[i].size() - 1);
      const auto bucket = number<std::uint32_t>(words[i].substr(0, colon));
      if (bucket > 63) fail_stats("histogram's bucket " + std::to_string(bucket) + " is above 63");
      stats_.reasons[reason->second].histogram[bucket] =
          number<std::uint64_t>(words[i].substr(colon + 1));
    }
  }

  HostStats stats_;
  std::set<std::string, std::less<>> seen_;
  std::map<std::uint32_t, std::size_t> numbers_;  // of reasons, to their places
  bool ended_ = false;
};

}  // namespace

std::string_view to_string(Scope scope) {
  return scope == Scope::vm ? "vm" : "host";
}

HostStats parse_host_stats(std::string_view text) {
  if (text.size() > stats_size_limit) fail_stats("longer than 16 MiB");
  return Parser().run(text);
}

Counts counts_now(const HostStats& stats) {
  Counts counts{stats.total.exits, stats.total.cycles, {}};
  for (const HostReason& reason : stats.reasons) {
    if (reason.exits) counts.reasons.push_back({reason.number, reason.exits, reason.cycles});
  }
  std::ranges::sort(counts.reasons, {}, &ReasonCount::number);
  return counts;
}

Counts counts_at_latch(const HostStats& stats) {
  Counts counts{stats.latch_total, 0, {}};
  for (const HostReason& reason : stats.reasons) {
    if (reason.latched) counts.reasons.push_back({reason.number, reason.latched, std::nullopt});
  }
  std::ranges::sort(counts.reasons, {}, &ReasonCount::number);
  return counts;
}

}  // namespace lab::exits
