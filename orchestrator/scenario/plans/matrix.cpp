// SPDX-License-Identifier: MIT
#include "orchestrator/scenario/plans/draft.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <optional>

#include "orchestrator/scenario/yaml/values.hpp"

namespace lab::scenario {
namespace {

// Returns settings with this one value and otherwise the defaults.
Settings alone(const std::string& key, const std::string& value, const std::string& where) {
  Settings settings;
  apply_setting(settings, key, value, where);
  return settings;
}

Settings alone(const std::string& key, const Node& value) {
  Settings settings;
  apply_setting(settings, key, value);
  return settings;
}

void check_setting(const Entry& entry, const std::string& what) {
  if (is_setting(canonical_key(entry.key))) return;
  fail(entry.where,
       fmt::format("{} cannot vary {}{}", what, in_quotes(entry.key), nearest_setting(entry.key)),
       "it can vary: paging, " + setting_keys());
}

// Returns the key's values in the axes and, if wanted, in include.
std::vector<std::string_view> known_values(const Scenario& scenario, const std::string& key,
                                           bool with_included) {
  std::vector<std::string_view> values;
  for (const Axis& axis : scenario.matrix) {
    if (axis.key == key) values.assign(axis.values.begin(), axis.values.end());
  }
  if (!with_included) return values;
  for (const Cell& cell : scenario.include) {
    for (const auto& [name, value] : cell) {
      if (name == key && std::ranges::find(values, value) == values.end()) values.push_back(value);
    }
  }
  return values;
}

// Returns the known spelling of `value`; none where the value is new.
std::optional<std::string_view> spelled(const Scenario& scenario, const std::string& key,
                                        const Node& value,
                                        const std::vector<std::string_view>& known) {
  const Settings wanted = alone(key, value);
  const auto found = std::ranges::find_if(known, [&](std::string_view text) {
    return alone(key, std::string(text), scenario.file) == wanted;
  });
  if (found == known.end()) return std::nullopt;
  return *found;
}

std::vector<std::string_view> known_keys(const Scenario& scenario, bool with_included) {
  std::vector<std::string_view> keys;
  for (const Axis& axis : scenario.matrix) keys.push_back(axis.key);
  for (const Cell& cell : scenario.include) {
    for (const auto& [key, value] : cell) {
      if (with_included && std::ranges::find(keys, key) == keys.end()) keys.push_back(key);
    }
  }
  return keys;
}

void add_pair(Cell& cell, const std::string& key, std::string value, const Entry& entry) {
  for (const auto& [earlier, text] : cell) {
    if (earlier == key) fail(entry.where, key + " twice", "'paging' is short for 'kvm.paging'");
  }
  cell.emplace_back(key, std::move(value));
}

const std::vector<Entry>& read_entries(const Node& node, std::string_view what) {
  const auto& entries = read_map(node, what);
  if (entries.empty())
    fail(node.where, fmt::format("{} names no key of the matrix", what), "as in paging: shadow");
  return entries;
}

Cell read_included(const Scenario& scenario, const Node& node) {
  Cell cell;
  for (const Entry& entry : read_entries(node, "matrix.include")) {
    check_setting(entry, "matrix.include");
    const std::string key = canonical_key(entry.key);
    const auto known = spelled(scenario, key, entry.value, known_values(scenario, key, true));
    add_pair(cell, key, known ? std::string(*known) : text_in(scenario.file, key, entry.value),
             entry);
  }
  return cell;
}

std::uint64_t count_product(const Scenario& scenario) {
  // An include without axes is the complete list of cells.
  std::uint64_t cells = scenario.matrix.empty() && !scenario.include.empty() ? 0 : 1;
  for (const Axis& axis : scenario.matrix) {
    cells *= axis.values.size();
    if (cells > trial_limit) {
      fail(scenario.file, "the matrix has more than 100,000 cells", "take values out of it");
    }
  }
  return cells;
}

// Makes the cell from its number in mixed radix, in which the last axis runs fastest.
Cell make_cell(const Scenario& scenario, std::uint64_t index) {
  Cell cell(scenario.matrix.size());
  for (std::size_t i = scenario.matrix.size(); i-- > 0;) {
    const Axis& axis = scenario.matrix[i];
    cell[i] = {axis.key, axis.values[index % axis.values.size()]};
    index /= axis.values.size();
  }
  return cell;
}

}  // namespace

bool same_value(const std::string& file, const std::string& key, const std::string& left,
                const std::string& right) {
  return alone(key, left, file) == alone(key, right, file);
}

// Reads each value as it will be used, so that a bad one is reported now and with its place.
Axis read_axis(const std::string& file, const std::string& key, const Entry& entry) {
  Axis axis{key, {}};
  std::vector<Settings> seen;
  for (const Node& item : read_list(entry.value, "matrix." + entry.key, axis_limit)) {
    Settings settings = alone(key, item);
    if (std::ranges::find(seen, settings) != seen.end()) {
      fail(item.where, fmt::format("{} comes twice in matrix.{}", in_quotes(item.text), entry.key),
           "for more trials of it, raise repeat");
    }
    seen.push_back(std::move(settings));
    axis.values.push_back(text_in(file, key, item));
  }
  return axis;
}

void read_matrix(Draft& draft, const Node& node) {
  Scenario& scenario = draft.scenario;
  const Node *exclude = nullptr, *include = nullptr;
  for (const Entry& entry : read_map(node, "matrix")) {
    if (entry.key == "exclude" || entry.key == "include") {
      (entry.key == "exclude" ? exclude : include) = &entry.value;
      continue;
    }
    check_setting(entry, "matrix");
    const std::string key = canonical_key(entry.key);
    if (!draft.axis_places.emplace(key, entry.where).second) {
      fail(entry.where, "matrix names kvm.paging twice", "'paging' is short for 'kvm.paging'");
    }
    scenario.matrix.push_back(read_axis(scenario.file, key, entry));
  }
  if (exclude) {
    for (const Node& item : read_list(*exclude, "matrix.exclude", matrix_list_limit)) {
      scenario.exclude.push_back(read_part(scenario, item, "matrix.exclude", false));
    }
  }
  if (include) {
    for (const Node& item : read_list(*include, "matrix.include", matrix_list_limit)) {
      scenario.include.push_back(read_included(scenario, item));
      draft.include_places.push_back(item.where);
    }
  }
}

Cell read_part(const Scenario& scenario, const Node& node, const std::string& what,
               bool with_included) {
  Cell cell;
  for (const Entry& entry : read_entries(node, what)) {
    const std::string key = canonical_key(entry.key);
    const auto values = known_values(scenario, key, with_included);
    if (values.empty()) {
      const auto keys = known_keys(scenario, with_included);
      fail(entry.where,
           fmt::format("{} names {}, which the matrix does not vary{}", what, in_quotes(entry.key),
                       did_you_mean(key, keys)),
           keys.empty() ? "there is no matrix" : "the matrix varies: " + join(keys));
    }
    const auto value = spelled(scenario, key, entry.value, values);
    if (!value) {
      fail(entry.value.where,
           fmt::format("{}: {} is never {}", what, key, in_quotes(entry.value.text)),
           "in the matrix it is: " + join(values));
    }
    add_pair(cell, key, std::string(*value), entry);
  }
  return cell;
}

bool matches(const Cell& part, const Cell& cell) {
  const auto same_key = [](std::string_view left, std::string_view right) {
    return left == right || canonical_key(left) == canonical_key(right);
  };
  return std::ranges::all_of(part, [&](const auto& wanted) {
    return std::ranges::any_of(cell, [&](const auto& has) {
      return has.second == wanted.second && same_key(has.first, wanted.first);
    });
  });
}

std::vector<Cell> make_cells(const Scenario& scenario) {
  std::vector<Cell> cells;
  const std::uint64_t product = count_product(scenario);
  for (std::uint64_t index = 0; index < product; ++index) {
    Cell cell = make_cell(scenario, index);
    const bool left_out = std::ranges::any_of(
        scenario.exclude, [&](const Cell& part) { return matches(part, cell); });
    if (!left_out) cells.push_back(std::move(cell));
  }
  cells.insert(cells.end(), scenario.include.begin(), scenario.include.end());
  if (cells.size() * (scenario.repeat + scenario.warmup) > trial_limit) {
    fail(scenario.file, "the matrix and repeat make more than 100,000 trials",
         "lower repeat or take values out of the matrix");
  }
  return cells;
}

std::string cell_name(const Scenario& scenario, const Cell& cell) {
  std::string text = scenario.name;
  for (const auto& [key, value] : cell) {
    text += &key == &cell.front().first ? '[' : ',';
    text.append(key == "kvm.paging" ? "paging" : key).append("=").append(value);
  }
  return cell.empty() ? text : text + "]";
}

std::vector<std::string> trial_names(const Scenario& scenario, const Cell& cell) {
  const std::string name = cell_name(scenario, cell);
  std::vector<std::string> names;
  for (std::uint32_t number = 1; number <= scenario.warmup; ++number)
    names.push_back(fmt::format("{}#w{}", name, number));
  for (std::uint32_t number = 1; number <= scenario.repeat; ++number)
    names.push_back(fmt::format("{}#{}", name, number));
  return names;
}

Settings cell_settings(const Scenario& scenario, const Cell& cell) {
  Settings settings = scenario.settings;
  for (const auto& [key, value] : cell) apply_setting(settings, key, value, scenario.file);
  return settings;
}

}  // namespace lab::scenario
