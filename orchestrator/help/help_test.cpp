// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "orchestrator/help/command_line.hpp"
#include "orchestrator/help/topics.hpp"

namespace lab::help {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// Has a small command line with every kind of option.
class HelpTest : public testing::Test {
 protected:
  HelpTest() {
    app_.add_flag("-v,--verbose", verbose_, "Say more: [all] of it's");
    CLI::App* run = app_.add_subcommand("run", "Run scenarios");
    run->add_option("scenario", files_, "Files")->required();
    run->add_option("--on", site_, "Site")->type_name("SITE:{auto,svm}");
    run->add_option("-o,--output", output_, "To this file");
    CLI::App* results = app_.add_subcommand("results", "Records");
    results->add_option("--store", store_, "The store's file");
    results->add_subcommand("list", "One line a record")
        ->add_option("--format", format_, "Which")
        ->check(CLI::IsMember({"table", "json"}));
    app_.add_subcommand("job", "Not for people")->group("");
  }

  // Returns what bash offers for the words.
  std::string complete(const std::string& words) const {
    const std::filesystem::path folder = testing::TempDir();
    std::ofstream(folder / "completion.bash") << bash_completion(describe(app_));
    std::ofstream(folder / "try.bash")
        << ". " << (folder / "completion.bash").string() << "\ncd " << folder.string()
        << "\nmkdir -p yard && cd yard && mkdir -p sub && touch a.yaml b.txt\nCOMP_WORDS=(" << words
        << ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_lab\necho ${COMPREPLY[@]}\n";
    std::FILE* pipe =
        ::popen(("bash -eu " + (folder / "try.bash").string() + " 2>&1").c_str(), "r");
    std::string text;
    for (int c = 0; (c = std::fgetc(pipe)) != EOF;) text += char(c);
    ::pclose(pipe);
    return text;
  }

  CLI::App app_{"Counts exits.", "lab"};
  bool verbose_ = false;
  std::vector<std::string> files_;
  std::string site_, output_, store_, format_;
};

TEST_F(HelpTest, BashOffersWhatFits) {
  EXPECT_EQ(complete("lab ''"), "run results\n");
  EXPECT_EQ(complete("lab r"), "run results\n");
  EXPECT_EQ(complete("lab ru"), "run\n");
  EXPECT_EQ(complete("lab -v res"), "results\n");
  EXPECT_EQ(complete("lab run --"), "--help --on --output\n");
  EXPECT_EQ(complete("lab run --on ''"), "auto svm\n");
  EXPECT_EQ(complete("lab run --on s"), "svm\n");
  EXPECT_EQ(complete("lab run ''"), "sub a.yaml\n");
  EXPECT_EQ(complete("lab run --output ''"), "\n");  // any file: readline's own
  EXPECT_EQ(complete("lab results ''"), "list\n");
  EXPECT_EQ(complete("lab results list --format j"), "json\n");
  EXPECT_EQ(complete("lab results list --s"), "--store\n");
}

TEST_F(HelpTest, ZshHasAFunctionForEachCommand) {
  EXPECT_THAT(zsh_completion(describe(app_)),
              AllOf(HasSubstr("#compdef lab\n"), HasSubstr("_lab_results_list() {"),
                    HasSubstr(R"('--verbose[Say more\: \[all\] of it'\''s]')"),
                    HasSubstr("'--on[Site]:--on:(auto svm)'"),
                    HasSubstr(R"x('*:scenario:_files -g "*.yaml(-.)"')x"), Not(HasSubstr("job"))));
}

TEST_F(HelpTest, TheManualPageHasEveryCommandAndOption) {
  EXPECT_THAT(
      man_page(describe(app_), "0.1.0"),
      AllOf(HasSubstr(".SS lab run\n"), HasSubstr(".SS lab results list\n"),
            HasSubstr("\\fB\\-\\-on\\fR \\fIauto|svm\\fR"), HasSubstr("\\fIscenario\\fR ...\n"),
            HasSubstr("lab 0.1.0"), HasSubstr("\\fB\\-\\-store\\fR"), Not(HasSubstr("job"))));
}

TEST(Topics, EachHasATitleAndFitsATerminal) {
  EXPECT_GE(topics().size(), 2u);
  for (const Topic& topic : topics()) {
    EXPECT_THAT(topic.text, HasSubstr("\n# " + std::string(topic.name) + ": ")) << topic.name;
    EXPECT_FALSE(topic.title.empty()) << topic.name;
    const std::string text = terminal_text(topic, false);
    EXPECT_THAT(text, AllOf(Not(HasSubstr("<!--")), Not(HasSubstr("\x1b")), Not(HasSubstr("```"))));
  }
}

TEST(Topics, TerminalText) {
  const Topic topic{"a", "",
                    "<!-- x -->\n# a: b\nsee [this page](b.md)\n```console\n$ lab [x](y)\n```\n"};
  EXPECT_EQ(terminal_text(topic, false), "a: b\nsee this page\n    $ lab [x](y)\n");
  EXPECT_THAT(terminal_text(topic, true), HasSubstr("\x1b[1ma: b\x1b[0m\n"));
}

}  // namespace
}  // namespace lab::help
