// SPDX-License-Identifier: MIT
// Commits and patches of a kernel tree of the user's (kvm-patch/tree-commits). Nothing is written
// to the tree or to its repository. All throw base::Error (user) where there is no such tree,
// commit or patch, or a patch does not apply.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lab::kvm {

struct Commit {
  std::string id;  // of a commit, or of a tree object: what may stand behind the tree's "@"
  std::vector<std::string> parents;
  std::string subject;
};

struct TreeTools {
  std::filesystem::path patch_folder, cache;
};

// `good`, then every commit that `bad` has and `good` has not, parents first; the last is `bad`.
std::vector<Commit> list_commits(const TreeTools& tools, const std::string& tree,
                                 const std::string& good, const std::string& bad);

// The commit, and what each patch of an mbox, diff or quilt series makes of it, one on top of the
// other. `tree_at`: "TREE@COMMIT".
std::vector<Commit> apply_patches(const TreeTools& tools, const std::string& tree_at,
                                  const std::filesystem::path& file);

// The commit with another one's change taken back.
Commit revert(const TreeTools& tools, const std::string& tree_at, const std::string& other);

// What stands for the kernel, and for KVM, that a tree ("TREE" or "TREE@COMMIT") makes.
std::string kernel_key(const TreeTools& tools, const std::string& tree);

// "f2bdabfc1bc3 KVM: what it says".
std::string in_words(const Commit& commit);

}  // namespace lab::kvm
