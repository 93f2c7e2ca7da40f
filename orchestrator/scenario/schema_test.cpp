// SPDX-License-Identifier: MIT
// Tests that the loader, scenarios/schema.json and scenarios/README.md agree.
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <span>
#include <sstream>

#include "orchestrator/scenario/json_schema_test.hpp"
#include "orchestrator/scenario/keys/settings.hpp"
#include "orchestrator/scenario/loader_test.hpp"
#include "orchestrator/scenario/yaml/values.hpp"

namespace lab::scenario {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const std::string folder = std::string(LAB_SOURCE_DIR) + "/scenarios/";

std::string text_of(const std::string& file) {
  std::stringstream text;
  text << std::ifstream(folder + file).rdbuf();
  return text.str();
}

const json& schema() {
  static const json parsed = json::parse(text_of("schema.json"));
  return parsed;
}

std::string violation(const std::string& text) {
  return first_violation(schema(), to_json(parse_yaml(text, "s.yaml")));
}

// Follows $ref and skips the null that `extends` needs.
const json& resolved(const json& node) {
  if (node.contains("$ref")) {
    return resolved(schema().at(json::json_pointer(node["$ref"].get<std::string>().substr(1))));
  }
  for (const char* choice : {"allOf", "anyOf", "oneOf"}) {
    if (!node.contains(choice) || node.contains("properties")) continue;
    for (const json& one : node[choice]) {
      if (const json& found = resolved(one); found.contains("properties")) return found;
    }
  }
  return node;
}

std::set<std::string> keys_at(const std::vector<std::string>& path) {
  const json* node = &schema();
  for (const std::string& key : path) {
    node = &resolved(*node);
    node = key == "[]" ? &node->at("items") : &node->at("properties").at(key);
    if (node->contains("anyOf") && !node->contains("properties")) {
      for (const json& one : node->at("anyOf")) {
        if (one.contains("items")) node = &one;
      }
    }
  }
  std::set<std::string> keys;
  for (const auto& [key, rule] : resolved(*node).at("properties").items()) keys.insert(key);
  return keys;
}

std::set<std::string> words_in(const std::string& list) {
  std::set<std::string> words;
  std::istringstream stream(list);
  for (std::string word; stream >> word;) words.insert(word.substr(0, word.find(',')));
  return words;
}

// An unknown key in a map makes the loader list the known ones.
TEST(Schema, HasTheLoadersKeys) {
  struct Place {
    std::string text;
    std::vector<std::string> path;
  };
  const std::vector<Place> places = {
      {before_steps("zz: 1"), {}},
      {before_steps("guest: {zz: 1}"), {"guest"}},
      {before_steps("guest: {cpu: {zz: 1}}"), {"guest", "cpu"}},
      {before_steps("guest: {disk: {zz: 1}}"), {"guest", "disk"}},
      {before_steps("guest: {scratch: {zz: 1}}"), {"guest", "scratch"}},
      {before_steps("guest: {nic: {zz: 1}}"), {"guest", "nic"}},
      {before_steps("host: {zz: 1}"), {"host"}},
      {before_steps("kvm: {zz: 1}"), {"kvm"}},
      {before_steps("timeouts: {zz: 1}"), {"timeouts"}},
      {with_steps("  - zz: 1\n"), {"steps", "[]"}},
      {with(small, "until", "zz"), {"steps", "[]", "boot"}},
      {with(small, "reader", "{zz: 1}"), {"steps", "[]", "boot", "until"}},
      {with_steps("  - run: {zz: 1}\n"), {"steps", "[]", "run"}},
      {with_steps("  - sleep: {zz: 1}\n"), {"steps", "[]", "sleep"}},
      {with_steps("  - reboot: {zz: 1}\n"), {"steps", "[]", "reboot"}},
      {with_steps("  - shutdown: {zz: 1}\n"), {"steps", "[]", "shutdown"}},
      {with_steps("  - host: {zz: 1}\n"), {"steps", "[]", "host"}},
      {with_steps("  - host: {pin: {zz: 1}}\n"), {"steps", "[]", "host", "pin"}},
      {with_steps("expect: [{zz: 1}]\n"), {"expect", "[]"}},
  };
  const std::string readme = text_of("README.md");
  for (const Place& place : places) {
    const std::string error = error_of(place.text);
    const std::size_t list = error.find("| keys of ");
    ASSERT_NE(list, std::string::npos) << place.text << error;
    const auto known = words_in(error.substr(error.find(':', list) + 1));
    EXPECT_EQ(keys_at(place.path), known) << place.text;
    EXPECT_NE(violation(place.text), "") << place.text;
    for (const std::string& key : known) {
      const bool said = readme.find("`" + key + "`") != std::string::npos ||
                        readme.find("`" + key + ".") != std::string::npos ||
                        readme.find(key + ":") != std::string::npos ||
                        readme.find("." + key + "`") != std::string::npos ||
                        readme.find("." + key + ".") != std::string::npos;
      EXPECT_TRUE(said) << "README.md says nothing of " << key;
    }
  }
}

TEST(Schema, HasTheLoadersSettings) {
  std::set<std::string> in_cells = {"paging"}, in_matrix = {"paging", "include", "exclude"};
  for (const Setting& setting : settings_table()) {
    const std::string key(setting.key);
    in_cells.insert(key);
    in_matrix.insert(key);
    ASSERT_TRUE(schema()["definitions"].contains(key)) << key;
    const json& definition = schema()["definitions"][key];
    EXPECT_FALSE(definition["description"].get<std::string>().empty()) << key;
    if (setting.form.type == Form::Type::words) {
      json words = json::array();
      for (std::string_view word : setting.form.words)
        words.push_back(word == "true" || word == "false" ? json(word == "true") : json(word));
      EXPECT_EQ(definition["enum"], words) << key;
    } else if (definition.value("type", json()) == "integer") {
      EXPECT_EQ(definition["minimum"], setting.form.min) << key;
      EXPECT_EQ(definition["maximum"], setting.form.max) << key;
    } else if (setting.form.type == Form::Type::memory) {
      EXPECT_THAT(
          definition["description"].get<std::string>(),
          HasSubstr(memory_text(setting.form.min) + " to " + memory_text(setting.form.max)));
    }
  }
  EXPECT_EQ(keys_at({"matrix"}), in_matrix);
  EXPECT_EQ(keys_at({"matrix", "include", "[]"}), in_cells);
  EXPECT_EQ(keys_at({"expect", "[]", "where"}), in_cells);
  const std::span categories = exits::category_words;
  EXPECT_EQ(schema()["definitions"]["expect"]["properties"]["category"]["enum"],
            json(std::vector<std::string>(categories.begin(), categories.end())));
  std::set<std::string> floors(categories.begin(), categories.end());
  floors.insert("total");
  EXPECT_EQ(keys_at({"floors"}), floors);
}

std::vector<std::string> cells_of_row(const std::string& row) {
  std::vector<std::string> cells;
  std::istringstream stream(row);
  for (std::string cell; std::getline(stream, cell, '|');) {
    const std::size_t begin = cell.find_first_not_of(' ');
    cells.push_back(begin == std::string::npos
                        ? ""
                        : cell.substr(begin, cell.find_last_not_of(' ') - begin + 1));
  }
  return cells;
}

// Returns the rows "| `key` | meaning | allowed | default |" of the table of keys.
std::map<std::string, std::vector<std::string>> readme_rows() {
  std::map<std::string, std::vector<std::string>> rows;
  std::istringstream stream(text_of("README.md"));
  for (std::string line; std::getline(stream, line);) {
    auto cells = cells_of_row(line);
    if (cells.size() != 5 || !cells[1].starts_with('`')) continue;
    rows[cells[1].substr(1, cells[1].size() - 2)] = cells;
  }
  return rows;
}

bool in_code(const std::string& text) {
  return text.size() > 2 && text.starts_with('`') && text.find('`', 1) == text.size() - 1;
}

TEST(Readme, HasTheLoadersSettingsWithRangesAndDefaults) {
  const auto rows = readme_rows();
  for (const Setting& setting : settings_table()) {
    const std::string key(setting.key);
    ASSERT_TRUE(rows.contains(key)) << key;
    const std::string allowed = rows.at(key)[3], otherwise = rows.at(key)[4];
    for (std::string_view word : setting.form.words) {
      EXPECT_THAT(allowed, HasSubstr("`" + std::string(word) + "`")) << key;
    }
    if (setting.form.type == Form::Type::number) {
      EXPECT_EQ(allowed,
                std::to_string(setting.form.min) + " to " + std::to_string(setting.form.max))
          << key;
    } else if (setting.form.type == Form::Type::memory) {
      EXPECT_THAT(allowed, HasSubstr("`" + memory_text(setting.form.min) + "` to `" +
                                     memory_text(setting.form.max) + "`"));
    }
    if (!in_code(otherwise)) continue;
    Settings settings;
    apply_setting(settings, key, otherwise.substr(1, otherwise.size() - 2), "README.md");
    if (key == "kvm.paging") settings.paging.reset();
    EXPECT_EQ(settings, Settings()) << key << " is not " << otherwise << " by itself";
  }
  const Timeouts usual;
  for (const auto& [key, limit] :
       {std::pair("trial", usual.trial), std::pair("boot", usual.boot),
        std::pair("step", usual.step), std::pair("shutdown", usual.shutdown)}) {
    const std::string row = rows.at(std::string("timeouts.") + key)[4];
    EXPECT_EQ(row, "`" + std::to_string(limit.count() / 60) + " min`") << key;
  }
}

TEST(Readme, NamesNothingElse) {
  const auto top = keys_at({});
  for (const auto& [key, row] : readme_rows()) {
    EXPECT_TRUE(top.contains(key) || is_setting(key) || key == "kvm.parameters" ||
                key.starts_with("timeouts."))
        << key;
  }
  for (const std::string& key : top) {
    EXPECT_THAT(text_of("README.md"), HasSubstr("| `" + key)) << key;
  }
  for (std::string_view word : exits::category_words) {
    EXPECT_THAT(text_of("README.md"), HasSubstr("`" + std::string(word) + "`"));
  }
}

// Tests the value at the edge of a number's range and the next one beyond it.
TEST(Schema, RangesAreTheLoaders) {
  struct Range {
    std::string before, after;
    std::uint64_t min, max;
  };
  std::vector<Range> ranges = {
      {before_steps("repeat: "), "", 1, 10000},
      {before_steps("warmup: "), "", 0, 100},
      {with_steps("  - run: {name: a, command: b, times: "), "}\n", 1, 1000000},
      {with_steps("expect: [{step: boot, min: "), "}]\n", 0, UINT64_MAX},
  };
  for (Range& range : ranges) {
    // The place before "steps" is in the middle of the text.
    const std::size_t at = range.before.find(": \nsteps");
    if (at == std::string::npos) continue;
    range.after = range.before.substr(at + 2);
    range.before.resize(at + 2);
  }
  for (const Range& range : ranges) {
    for (const std::uint64_t value : {range.min, range.max}) {
      const std::string text = range.before + std::to_string(value) + range.after;
      EXPECT_EQ(error_of(text), "");
      EXPECT_EQ(violation(text), "") << text;
    }
    std::vector<std::string> beyond = {"-1", "1.5", "x"};
    if (range.min > 0) beyond.push_back(std::to_string(range.min - 1));
    if (range.max < UINT64_MAX) beyond.push_back(std::to_string(range.max + 1));
    for (const std::string& value : beyond) {
      const std::string text = range.before + value + range.after;
      EXPECT_NE(error_of(text), "") << text;
      EXPECT_NE(violation(text), "") << text;
    }
  }
}

const std::string rich =
    before_steps(
        "description: 2024\n"
        "guest: {vcpus: 2, memory: 1 GiB, huge_pages: on, console: verbose,\n"
        "  cpu: {model: EPYC, features: +invtsc}, disk: {bus: nvme},\n"
        "  scratch: {size: none, cache: none}, clock: tsc, cmdline: ''}\n"
        "host: {ksm: on}\n"
        "kvm: {kernel: 6.12, scope: vm, parameters: {npt: 1, x: Y}}\n"
        "samples: 0\n"
        "exact: true\n"
        "matrix:\n"
        "  guest.vcpus: [2, 4]\n"
        "  kvm.parameters.npt: [1, 0]\n"
        "  exclude: [{guest.vcpus: 4, kvm.parameters.npt: 0}]\n"
        "  include: [{guest.nic.model: e1000, guest.vcpus: 8}]\n"
        "warmup: 1\n"
        "timeouts: {trial: 20min, shutdown: 9 s}") +
    "  - run: {name: a, command: cat, times: 2, stdin: x, duration: 1 s}\n"
    "  - sleep: 10 ms\n"
    "  - sleep: {name: b, duration: 1 s}\n"
    "  - reboot:\n"
    "  - host: {pin: {vcpu: 1, cpus: 0-1}}\n"
    "  - host: {pause: 1 s}\n"
    "  - host: {key: ctrl+alt+f12}\n"
    "  - host: {save-restore: }\n"
    "  - shutdown: {timeout: 5 s}\n"
    "expect:\n"
    "  - {step: boot, reason: 48, min: 1, max: 18446744073709551615}\n"
    "  - {step: a, category: msr, max: 5, per: second, where: {guest.vcpus: 8}}\n"
    "  - {step: b, of: {guest.vcpus: 2}, to: {guest.vcpus: 4}, max: 1.5}\n"
    "floors: {total: 1 %, INTR: 20%, 48: 0.5 %, PF excp: 1000 %, timer: ignore}\n";

TEST(Schema, AllowsWhatTheLoaderAllows) {
  EXPECT_EQ(error_of(rich), "");
  EXPECT_EQ(violation(rich), "");
  for (const char* cause : {"category: msr, cause: io 0x3f8", "cause: 0x3f8", "cause: 3"}) {
    EXPECT_EQ(error_of(with(rich, "category: msr", cause)), "") << cause;
    EXPECT_EQ(violation(with(rich, "category: msr", cause)), "") << cause;
  }
  EXPECT_EQ(violation("extends: other.yaml\nguest: {disk: }\nmatrix:\n"), "");
  EXPECT_EQ(violation("extends: other.yaml\nfloors: {total: , INTR: }\n"), "");
  EXPECT_EQ(violation("extends: other.yaml\nfloors:\n"), "");
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".yaml") continue;
    const std::string name = entry.path().filename();
    EXPECT_NO_THROW(load(entry.path())) << name;
    EXPECT_EQ(violation(text_of(name)), "") << name;
    EXPECT_THAT(text_of("README.md"), HasSubstr("| `" + name + "` |")) << name;
  }
}

