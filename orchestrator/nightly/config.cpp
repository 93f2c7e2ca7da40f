// SPDX-License-Identifier: MIT
#include "orchestrator/nightly/config.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <utility>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/text.hpp"

namespace lab::nightly {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view blanks = " \t\r\n\v\f";

// Returns whether a scenario's name is also usable in file names.
bool is_name(const std::string& text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char letter) {
    return std::isalnum(letter) || letter == '.' || letter == '_' || letter == '-';
  });
}

void add_scenario(Config& config, const fs::path& folder, const Words& words) {
  if (words.empty()) throw base::user_error("no scenario", "scenario = FILE.yaml [OPTION...]");
  const fs::path file = words.front();
  const std::string name = file.extension() == ".yaml" ? file.stem() : file.filename();
  if (!is_name(name))
    throw base::user_error(
        fmt::format("'{}' has other characters than letters, digits, . _ -", name),
        "rename the scenario's file");
  if (std::ranges::count(config.scenarios, name, &ConfiguredScenario::name) > 0)
    throw base::user_error(fmt::format("'{}' is there twice", name),
                           "a variant is a file of its own (extends)");
  config.scenarios.push_back(
      {name, (folder / file).lexically_normal(), {words.begin() + 1, words.end()}});
}

void add_line(Config& config, const fs::path& folder, std::string_view line) {
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos)
    throw base::user_error(fmt::format("no 'KEY = VALUE': {}", line), "a comment begins with #");
  const std::string_view key = base::trimmed(line.substr(0, equals));
  const std::string_view value = base::trimmed(line.substr(equals + 1));
  Words words = shell_words(value);
  if (key == "site") {
    if (config.sites.empty()) config.sites = std::move(words);
  } else if (key == "scenario") {
    add_scenario(config, folder, words);
  } else if (key == "without_baseline") {
    if (value != "report" && value != "fail")
      throw base::user_error(fmt::format("{} is report or fail, not '{}'", key, value),
                             "report: its own expectations decide; fail: exit code 4");
    config.needs_baseline = value == "fail";
  } else if (key == "options") {
    config.options.insert(config.options.end(), words.begin(), words.end());
  } else if (key == "check") {
    config.check_options = std::move(words);
  } else {
    throw base::user_error(fmt::format("unknown key '{}'", key),
                           "there are site, scenario, without_baseline, options, check");
  }
}

// Refuses what a person sees as the end of a line where lab would read on: a comment would swallow
// the line after it.
std::string read_text(const fs::path& file) {
  std::ifstream stream(file);
  if (!stream)
    throw base::user_error("cannot read '" + file.string() + "'",
                           "--config FILE names the configuration");
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (const auto end = base::find_odd_line_end(text))
    throw base::user_error(
        fmt::format("{}:{}:{}: {}", file.string(), end->line, end->column, base::describe(*end)),
        base::odd_line_end_remedy);
  return text;
}

}  // namespace

Words shell_words(std::string_view text) {
  Words words;
  char quote = 0;
  bool in_word = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i];
    if (quote == 0 && blanks.find(letter) != std::string_view::npos) {
      in_word = false;
      continue;
    }
    if (!std::exchange(in_word, true)) words.emplace_back();
    if (letter == quote)
      quote = 0;
    else if (quote == 0 && (letter == '\'' || letter == '"'))
      quote = letter;
    else if (quote == 0 && letter == '\\' && i + 1 < text.size())
      words.back() += text[++i];
    else
      words.back() += letter;
  }
  if (quote != 0)
    throw base::user_error(fmt::format("quotes do not match: {}", text), "close the quote");
  return words;
}

Config read_config(const fs::path& file, const Words& sites, const Words& options) {
  Config config{.sites = sites};
  const std::string text = read_text(file);
  int number = 0;
  for (const std::string_view line : base::split_lines(text)) {
    ++number;
    const std::string_view content = base::trimmed(line);
    if (content.empty() || content.front() == '#') continue;
    try {
      add_line(config, fs::absolute(file).parent_path(), content);
    } catch (const base::Error& error) {
      throw base::user_error(fmt::format("{}:{}: {}", file.string(), number, error.what()),
                             error.hint());
    }
  }
  if (config.scenarios.empty())
    throw base::user_error(file.string() + " names no scenario", "scenario = FILE.yaml");
  if (config.sites.empty())
    throw base::user_error(file.string() + " names no site", "site = svm, or --on svm");
  config.options.insert(config.options.end(), options.begin(), options.end());
  return config;
}

}  // namespace lab::nightly
