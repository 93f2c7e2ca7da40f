// SPDX-License-Identifier: MIT
#include "orchestrator/record/record.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

#include "orchestrator/base/text.hpp"
#include "orchestrator/record/json/json_fields.hpp"

namespace lab::record {
namespace {

constexpr std::size_t lost_bytes = 64;  // of one of causes_lost, with the widest numbers
constexpr std::size_t list_bytes = 32;  // of a step's two empty lists

// Symbols are the guest's text: a module may give its functions any name.
std::string clean(const std::string& given) {
  std::string text = base::printable_ascii(given);
  if (text.size() > longest_cause_text) text = text.substr(0, longest_cause_text - 3) + "...";
  return text;
}

void add(Cause& sum, const Cause& cause) {
  sum.exits += cause.exits;
  if (sum.cycles && cause.cycles)
    *sum.cycles += *cause.cycles;
  else
    sum.cycles.reset();
}

void sort(std::vector<Cause>& causes) {
  std::ranges::sort(causes, [](const Cause& a, const Cause& b) {
    return std::tie(b.exits, a.number, a.detail, a.place) <
           std::tie(a.exits, b.number, b.detail, b.place);
  });
}

// Cleans the causes, combines equal ones, and sorts them, most exits first.
std::vector<Cause> tidy(const std::vector<Cause>& causes) {
  std::map<std::tuple<std::uint32_t, std::string, std::string>, Cause> sums;
  for (Cause cause : causes) {
    cause.detail = clean(cause.detail);
    cause.place = clean(cause.place);
    const auto [sum, is_new] = sums.try_emplace({cause.number, cause.detail, cause.place}, cause);
    if (!is_new) add(sum->second, cause);
  }
  std::vector<Cause> tidied;
  for (auto& [key, cause] : sums) tidied.push_back(std::move(cause));
  sort(tidied);
  return tidied;
}

std::size_t json_size(const Step& step, const Cause& cause) {
  return json_size(cause, name_of_reason(step, cause.number));
}

std::size_t json_size(const Step& step) {
  if (!has_causes(step)) return 0;
  std::size_t bytes = list_bytes + step.causes_lost.size() * lost_bytes;
  for (const Cause& cause : step.causes) bytes += json_size(step, cause);
  return bytes;
}

// Returns the most bytes that the sum of a number's causes can take.
std::size_t sum_size(const Step& step, std::uint32_t number) {
  const std::string other(other_causes);
  return json_size(step, {number, other, other, UINT64_MAX, UINT64_MAX});
}

void add_to_others(std::map<std::uint32_t, Cause>& others, const Cause& cause) {
  const std::string other(other_causes);
  const auto [sum, is_new] = others.try_emplace(
      cause.number, Cause{cause.number, other, other, cause.exits, cause.cycles});
  if (!is_new) add(sum->second, cause);
}

// Keeps the largest causes that fit into so many bytes together with the sums of the rest.
void bound(Step& step, std::size_t bytes) {
  std::map<std::uint32_t, std::size_t> sums;  // the bytes of each number's sum
  for (const Cause& cause : step.causes)
    if (!sums.contains(cause.number)) sums[cause.number] = sum_size(step, cause.number);
  std::size_t used = list_bytes + step.causes_lost.size() * lost_bytes;
  for (const auto& [number, size] : sums) used += size;
  if (used > bytes) {
    step.causes.clear();
    step.causes_lost.clear();
    return;
  }
  std::map<std::uint32_t, Cause> others;
  std::vector<Cause> kept;
  for (Cause& cause : step.causes) {
    used += json_size(step, cause);
    if (used <= bytes && cause.detail != other_causes)
      kept.push_back(std::move(cause));
    else
      add_to_others(others, cause);
  }
  for (auto& [number, cause] : others) kept.push_back(std::move(cause));
  sort(kept);
  step.causes = std::move(kept);
}

// Divides `all` so that small ones get all they want and the others equal parts.
std::vector<std::size_t> share_fairly(const std::vector<std::size_t>& wanted, std::size_t all) {
  std::vector<std::size_t> order(wanted.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return wanted[i]; });
  std::vector<std::size_t> shares(wanted.size());
  for (std::size_t done = 0; done < order.size(); ++done) {
    const std::size_t i = order[done];
    shares[i] = std::min(wanted[i], all / (order.size() - done));
    all -= shares[i];
  }
  return shares;
}

}  // namespace

void bound_causes(Record& record) {
  std::vector<std::size_t> wanted;
  for (Step& step : record.steps) {
    step.causes = tidy(step.causes);
    wanted.push_back(json_size(step));
  }
  const std::vector<std::size_t> shares = share_fairly(wanted, causes_bytes);
  for (std::size_t i = 0; i < shares.size(); ++i)
    if (wanted[i] > shares[i]) bound(record.steps[i], shares[i]);
}

}  // namespace lab::record
