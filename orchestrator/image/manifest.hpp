// SPDX-License-Identifier: MIT
// Reads images/manifest.yaml, which lists the images that lab knows by name.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "orchestrator/base/files/folders.hpp"

namespace lab::image {

struct Entry {
  enum class Source { recipe, url, file };
  std::string name;
  Source source = Source::recipe;
  std::string description;
  // For a recipe: the folder of images/ that makes it, and its LAB_SUITE and LAB_KERNEL.
  std::string recipe;
  std::string suite;   // may be empty
  std::string kernel;  // may be empty
  bool own = false;    // the user's, not lab's
  // For a file: its absolute path. Where a digest is given, the file must have it.
  std::string file;
  // For a url: the image's address, and either its digest or the address that publishes it.
  std::string url;
  std::string digest;      // as normalized_digest() returns it; may be empty
  std::string digest_url;  // a SHA512SUMS or SHA256SUMS file that names the image
  // The list's detached signature, and the keyring (an absolute path) that checks it. Both may be
  // empty; a keyring alone is for a list that contains its signature.
  std::string signature_url, keyring;
  bool unverified = false;  // the user takes the list without its signature
};

// Throws a user error "file:line:column: ..." where the manifest is malformed.
std::vector<Entry> load_manifest(const std::filesystem::path& file);

// Throws a user error where `name` is not a valid image name.
void check_image_name(const std::string& name);

// Returns the image's origin in words: its file, its url or its recipe.
std::string origin_text(const Entry& entry);

// Returns the image of this name. Throws a user error that lists the known names if there is none.
const Entry& find_entry(const std::vector<Entry>& entries, const std::string& name);

// These keep the images that a user added (`lab image add`) in a manifest of their own
// (own_images.cpp).
std::filesystem::path own_manifest(const base::Folders& folders);

// Returns the manifest's entries, marked as the user's own; none if the file does not exist. Throws
// a user error where the file is malformed or an entry's name is also in `taken`.
std::vector<Entry> load_own_images(const base::Folders& folders, const std::vector<Entry>& taken);

// Adds an entry. Throws a user error if its name is not valid, or is one of lab's or the user's.
void add_own_image(const base::Folders& folders, const Entry& entry, const std::vector<Entry>& all);

// Throws a user error where the user has no such image.
void remove_own_image(const base::Folders& folders, const std::string& name,
                      const std::vector<Entry>& all);

}  // namespace lab::image
