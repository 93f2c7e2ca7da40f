// SPDX-License-Identifier: MIT
#include "orchestrator/image/store.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <nlohmann/json.hpp>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/atomic_folder.hpp"
#include "orchestrator/base/files/shared_cache.hpp"
#include "orchestrator/base/files/sizes.hpp"
#include "orchestrator/base/json.hpp"
#include "orchestrator/base/machine/foreign_system.hpp"
#include "orchestrator/base/machine/this_machine.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/image/disk_file.hpp"
#include "orchestrator/image/download/digests.hpp"
#include "orchestrator/image/download/fetch.hpp"
#include "orchestrator/image/manifest.hpp"

namespace lab::image {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t key_digits = 16;
constexpr const char* base_mark = "-base-";  // between the name and the key of a recipe's `base`
constexpr std::chrono::minutes recipe_limit{30};

// Digests the names and contents of all files below a folder, in a fixed order.
std::string folder_digest(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::ranges::sort(files);
  std::string text;
  for (const fs::path& file : files)
    text += fs::relative(file, folder).string() + " " + base::sha256_file(file) + "\n";
  return base::sha256(text);
}

std::string file_name(const std::string& url) {
  return url.substr(url.rfind('/') + 1);
}

// Throws where the list is signed and nothing here can check that, unless the user takes it so.
void check_keyring(const Entry& entry, const Progress& progress) {
  if (entry.keyring.empty() || !entry.digest.empty()) return;
  if (entry.unverified)
    progress("the signature of the list of digests is not checked, as you said");
  else if (!fs::exists(entry.keyring))
    throw base::infrastructure_error(
        "list of digests '" + entry.digest_url +
            "': its signature cannot be checked: there is no " + entry.keyring,
        "put that file there, as by the package that has it; or let https alone protect the "
        "image: lab image fetch " +
            entry.name + " --unverified");
}

// Returns what counts of the list of digests: what is signed, where somebody signs it.
std::string verified_list(const Entry& entry, const std::string& list, const Progress& progress) {
  if (entry.keyring.empty() || entry.unverified) return list;
  const bool contains_it = entry.signature_url.empty();
  const std::string signature = contains_it ? "" : fetch_text(entry.signature_url);
  std::string counts = list;
  try {
    if (contains_it)
      counts = signed_part(list, entry.keyring);
    else
      check_signature(list, signature, entry.keyring);
  } catch (const base::Error& error) {
    throw base::infrastructure_error("list of digests '" + entry.digest_url + "': " + error.what(),
                                     error.hint());
  }
  progress("the list of digests is signed by a key of " + entry.keyring);
  return counts;
}

std::string published_digest(const Entry& entry, const Progress& progress) {
  if (!entry.digest.empty()) return entry.digest;
  const std::string list = verified_list(entry, fetch_text(entry.digest_url), progress);
  return digest_in_sums(list, file_name(entry.url));
}

void write_json(const fs::path& folder, const json& object) {
  base::write_file(folder / "image.json", base::dump_json(object, 1) + "\n");
}

void fetch_image(const Entry& entry, const fs::path& downloads, const fs::path& folder,
                 const Progress& progress) {
  fs::create_directories(downloads);
  const fs::path file = downloads / (entry.name + "-" + file_name(entry.url));
  check_keyring(entry, progress);
  progress("fetching " + entry.url);
  std::uint64_t told = 0;
  const auto tell = [&](std::uint64_t now, std::uint64_t all) {
    if (all == 0 || now * 10 / all == told) return;
    told = now * 10 / all;
    progress(fmt::format("fetched {} of {} MiB", now >> 20, all >> 20));
  };
  const auto published = [&] { return published_digest(entry, progress); };
  fetch(entry.url, published, file, tell);
  take_disk_file(file, folder / "disk.qcow2");
  write_json(folder, {{"name", entry.name}, {"kind", "disk"}, {"disk", "disk.qcow2"}});
}

// Says at once what the recipe would say at its beginning or in its middle.
void check_recipes_run_here(const Entry& entry) {
  base::need_debian("image '" + entry.name + "'");
  if (::geteuid() != 0)
    throw base::user_error("image '" + entry.name + "' takes root to make",
                           std::string("sudo lab provide SCENARIO, or sudo lab image build NAME, "
                                       "once: others' labs take it from ") +
                               base::system_caches + "/lab");
}

// Earlier labs did not check what they fetched.
void check_kept(const Image& image) {
  try {
    check_disk_file(image.disk);
  } catch (const base::Error& error) {
    throw base::infrastructure_error(
        "image '" + image.name + "' (" + image.disk.string() + "): " + error.what(),
        "lab image remove " + image.name + "; it is then fetched anew");
  }
}

std::string digest_parts(const fs::path& folder, const json& object) {
  std::string parts;
  for (const char* part : {"disk", "kernel", "initrd"})
    if (object.contains(part)) parts += base::sha256_file(folder / object[part].get<std::string>());
  return "sha256:" +
         (object.contains("disk") && !object.contains("kernel") ? parts : base::sha256(parts));
}

// Computes the image's digest once, when the image is made: records name an image by its content.
void add_digest(const fs::path& folder) {
  json object = base::parse_json(base::read_file(folder / "image.json"));
  object["digest"] = digest_parts(folder, object);
  write_json(folder, object);
}

Image::Kind kind_named(const std::string& name) {
  if (name == "direct") return Image::Kind::direct;
  if (name == "outer") return Image::Kind::outer;
  if (name == "disk") return Image::Kind::disk;
  throw base::infrastructure_error("image.json: unknown kind '" + name + "'");
}

fs::path file_folder(const fs::path& cache, const std::string& name, const std::string& digest) {
  return cache / (name + "-" + digest.substr(0, key_digits));
}

// Turns a file's name into a valid name for a folder of the cache.
std::string name_for(const fs::path& file) {
  std::string name = file.filename().string().substr(0, 64);
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '_') c = '-';
  if (!std::isalnum(static_cast<unsigned char>(name[0]))) name[0] = 'x';
  return name;
}

