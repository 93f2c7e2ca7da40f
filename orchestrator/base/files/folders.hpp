// SPDX-License-Identifier: MIT
// Finds the folders of lab's data (XDG base directories) and of its own parts.
#pragma once

#include <filesystem>

namespace lab::base {

// Contains root's cache, as /lab: the user that runs QEMU for root's libvirt cannot read root's
// home, and other users' labs take from it what only root can make.
inline constexpr const char* system_caches = "/var/cache";

struct Folders {
  std::filesystem::path cache;    // images, kernels, modules: can be deleted at any time
  std::filesystem::path state;    // the store of records
  std::filesystem::path config;   // the user's own images; may not be there
  std::filesystem::path runtime;  // locks, sockets, what a killed lab left; short paths (sockets)
  std::filesystem::path share;    // lab's own parts: images/, kvm-patch/, scenarios/
  std::filesystem::path reader;   // the guest's static reader, a file

  std::filesystem::path kvm_patch() const { return share / "kvm-patch"; }
};

// What a command that only reads does not find, as in a home that is read-only, it does without.
enum class FolderUse { write, read };

// Finds the folders by XDG_CACHE_HOME, XDG_STATE_HOME, XDG_CONFIG_HOME, XDG_RUNTIME_DIR and HOME
// (each with /lab appended) and makes missing ones, except for the configuration's. Root's runtime
// folder is /run/lab, and its cache is below system_caches. `share` and `reader` are LAB_SHARE and
// LAB_READER, or as installed beside the running program; the build tree has links there
// (ci/package.cmake). Other users get links to what root has made. Throws a user error where a
// folder that is to be written cannot be made, or where another user could have put something there
// (check_ownership).
Folders find_folders(FolderUse use = FolderUse::write);

// Links the folders of root's cache that a cache lacks, where they belong to root and only root can
// write in them: a cache's folders are named by their content. Removes links to folders that root
// has removed meanwhile.
void link_what_root_made(const std::filesystem::path& roots_cache,
                         const std::filesystem::path& cache);

// Returns PREFIX/part for a program in PREFIX/bin or in a folder below that. Where no folder has
// the part, returns its path in the program's own prefix. No path is compiled in: an installed lab
// must never take the parts of the tree that it was built from.
std::filesystem::path find_part(const std::filesystem::path& program,
                                const std::filesystem::path& part);

// Returns the file of the running program; where an update has replaced it, the new one's.
std::filesystem::path this_program();

// Copies `from` with its mode to `to`, which must not exist. Throws an infrastructure error that
// names the cause: the library's copy_file calls a full disk an input/output error.
void copy_file(const std::filesystem::path& from, const std::filesystem::path& to);

// Makes `to`, which must not exist, and its folder: a link to `from`, or a copy where that lies on
// another file system.
void link_or_copy(const std::filesystem::path& from, const std::filesystem::path& to);

// Makes a new folder `prefix.XXXXXX` below `parent`.
std::filesystem::path make_temporary_folder(const std::filesystem::path& parent,
                                            const std::string& prefix);

// Removes a folder with everything in it at its end, unless kept.
class TemporaryFolder {
 public:
  TemporaryFolder(const std::filesystem::path& parent, const std::string& prefix)
      : path_(make_temporary_folder(parent, prefix)) {}
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();

  const std::filesystem::path& path() const { return path_; }
  void keep() { keep_ = true; }

 private:
  std::filesystem::path path_;
  bool keep_ = false;
};

// Checks `path`, where it exists, and its contents up to `levels` below. Throws a user error with
// the remedy where one belongs to another user than this process's or root, or where others can
// write it: everyone, or a group that is not this process's own. Does not follow symbolic links,
// nor look into folders like /tmp, in which users can change only their own files, and folders of
// runs and of things being made: lab gives files in them to the user that runs QEMU.
void check_ownership(const std::filesystem::path& path, int levels);

}  // namespace lab::base