TEST(Schema, RefusesWhatNeedsNoContext) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"image: tiny", "imag: tiny"},
      {"name: tiny-boot", "name: /x"},
      {"version: 1", "version: 2"},
      {"version: 1\n", ""},
      {"vcpus: 2,", "vcpus: \"2\","},
      {"1 GiB", "1024"},
      {"nvme", "ide"},
      {"+invtsc", "[x]"},
      {"exclude: [{", "exclude: [{}, {"},
      {"{guest.nic.model", "{guest.nic"},
      {"[2, 4]", "[]"},
      {"kvm.parameters.npt: [1, 0]", "kvm.parameters.NPT: [1, 0]"},
      {"20min", "500 ms"},
      {"times: 2", "times: 0"},
      {"sleep: 10 ms", "sleep: 10"},
      {"{pause: 1 s}", "{pause: 1 s, key: a}"},
      {"ctrl+alt+f12", "ctrl+alt+f13"},
      {"save-restore: }", "save-restore: 1}"},
      {"reason: 48", "reason: 48, category: io"},
      {", max: 1.5", ""},
      {"max: 5, per", "max: 5.5, per"},
      {"max: 1.5", "max: 1.5, per: second"},
      {", to: {guest.vcpus: 4}", ""},
      {"reader", "console"},
      {"total: 1 %", "total: 1"},
      {"total: 1 %", "total: 1. %"},
      {"total: 1 %", "total: [1 %]"},
      {"1000 %", "1001 %"},
      {"category: msr, max: 5", "cause: '', max: 5"},
      {"max: 1.5", "cause: x, max: 1.5"},
      {"1000 %", "1000.1 %"},
      {"timer: ignore", "timer: ignored"},
      {"PF excp: 1000 %", "PF-excp!: 1000 %"},
  };
  for (const auto& [from, to] : cases) {
    const std::string text = with(rich, from, to);
    EXPECT_NE(error_of(text), "") << to;
    EXPECT_NE(violation(text), "") << to;
  }
}

// Makes random edits to a scenario: where the loader accepts it, the schema must as well.
TEST(Schema, IsNeverStricterThanTheLoader) {
  std::mt19937 random(11);
  const std::string spice = "{}[]:,-'\" \n0a1x.";
  int good = 0;
  for (int round = 0; round < 300; ++round) {
    std::string text = rich;
    const std::size_t at = random() % text.size();
    if (random() % 2) {
      text[at] = spice[random() % spice.size()];
    } else {
      text.erase(at, 1 + random() % 3);
    }
    try {
      parse(text, "s.yaml");
    } catch (const base::Error&) {
      continue;
    }
    ++good;
    EXPECT_EQ(violation(text), "") << text;
  }
  EXPECT_GT(good, 10);
}

}  // namespace
}  // namespace lab::scenario