// Returns the file's digest of the same kind as `expected`.
std::string digest_like(const std::string& expected, const fs::path& file,
                        const std::string& sha256) {
  return expected.starts_with("sha512:") ? "sha512:" + base::sha512_file(file) : "sha256:" + sha256;
}

}  // namespace

bool is_file_path(const std::string& image) {
  return image.find('/') != std::string::npos;
}

void check_own_image(const fs::path& file) {
  const std::string what = "image '" + file.string() + "': ";
  std::error_code ignored;
  if (!fs::exists(file, ignored)) throw base::user_error(what + "there is no such file");
  if (!fs::is_regular_file(file, ignored)) throw base::user_error(what + "it is no regular file");
  try {
    check_takeable(file);
  } catch (const base::Error& error) {
    throw base::user_error(what + error.what(), error.hint());
  }
}

Image read_image(const fs::path& folder) {
  try {
    const json object = base::parse_json(base::read_file(folder / "image.json"));
    Image image{.name = base::field<std::string>(object, "name"),
                .kind = kind_named(base::field<std::string>(object, "kind")),
                .folder = folder};
    const std::string anew = "lab image remove " + image.name + "; it is then made anew";
    if (const std::string wrong = base::wrong_size(folder); !wrong.empty())
      throw base::infrastructure_error(
          "image '" + image.name + "' (" + folder.string() + ") is damaged: " + wrong, anew);
    const auto path = [&](const char* part) -> fs::path {
      if (!object.contains(part)) return {};
      const fs::path file = folder / object[part].get<std::string>();
      if (!fs::exists(file))
        throw base::infrastructure_error("image file '" + file.string() + "' is missing");
      if (fs::file_size(file) == 0)  // as a power cut left it under an earlier lab
        throw base::infrastructure_error("image file '" + file.string() + "' is empty", anew);
      return file;
    };
    image.disk = path("disk");
    image.kernel = path("kernel");
    image.initrd = path("initrd");
    image.disk_format = image.disk.extension() == ".raw" ? "raw" : "qcow2";
    image.cmdline = object.value("cmdline", "");
    image.digest = object.value("digest", "");
    return image;
  } catch (const json::exception& error) {
    throw base::infrastructure_error(
        "read '" + (folder / "image.json").string() + "': " + error.what(),
        "lab image remove NAME; it is then built anew");
  }
}

