// SPDX-License-Identifier: MIT
#include "orchestrator/scenario/keys/scenario_keys.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "orchestrator/scenario/yaml/values.hpp"

namespace lab::scenario {
namespace {

// A category's word means the category, even where KVM's tracepoint gives a reason this name: 'msr'
// means all of them, 'MSR' is SVM's.
Floor read_floor(const Entry& entry) {
  Floor floor;
  floor.category = exits::parse_category(entry.key);
  if (!floor.category) {
    if (!exits::names_reason(entry.key)) {
      std::vector<std::string_view> known = exits::reason_words();
      known.insert(known.end(), std::begin(exits::category_words), std::end(exits::category_words));
      fail(entry.where,
           fmt::format("no exit reason or category {}{}", in_quotes(entry.key),
                       did_you_mean(entry.key, known)),
           "total, a name as in EPT_VIOLATION or NPF, a number, or one of " +
               join(exits::category_words));
    }
    floor.reason = entry.key;
  }
  floor.share = read_share(entry.value, "floors." + entry.key);
  return floor;
}

// Returns whether both texts name the same reason for at least one vendor, as 'HLT', 'hlt' and
// '12'.
bool same_reason(const std::string& left, const std::string& right) {
  if (left == right) return true;
  return std::ranges::any_of(exits::vendors, [&](exits::Vendor vendor) {
    const auto number = exits::parse_reason(vendor, left);
    return number && number == exits::parse_reason(vendor, right);
  });
}

auto same_as(const Floor& floor) {
  return [&floor](const Floor& other) {
    return other.category == floor.category && same_reason(other.reason, floor.reason);
  };
}

}  // namespace

std::vector<Floor> read_floors(const Node& node) {
  const std::vector<Entry>& entries = read_map(node, "floors");
  if (entries.size() > floors_limit) {
    fail(node.where,
         fmt::format("floors must be at most {}, not {}", floors_limit, entries.size()));
  }
  std::vector<Floor> floors;
  for (const Entry& entry : entries) {
    const Floor floor = read_floor(entry);
    const auto same = std::ranges::find_if(floors, same_as(floor));
    if (same != floors.end()) {
      const Entry& first = entries[std::size_t(same - floors.begin())];
      fail(entry.where,
           fmt::format("floors: {} is {} again, first at {}", in_quotes(entry.key),
                       in_quotes(first.key), first.where),
           "remove one of the two");
    }
    floors.push_back(floor);
  }
  return floors;
}

void set_floor(std::vector<Floor>& floors, const Entry& entry) {
  const Floor floor = read_floor(entry);
  const auto same = std::ranges::find_if(floors, same_as(floor));
  if (same == floors.end())
    floors.push_back(floor);
  else
    *same = floor;
}

}  // namespace lab::scenario
