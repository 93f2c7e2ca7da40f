// SPDX-License-Identifier: MIT
// Where lab keeps things (XDG base directories) and where its own parts are.
#pragma once

#include <filesystem>

namespace lab::base {

// Where root's cache is, as /lab: the user that runs QEMU for root's libvirt cannot read root's
// home, and others' labs take from it what only root can make.
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

// From XDG_CACHE_HOME, XDG_STATE_HOME, XDG_CONFIG_HOME, XDG_RUNTIME_DIR and HOME (each with /lab
// behind it), made where missing but for the configuration's; root's runtime folder is /run/lab,
// and its cache below system_caches. `share` and `reader` are LAB_SHARE and LAB_READER, or as
// installed beside the running program; the build tree has links there (ci/package.cmake). Who is
// not root gets links to what root has made. Error (user) where no folder can be made, or where
// another user could have put something there (ownership.hpp).
Folders find_folders();

// Folders of root's cache that a cache lacks become links in it, where they are root's and none but
// root can write in them: folders of caches are named by what they are made of. Links to what root
// has removed meanwhile go.
void link_what_root_made(const std::filesystem::path& roots_cache,
                         const std::filesystem::path& cache);

// What a program in PREFIX/bin, or in a folder below that, has as PREFIX/part. Where no folder has
// it, where it would be of the program's own prefix. No path is compiled in: an installed lab must
// never take the parts of the tree that it was built from.
std::filesystem::path find_part(const std::filesystem::path& program,
                                const std::filesystem::path& part);

// The file of the program that runs here.
std::filesystem::path this_program();

// Makes `to`, where nothing is yet, a copy of `from` with its mode. Error (infrastructure) that
// names the cause: the library's copy_file calls a full disk an input/output error.
void copy_file(const std::filesystem::path& from, const std::filesystem::path& to);

// Makes `to`, and its folder, where nothing is yet: the same file as `from`, or a copy of it where
// that lies on another file system.
void link_or_copy(const std::filesystem::path& from, const std::filesystem::path& to);

// A new folder `prefix.XXXXXX` below `parent`.
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

}  // namespace lab::base