ImageCache::ImageCache(const base::Folders& folders)
    : recipes_(folders.share / "images"),
      cache_(folders.cache / "images"),
      prepared_(folders.cache / "prepared"),
      entries_(load_manifest(recipes_ / "manifest.yaml")) {
  std::ranges::move(load_own_images(folders, entries_), std::back_inserter(entries_));
}

// Digests everything that the image depends on, except the kernel kit.
std::string ImageCache::recipe_digest(const Entry& entry) const {
  std::string text = folder_digest(recipes_ / entry.recipe) + folder_digest(recipes_ / "common");
  if (!entry.suite.empty()) text += " suite=" + entry.suite;
  if (!entry.kernel.empty()) text += " kernel=" + entry.kernel;
  return text;
}

fs::path ImageCache::image_folder(const Entry& entry, const fs::path& kit) const {
  if (entry.source == Entry::Source::file)
    return file_folder(cache_, entry.name, base::sha256_file(entry.file));
  std::string key = entry.url + entry.digest + entry.digest_url;
  if (entry.source == Entry::Source::recipe) {
    key = recipe_digest(entry);
    if (entry.name == "outer") key += base::read_file(kit / "info.json");
  }
  return cache_ / (entry.name + "-" + base::sha256(key).substr(0, key_digits));
}

std::optional<Image> ImageCache::find(const std::string& name, const fs::path& kit) const {
  const Entry& entry = find_entry(entries_, name);
  if (entry.source == Entry::Source::file && !fs::exists(entry.file)) return std::nullopt;
  const fs::path folder = image_folder(entry, kit);
  if (!fs::exists(folder)) return std::nullopt;
  return read_image(folder);
}

bool ImageCache::is_there(const std::string& name, const fs::path& kit) const {
  const Entry& entry = find_entry(entries_, name);
  if (entry.source == Entry::Source::file) return fs::exists(entry.file);
  const fs::path folder = image_folder(entry, kit);
  const auto shared = base::shared_cache();
  return fs::exists(folder) || (shared && fs::exists(*shared / "images" / folder.filename()));
}

Image ImageCache::find_or_make(const std::string& name, const fs::path& kit,
                               const Progress& progress) {
  const Entry& entry = find_entry(entries_, name);
  if (entry.source == Entry::Source::file)
    return take_file(name, entry.file, entry.digest, progress);
  const fs::path folder = image_folder(entry, kit);
  const bool there = base::take_shared(folder);
  if (!there && entry.source == Entry::Source::recipe) check_recipes_run_here(entry);
  // Makes the base before the image's folder, as making a folder locks the cache that holds both.
  const fs::path base = there ? fs::path() : make_base(entry, progress);
  const bool made = base::make_folder_once(
      folder, [&](const fs::path& work) { make(entry, kit, base, work, progress); });
  Image image = read_image(folder);
  image.found = !made;
  if (image.found && entry.source == Entry::Source::url) check_kept(image);
  return image;
}

Image ImageCache::find_or_copy(const fs::path& file, const Progress& progress) {
  return take_file(name_for(file), file, "", progress);
}

void ImageCache::take_unverified(const std::string& name) {
  find_entry(entries_, name);
  std::ranges::find(entries_, name, &Entry::name)->unverified = true;
}

