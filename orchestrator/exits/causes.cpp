// SPDX-License-Identifier: MIT
#include "orchestrator/exits/causes.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <vector>

#include "orchestrator/base/counted.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/base/text.hpp"

namespace lab::exits {
namespace {

constexpr std::size_t causes_size_limit = 256 << 20;  // 2 million causes of some 120 bytes each
constexpr std::size_t lines_limit = 2'000'000;
constexpr std::uint32_t vcpus_limit = 4096;         // KVM's own limit
constexpr std::uint32_t vcpu_ids_limit = 4 * 4096;  // KVM_MAX_VCPU_IDS
constexpr std::uint32_t entries_limit = 1u << 20;   // a vCPU
constexpr std::size_t numbers_shown = 8;
constexpr std::size_t words_limit = 32;

[[noreturn]] void fail_causes(const std::string& why) {
  throw base::infrastructure_error("host's exit_causes: " + why);
}

// Splits a line into words without allocating memory: there are tens of thousands of lines.
class LineWords {
 public:
  explicit LineWords(std::string_view line) {
    for (auto word = base::take_word(line); !word.empty(); word = base::take_word(line)) add(word);
  }

  bool empty() const { return count_ == 0; }
  std::string_view name() const { return words_[0]; }

  std::string_view at(std::size_t place) const {
    if (place >= count_) fail_causes(fmt::format("line '{}' is cut off", name()));
    return words_[place];
  }

  std::uint64_t decimal(std::size_t place, std::uint64_t limit) const {
    return parse(at(place), at(place), 10, limit);
  }

  std::uint64_t hexadecimal(std::size_t place, std::uint64_t limit) const {
    const std::string_view word = at(place);
    if (!word.starts_with("0x")) fail_causes(fmt::format("'{}' is no hexadecimal number", word));
    return parse(word, word.substr(2), 16, limit);
  }

  // Returns the value of KEY=VALUE; these pairs follow the first `fixed` words in any order.
  std::uint64_t value(std::size_t fixed, std::string_view key) const {
    for (std::size_t i = fixed; i < count_; ++i) {
      if (words_[i].size() > key.size() && words_[i].starts_with(key) &&
          words_[i][key.size()] == '=')
        return parse(words_[i], words_[i].substr(key.size() + 1), 10, UINT64_MAX);
    }
    fail_causes(fmt::format("line '{}' lacks '{}'", name(), key));
  }

 private:
  void add(std::string_view word) {
    if (count_ == words_limit)
      fail_causes(fmt::format("line '{}' has more than {} words", name(), words_limit));
    words_[count_++] = word;
  }

  static std::uint64_t parse(std::string_view word, std::string_view digits, int radix,
                             std::uint64_t limit) {
    const auto value = base::parse_number<std::uint64_t>(digits, radix);
    if (!value) fail_causes(fmt::format("'{}' is not a number", word.substr(0, 80)));
    if (*value > limit) fail_causes(fmt::format("{} is out of range: at most {}", word, limit));
    return *value;
  }

  std::array<std::string_view, words_limit> words_;
  std::size_t count_ = 0;
};

class CausesParser {
 public:
  HostCauses run(std::string_view text) {
    while (!ended_ && !text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      if (end == text.size()) fail_causes("cut off within a line");
      line(LineWords(text.substr(0, end)));
      text.remove_prefix(end + 1);
    }
    if (!ended_) fail_causes("cut off, no 'end'");
    for (const char* fact : {"exit_causes", "vendor", "vcpus", "entries"})
      if (!seen_.contains(fact)) fail_causes(fmt::format("no line '{}'", fact));
    check_room();
    return std::move(result_);
  }

 private:
  void line(const LineWords& words) {
    if (words.empty()) return;
    if (seen_.empty() && words.name() != "exit_causes")
      fail_causes("does not begin with 'exit_causes'");
    if (words.name() == "cause") {
      cause(words);
    } else if (words.name() == "lost") {
      lost(words);
    } else if (words.name() == "reason") {
      reason(words);
    } else if (words.name() == "end") {
      ended_ = true;
    } else {
      if (!seen_.emplace(words.name()).second)
        fail_causes(fmt::format("line '{}' comes twice", words.name()));
      fact(words);
    }
  }

  void fact(const LineWords& words) {
    if (words.name() == "exit_causes") {
      if (words.at(1) != "1") fail_causes(fmt::format("format {}, not 1", words.at(1)));
    } else if (words.name() == "vendor") {
      const std::optional<Vendor> vendor = parse_vendor(words.at(1));
      if (!vendor) fail_causes(fmt::format("unknown '{}'", words.at(1)));
      result_.vendor = *vendor;
    } else if (words.name() == "vcpus") {
      result_.vcpus = static_cast<std::uint32_t>(words.decimal(1, vcpus_limit));
    } else if (words.name() == "entries") {
      result_.entries = static_cast<std::uint32_t>(words.decimal(1, entries_limit));
    }  // other lines are facts that a newer patch added
  }

