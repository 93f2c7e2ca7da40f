// SPDX-License-Identifier: MIT
// Reads commits and patches of a user's kernel tree (kvm-patch/tree-commits), and writes nothing to
// the tree or its repository. All functions throw a user error where the tree, commit or patch does
// not exist, or where a patch does not apply.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lab::kvm {

struct Commit {
  std::string id;  // of a commit or tree object: valid after the tree's "@"
  std::vector<std::string> parents;
  std::string subject;
};

struct TreeTools {
  std::filesystem::path patch_folder, cache;
};

// Returns `good`, then all commits in `bad` but not in `good`, parents first; the last is `bad`.
std::vector<Commit> list_commits(const TreeTools& tools, const std::string& tree,
                                 const std::string& good, const std::string& bad);

// Returns the commit, and the commits that result from applying each patch of an mbox, diff or
// quilt series on top of it. `tree_at` is "TREE@COMMIT".
std::vector<Commit> apply_patches(const TreeTools& tools, const std::string& tree_at,
                                  const std::filesystem::path& file);

// Returns the commit with another one's change reverted.
Commit revert(const TreeTools& tools, const std::string& tree_at, const std::string& other);

// Returns keys of the kernel and of the KVM that a tree ("TREE" or "TREE@COMMIT") makes.
std::string kernel_key(const TreeTools& tools, const std::string& tree);

// Returns "f2bdabfc1bc3 KVM: the subject".
std::string in_words(const Commit& commit);

}  // namespace lab::kvm