// Only reads the user's file: trials begin with a copy.
Image ImageCache::take_file(const std::string& name, const fs::path& file,
                            const std::string& expected, const Progress& progress) const {
  check_own_image(file);
  progress("reading " + file.string());
  const std::string digest = base::sha256_file(file);
  if (!expected.empty() && digest_like(expected, file, digest) != expected)
    throw base::user_error("image '" + name + "' (" + file.string() +
                               ") is not the file that was "
                               "added: its digest is " +
                               digest_like(expected, file, digest) + ", not " + expected,
                           "lab image remove " + name + ", then add it anew");
  const fs::path folder = file_folder(cache_, name, digest);
  base::remove_damaged(folder);
  const bool made = base::make_folder_once(folder, [&](const fs::path& work) {
    progress("copying " + file.string());
    base::run_checked({.argv = {"cp", "--reflink=auto", "--sparse=always", "--", file.string(),
                                (work / "copy").string()}});
    if (base::sha256_file(work / "copy") != digest)
      throw base::infrastructure_error("'" + file.string() + "' changes while lab reads it",
                                       "shut down what uses it");
    take_disk_file(work / "copy", work / "disk.qcow2");
    write_json(
        work,
        {{"name", name}, {"kind", "disk"}, {"disk", "disk.qcow2"}, {"digest", "sha256:" + digest}});
    base::record_sizes(work);
  });
  Image image = read_image(folder);
  image.found = !made;
  return image;
}

void ImageCache::make(const Entry& entry, const fs::path& kit, const fs::path& base,
                      const fs::path& folder, const Progress& progress) const {
  if (entry.source == Entry::Source::url) {
    fetch_image(entry, cache_.parent_path() / "downloads", folder, progress);
  } else {
    run_recipe(entry, "build", folder, {{"LAB_KIT", kit.string()}, {"LAB_BASE", base.string()}},
               progress);
  }
  add_digest(folder);
  base::record_sizes(folder);
}

// Returns the folder that the recipe's `base` filled; empty where the recipe has no `base`.
fs::path ImageCache::make_base(const Entry& entry, const Progress& progress) const {
  if (!fs::exists(recipes_ / entry.recipe / "base")) return {};
  const fs::path folder =
      cache_ / (entry.name + base_mark + base::sha256(recipe_digest(entry)).substr(0, key_digits));
  base::remove_damaged(folder);
  base::make_folder_once(folder, [&](const fs::path& work) {
    run_recipe(entry, "base", work, {}, progress);
    base::record_sizes(work);
  });
  return folder;
}

void ImageCache::run_recipe(const Entry& entry, const char* program, const fs::path& folder,
                            std::map<std::string, std::string> environment,
                            const Progress& progress) const {
  // Reports the recipe's own lines, not all output of its programs.
  const auto own_lines = [&](const std::string& line) {
    if (line.starts_with(entry.name + ": ")) progress(line);
  };
  environment["LAB_NAME"] = entry.name;
  environment["LAB_MEMORY_MIB"] = std::to_string(base::available_memory_mib());
  if (!entry.suite.empty()) environment["LAB_SUITE"] = entry.suite;
  if (!entry.kernel.empty()) environment["LAB_KERNEL"] = entry.kernel;
  base::run_checked({.argv = {(recipes_ / entry.recipe / program).string(), folder.string()},
                     .environment = std::move(environment),
                     .limit = recipe_limit,
                     .on_line = own_lines,
                     .contained = true});
}

int ImageCache::remove(const std::string& name) {
  find_entry(entries_, name);
  int removed = 0;
  for (const fs::path& parent : {cache_, prepared_}) {
    std::error_code error;
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(parent, error)) {
      const std::string folder = entry.path().filename().string();
      for (const std::string& start : {name + "-", name + base_mark})
        if (folder.size() == start.size() + key_digits && folder.starts_with(start))
          found.push_back(entry.path());
    }
    for (const fs::path& folder : found) base::remove_folder(folder);
    removed += static_cast<int>(found.size());
  }
  return removed;
}

}  // namespace lab::image
