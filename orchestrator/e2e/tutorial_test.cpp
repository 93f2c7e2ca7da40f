// SPDX-License-Identifier: MIT
// The tutorial as its reader follows it: each command of orchestrator/help/tutorial.md runs, in
// order, in one shell and a fresh folder, and does what the page shows. How the page is read:
//   - A block whose first line is "# NAME.ENDING" is written into the file of that name.
//   - In a block ```console a line "$ COMMAND" is a command. It ends with exit code 0, or with N
//     where "# exit code N" stands behind it.
//   - The lines below a command are lines of its output, of either stream. A word with a digit is
//     another one on another day: it stands for any word with a digit; … stands for anything.
#include <fstream>
#include <regex>
#include <sstream>

#include "orchestrator/base/subprocess.hpp"
#include "orchestrator/e2e/lab_test.hpp"

namespace lab::e2e {
namespace {

struct Step {
  std::string file, text;  // to write; or
  std::string command;     // to run
  int exit_code = 0;
  std::vector<std::string> output;
};

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

Step command_of(const std::string& line) {
  Step step{.command = line};
  std::smatch match;
  if (std::regex_search(line, match, std::regex("# exit code ([0-9]+)$")))
    step.exit_code = std::stoi(match[1]);
  return step;
}

void read_block(const std::string& kind, const std::vector<std::string>& block,
                std::vector<Step>& steps) {
  if (kind != "console") {
    if (block.empty() || !std::regex_match(block[0], std::regex("# [a-z]+\\.[a-z]+"))) return;
    std::string text;
    for (const std::string& line : block) text += line + "\n";
    steps.push_back({.file = block[0].substr(2), .text = text});
    return;
  }
  for (const std::string& line : block) {
    if (line.starts_with("$ "))
      steps.push_back(command_of(line.substr(2)));
    else if (!steps.empty() && !words_of(line).empty())
      steps.back().output.push_back(line);
  }
}

std::vector<Step> read_page(const std::string& page) {
  const std::string fence = "```";
  std::vector<Step> steps;
  std::vector<std::string> block;
  std::string kind;
  bool inside = false;
  for (const std::string& line : lines_of(page)) {
    if (!line.starts_with(fence)) {
      if (inside) block.push_back(line);
      continue;
    }
    if (inside) read_block(kind, block, steps);
    inside = !inside;
    kind = line.substr(fence.size());
    block.clear();
  }
  return steps;
}

std::regex pattern_of(const std::string& line) {
  std::string pattern;
  for (const std::string& word : words_of(line)) {
    if (!pattern.empty()) pattern += "\\s+";
    const bool number = word.find_first_of("0123456789") != std::string::npos;
    const std::string escaped =
        std::regex_replace(word, std::regex(R"([.^$|()\[\]{}*+?\\])"), R"(\$&)");
    pattern += number ? "\\S*[0-9]\\S*" : std::regex_replace(escaped, std::regex("…"), ".*");
  }
  return std::regex("\\s*" + pattern + "\\s*");
}

bool has_line(const std::string& output, const std::string& wanted) {
  const std::regex pattern = pattern_of(wanted);
  return std::ranges::any_of(
      lines_of(output), [&](const std::string& line) { return std::regex_match(line, pattern); });
}

class Tutorial : public LabTest {
 protected:
  // What the reader is told to begin with: an empty folder with two of lab's own in it.
  void SetUp() override {
    const fs::path source = LAB_SOURCE_DIR;
    fs::create_directory(work);
    fs::create_directory(folder() / "bin");
    for (const char* name : {"scenarios", "ci"})
      fs::create_directory_symlink(source / name, work / name);
    fs::create_symlink(binary(), folder() / "bin" / "lab");
    steps = read_page(contents(source / "orchestrator/help/tutorial.md"));
  }

  fs::path result(std::size_t step, const char* what) const {
    return folder() / (std::to_string(step) + "." + what);
  }

  // One shell for all, that goes no further where a step does not end as it should.
  std::string script() const {
    std::string text = "trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT\n";
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const Step& step = steps[i];
      if (!step.file.empty()) {
        text += "cat >'" + step.file + "' <<'END OF FILE'\n" + step.text + "END OF FILE\n";
        continue;
      }
      text += "{ " + step.command + "\n} >'" + result(i, "output").string() + "' 2>&1\ncode=$?\n" +
              "echo $code >'" + result(i, "code").string() +
              "'\n[ $code = " + std::to_string(step.exit_code) + " ] || exit 0\n";
    }
    return text;
  }

  const fs::path work = folder() / "work";
  std::vector<Step> steps;
};

TEST_F(Tutorial, EveryCommandRuns) {
  ASSERT_GT(steps.size(), 10u) << "the page is not as this test reads it";
  const char* path = std::getenv("PATH");
  const base::Outcome shell =
      base::run({.argv = {"bash", write("script", script()).string()},
                 .environment = {{"XDG_STATE_HOME", folder().string()},
                                 {"PATH", (folder() / "bin").string() + ":" + path}},
                 .folder = work,
                 .limit = std::chrono::minutes(18)});
  EXPECT_FALSE(shell.timed_out);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Step& step = steps[i];
    if (!step.file.empty()) continue;
    const std::string output = contents(result(i, "output"));
    ASSERT_EQ(contents(result(i, "code")), std::to_string(step.exit_code) + "\n")
        << "$ " << step.command << "\n"
        << output << shell.errors;
    for (const std::string& line : step.output)
      EXPECT_TRUE(has_line(output, line)) << "$ " << step.command << "\nhas no line\n"
                                          << line << "\nbut\n"
                                          << output;
  }
}

}  // namespace
}  // namespace lab::e2e