  void cause(const LineWords& words) {
    if (++lines_ > lines_limit) fail_causes(fmt::format("more than {} causes", lines_limit));
    ++by_vcpu_[words.decimal(1, vcpu_ids_limit)];
    CauseKey key;
    key.number = static_cast<std::uint32_t>(words.decimal(2, UINT32_MAX));
    key.kind = static_cast<std::uint8_t>(words.hexadecimal(3, UINT8_MAX));
    if ((key.kind & 15) > static_cast<int>(Mode::long_64))
      fail_causes(fmt::format("kind {} has mode {}: at most 5", words.at(3), key.kind & 15));
    key.detail = words.hexadecimal(4, UINT64_MAX);
    key.rip = words.hexadecimal(5, UINT64_MAX);
    add(result_.now, key, words.value(6, "exits"), words.value(6, "cycles"));
    add(result_.latched, key, words.value(6, "latched"), words.value(6, "latched_cycles"));
    add(result_.marked, key, words.value(6, "marked"), words.value(6, "marked_cycles"));
  }

  static void add(Causes& causes, const CauseKey& key, std::uint64_t exits, std::uint64_t cycles) {
    if (exits == 0) return;
    CauseCount& count = causes.causes[key];
    count.exits += exits;
    count.cycles += cycles;
  }

  void lost(const LineWords& words) {
    if (++lines_ > lines_limit) fail_causes(fmt::format("more than {} causes", lines_limit));
    words.decimal(1, vcpu_ids_limit);
    const auto number = static_cast<std::uint32_t>(words.decimal(2, UINT32_MAX));
    add(result_.now, number, words.value(3, "exits"));
    add(result_.latched, number, words.value(3, "latched"));
    add(result_.marked, number, words.value(3, "marked"));
  }

  static void add(Causes& causes, std::uint32_t number, std::uint64_t lost) {
    if (lost > 0) causes.lost[number] += lost;
  }

  void reason(const LineWords& words) {
    const auto number = static_cast<std::uint32_t>(words.decimal(1, UINT32_MAX));
    const std::uint64_t latched = words.value(2, "latched");
    if (!result_.latched_reasons.emplace(number, latched).second)
      fail_causes(fmt::format("reason {} comes twice", number));
  }

  void check_room() const {
    if (by_vcpu_.size() > result_.vcpus)
      fail_causes(fmt::format("causes of {} vCPUs: there are {}", by_vcpu_.size(), result_.vcpus));
    for (const auto& [vcpu, causes] : by_vcpu_)
      if (causes > result_.entries)
        fail_causes(fmt::format("vCPU {} has {} causes: there is room for {}", vcpu, causes,
                                result_.entries));
  }

  HostCauses result_;
  std::set<std::string, std::less<>> seen_;
  std::map<std::uint64_t, std::size_t> by_vcpu_;
  std::size_t lines_ = 0;
  bool ended_ = false;
};

using ExitsByNumber = std::map<std::uint32_t, std::uint64_t>;

ExitsByNumber sums_with_lost(const Causes& causes) {
  ExitsByNumber sums = causes.lost;
  for (const auto& [key, count] : causes.causes) sums[key.number] += count.exits;
  return sums;
}

// Returns "; 123: causes 5, count 6" for each number that differs.
std::string describe_missing(const ExitsByNumber& causes, const StepCounts& counts) {
  std::map<std::uint32_t, std::pair<std::uint64_t, std::uint64_t>> sides;
  for (const auto& [number, exits] : causes) sides[number].first = exits;
  for (const ReasonCount& reason : counts.reasons) sides[reason.number].second = reason.exits;
  std::string text;
  std::size_t differing = 0;
  for (const auto& [number, side] : sides) {
    if (side.first == side.second || ++differing > numbers_shown) continue;
    text += fmt::format("; number {}: causes {}, count {}", number, side.first, side.second);
  }
  if (differing > numbers_shown) text += fmt::format("; and {} more", differing - numbers_shown);
  return text;
}

std::string describe_lost(const ExitsByNumber& lost) {
  std::uint64_t exits = 0;
  for (const auto& [number, count] : lost) exits += count;
  if (exits == 0) return "";
  return "the cause of " + base::counted(exits, "exit") + " is lost: the table was full";
}

}  // namespace

HostCauses parse_host_causes(std::string_view text) {
  if (text.size() > causes_size_limit) fail_causes("longer than 256 MiB");
  return CausesParser().run(text);
}

Causes causes_between(const Causes& before, const Causes& after) {
  Causes result;
  for (const auto& [key, count] : after.causes) {
    const auto found = before.causes.find(key);
    const CauseCount then = found == before.causes.end() ? CauseCount{} : found->second;
    if (count.exits > then.exits)
      result.causes.emplace_hint(
          result.causes.end(), key,
          CauseCount{count.exits - then.exits, count.cycles - std::min(then.cycles, count.cycles)});
  }
  for (const auto& [number, exits] : after.lost) {
    const auto found = before.lost.find(number);
    const std::uint64_t then = found == before.lost.end() ? 0 : found->second;
    if (exits > then) result.lost.emplace(number, exits - then);
  }
  return result;
}

void add(Causes& sum, const Causes& more) {
  for (const auto& [key, count] : more.causes) {
    sum.causes[key].exits += count.exits;
    sum.causes[key].cycles += count.cycles;
  }
  for (const auto& [number, exits] : more.lost) sum.lost[number] += exits;
}

Check check_causes(std::string name, const StepCounts& counts, const Causes& causes) {
  const ExitsByNumber sums = sums_with_lost(causes);
  std::uint64_t total = 0;
  for (const auto& [number, exits] : sums) total += exits;
  const std::string differences = describe_missing(sums, counts);
  return {std::move(name),
          differences.empty() && total == counts.exits,
          total,
          counts.exits,
          "causes of all reasons; exits of the step" + differences,
          describe_lost(causes.lost)};
}

}  // namespace lab::exits
