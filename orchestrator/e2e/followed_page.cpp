// SPDX-License-Identifier: MIT
#include "orchestrator/e2e/followed_page.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <regex>
#include <sstream>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/e2e/lab_test.hpp"

namespace lab::e2e {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream stream(line);
  return {std::istream_iterator<std::string>(stream), {}};
}

std::regex pattern_of(const std::string& line) {
  std::string pattern;
  bool counted = false;  // whether the word before is a number
  for (const std::string& word : words_of(line)) {
    if (!pattern.empty()) pattern += "\\s+";
    const bool number = word.find_first_of("0123456789") != std::string::npos;
    std::string escaped = std::regex_replace(word, std::regex(R"([.^$|()\[\]{}*+?\\])"), R"(\$&)");
    if (counted)
      escaped = std::regex_replace(escaped, std::regex("s?(,?)$"), "s?$1",
                                   std::regex_constants::format_first_only);
    pattern += number ? "\\S*[0-9]\\S*" : std::regex_replace(escaped, std::regex("…"), ".*");
    counted = number;
  }
  return std::regex("\\s*" + pattern + "\\s*");
}

bool has_line(const std::string& output, const std::string& wanted) {
  const std::regex pattern = pattern_of(wanted);
  return std::ranges::any_of(
      lines_of(output), [&](const std::string& line) { return std::regex_match(line, pattern); });
}

fs::path result(const fs::path& results, std::size_t step, const char* what) {
  return results / (std::to_string(step) + "." + what);
}

int exit_code_in(const std::string& command) {
  std::smatch match;
  const bool given = std::regex_search(command, match, std::regex("# exit code ([0-9]+)$"));
  return given ? std::stoi(match[1]) : 0;
}

}  // namespace

FollowedPage::FollowedPage(const std::string& page) {
  const std::string fence = "```";
  std::vector<std::string> block;
  std::string kind;
  bool inside = false;
  for (const std::string& line : lines_of(page)) {
    if (!line.starts_with(fence)) {
      if (inside) block.push_back(line);
      continue;
    }
    if (inside) read_block(kind, block);
    inside = !inside;
    kind = line.substr(fence.size());
    block.clear();
  }
}

void FollowedPage::read_block(const std::string& kind, const std::vector<std::string>& block) {
  if (kind != "console") {
    const bool named = kind.find(' ') != std::string::npos;
    if (block.empty() || (!named && !std::regex_match(block[0], std::regex("# [a-z]+\\.[a-z]+"))))
      return;
    std::string text;
    for (const std::string& line : block) text += line + "\n";
    steps_.push_back(
        {.file = named ? kind.substr(kind.find(' ') + 1) : block[0].substr(2), .text = text});
    return;
  }
  for (const std::string& line : block) {
    if (line.starts_with("$ "))
      steps_.push_back({.command = line.substr(2), .exit_code = exit_code_in(line)});
    else if (!steps_.empty() && !words_of(line).empty())
      steps_.back().output.push_back(line);
  }
}

// Returns one script for all steps, which ends at the first step with the wrong exit code.
std::string FollowedPage::script(const fs::path& results) const {
  std::string text = "trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT\n";
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    if (!step.file.empty()) {
      text += "cat >'" + step.file + "' <<'END OF FILE'\n" + step.text + "END OF FILE\n";
      continue;
    }
    text += "{ " + step.command + "\n} >'" + result(results, i, "output").string() +
            "' 2>&1\ncode=$?\n" + "echo $code >'" + result(results, i, "code").string() +
            "'\n[ $code = " + std::to_string(step.exit_code) + " ] || exit 0\n";
  }
  return text;
}

void FollowedPage::follow(const fs::path& work, const fs::path& results,
                          const std::map<std::string, std::string>& environment,
                          std::chrono::minutes limit) const {
  base::write_file(results / "script", script(results));
  const base::Outcome shell = base::run({.argv = {"bash", (results / "script").string()},
                                         .environment = environment,
                                         .folder = work,
                                         .limit = limit});
  EXPECT_FALSE(shell.timed_out);
  check(results, shell.errors);
}

void FollowedPage::check(const fs::path& results, const std::string& errors) const {
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    if (!step.file.empty()) continue;
    const std::string output = contents(result(results, i, "output"));
    ASSERT_EQ(contents(result(results, i, "code")), std::to_string(step.exit_code) + "\n")
        << "$ " << step.command << "\n"
        << output << errors;
    for (const std::string& line : step.output)
      EXPECT_TRUE(has_line(output, line)) << "$ " << step.command << "\nhas no line\n"
                                          << line << "\nbut\n"
                                          << output;
  }
}

std::string section_of(const std::string& page, const std::string& heading) {
  const std::string level = heading.substr(0, heading.find(' ') + 1);
  const std::size_t begin = page.find("\n" + heading + "\n");
  if (begin == std::string::npos) return "";
  return page.substr(begin, page.find("\n" + level, begin + 1) - begin);
}

}  // namespace lab::e2e
