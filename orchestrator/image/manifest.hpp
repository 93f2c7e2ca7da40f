// SPDX-License-Identifier: MIT
// images/manifest.yaml: the images that lab knows, by name.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lab::image {

struct Entry {
  enum class Source { recipe, url, file };
  std::string name;
  Source source = Source::recipe;
  std::string description;
  // recipe: the folder of images/ that makes it, and what it gets as LAB_SUITE and LAB_KERNEL.
  std::string recipe;
  std::string suite;   // may be empty
  std::string kernel;  // may be empty
  bool own = false;    // the user's, not lab's
  // file: an absolute path; with a digest, it must have that.
  std::string file;
  // url: where the image is, and either its digest or where that is published.
  std::string url;
  std::string digest;      // as normalized_digest() returns it; may be empty
  std::string digest_url;  // a SHA512SUMS or SHA256SUMS file that names the image
  // That list's detached signature, and the keyring (an absolute path) by which it is checked. Both
  // may be empty.
  std::string signature_url, keyring;
};

// Error (user) "file:line:column: ..." where the manifest is malformed.
std::vector<Entry> load_manifest(const std::filesystem::path& file);

// Error (user) where it could not be the name of an image.
void check_image_name(const std::string& name);

// Where the image comes from, in words: its file, its url or its recipe.
std::string origin_text(const Entry& entry);

// Error (user) that lists the known names where there is no such image.
const Entry& find_entry(const std::vector<Entry>& entries, const std::string& name);

}  // namespace lab::image
