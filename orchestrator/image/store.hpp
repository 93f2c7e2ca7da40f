// SPDX-License-Identifier: MIT
// Caches images: a recipe builds each, or its url provides it, whole or not at all.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/image/manifest.hpp"

namespace lab::image {

struct Image {
  enum class Kind {
    disk,    // boots by itself from its disk
    direct,  // a kernel and an initrd
    outer,   // a kernel, an initrd and a disk: an outer VM
  };
  std::string name;
  Kind kind = Kind::disk;
  std::filesystem::path folder;
  std::filesystem::path disk, kernel, initrd;  // absolute; empty where there is none
  std::string disk_format;
  std::string cmdline;
  std::string digest;  // "sha256:HEX" of the disk, else of kernel and initrd
  bool found = true;   // false: it was built or fetched by this call
};

// Is called with lines that report the progress.
using Progress = std::function<void(const std::string&)>;

class ImageCache {
 public:
  explicit ImageCache(const base::Folders& folders);

  // Lab's own images, then the user's.
  const std::vector<Entry>& entries() const { return entries_; }

  // Returns the cached image of this name if it is up to date. `kit` (a kernel kit's folder)
  // matters only to recipes that build a kernel in.
  std::optional<Image> find(const std::string& name, const std::filesystem::path& kit) const;

  // Returns whether find_or_make() would make or fetch nothing: the cache, or the shared one, has
  // it.
  bool is_there(const std::string& name, const std::filesystem::path& kit) const;

  // Returns what find() does, else builds or fetches it. Waits for another lab that builds the
  // same. Throws an infrastructure error with the recipe's last lines; nothing half-made stays.
  // Where a recipe has a program `base` beside `build`, its result is the same for all kits and is
  // cached separately. A disk that was fetched is checked each time (disk_file.hpp).
  Image find_or_make(const std::string& name, const std::filesystem::path& kit,
                     const Progress& progress);

  // Makes find_or_make() take the image's list of digests without its signature, so that https
  // alone protects it.
  void take_unverified(const std::string& name);

  // Takes a user's image file, under the file's name. Throws a user error if it is no image.
  Image find_or_copy(const std::filesystem::path& file, const Progress& progress);

  // Removes all folders of the image, old versions and prepared disks included. Returns how many.
  int remove(const std::string& name);

 private:
  Image take_file(const std::string& name, const std::filesystem::path& file,
                  const std::string& expected, const Progress& progress) const;
  std::string recipe_digest(const Entry& entry) const;
  std::filesystem::path image_folder(const Entry& entry, const std::filesystem::path& kit) const;
  void make(const Entry& entry, const std::filesystem::path& kit, const std::filesystem::path& base,
            const std::filesystem::path& folder, const Progress& progress) const;
  std::filesystem::path make_base(const Entry& entry, const Progress& progress) const;
  void run_recipe(const Entry& entry, const char* program, const std::filesystem::path& folder,
                  std::map<std::string, std::string> environment, const Progress& progress) const;

  std::filesystem::path recipes_, cache_, prepared_;
  std::vector<Entry> entries_;
};

// Checks whether an image is given by a file's path instead of by a name.
bool is_file_path(const std::string& image);

// Throws a user error with the path where the file does not begin as an image does.
void check_own_image(const std::filesystem::path& file);

// Reads a folder's image.json. Throws an infrastructure error if it is malformed or lacks a file.
Image read_image(const std::filesystem::path& folder);

}  // namespace lab::image
