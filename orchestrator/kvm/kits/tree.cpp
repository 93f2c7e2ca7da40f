// SPDX-License-Identifier: MIT
#include "orchestrator/kvm/kits/tree.hpp"

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/text.hpp"
#include "orchestrator/kvm/kits/script.hpp"

namespace lab::kvm {
namespace {

// Parses lines "ID PARENT...<tab>SUBJECT".
std::vector<Commit> read_commits(const std::string& text) {
  std::vector<Commit> commits;
  for (const std::string_view line : base::split_lines(text)) {
    const std::size_t tab = line.find('\t');
    if (tab == std::string_view::npos) continue;
    Commit commit{.subject = std::string(line.substr(tab + 1))};
    std::string_view ids = line.substr(0, tab);
    commit.id = base::take_word(ids);
    for (const std::string_view parent : base::split_words(ids))
      commit.parents.emplace_back(parent);
    commits.push_back(std::move(commit));
  }
  return commits;
}

std::vector<Commit> run(const TreeTools& tools, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), tools.patch_folder / "tree-commits");
  arguments.push_back(tools.cache);
  return read_commits(run_script(arguments, nullptr));
}

}  // namespace

std::vector<Commit> list_commits(const TreeTools& tools, const std::string& tree,
                                 const std::string& good, const std::string& bad) {
  return run(tools, {tree, good, bad});
}

std::vector<Commit> apply_patches(const TreeTools& tools, const std::string& tree_at,
                                  const std::filesystem::path& file) {
  std::vector<Commit> made = run(tools, {"--apply", tree_at, file});
  if (made.size() < 2) throw base::user_error("'" + file.string() + "' has no patch");
  return made;
}

Commit revert(const TreeTools& tools, const std::string& tree_at, const std::string& other) {
  return run(tools, {"--revert", tree_at, other}).at(0);
}

std::string kernel_key(const TreeTools& tools, const std::string& tree) {
  const std::string line = last_line(
      run_script({tools.patch_folder / "build-kit", "--resolve", tree, tools.cache}, nullptr));
  return line.substr(0, line.rfind(' '));
}

std::string in_words(const Commit& commit) {
  return commit.id.substr(0, 12) + " " + commit.subject;
}

}  // namespace lab::kvm
