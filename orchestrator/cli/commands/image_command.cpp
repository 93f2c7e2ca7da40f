// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <functional>
#include <memory>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/image/download/digests.hpp"
#include "orchestrator/image/manifest.hpp"
#include "orchestrator/image/prepare/boot_config.hpp"
#include "orchestrator/image/prepare/prepare.hpp"
#include "orchestrator/image/store.hpp"
#include "orchestrator/kvm/kits/kit.hpp"
#include "orchestrator/report/text.hpp"
#include "orchestrator/terminal/progress.hpp"

namespace lab::cli {
namespace {

struct ImageOptions {
  std::string name;
  std::string console = "quiet";
  std::string source;  // add: a file or a url
  std::string digest, digest_url, description;
  bool unverified = false;  // fetch
};

// Returns the kernel kit that recipes and the libguestfs appliance use.
std::filesystem::path kit_path(const base::Folders& folders, const image::Progress& progress) {
  return kvm::find_or_fetch_kit(folders.cache, folders.kvm_patch(), std::nullopt, progress).path;
}

const char* how(const image::Entry& entry) {
  switch (entry.source) {
    case image::Entry::Source::recipe:
      return "build";
    case image::Entry::Source::url:
      return "fetch";
    case image::Entry::Source::file:
      return "file";
  }
  return "";
}

const char* cache_state(const image::ImageCache& cache, const image::Entry& entry,
                        const std::vector<kvm::KernelKit>& kits) {
  if (entry.source == image::Entry::Source::file)
    return std::filesystem::exists(entry.file) ? "there" : "missing";
  if (entry.name == "outer" && kits.empty()) return "-";
  try {
    return cache.find(entry.name, kits.empty() ? "" : kits.front().path) ? "cached" : "-";
  } catch (const base::Error& error) {
    spdlog::warn("{}{}{}", error.what(), error.hint().empty() ? "" : "; ", error.hint());
    return "damaged";
  }
}

// Describes lab's own images; for the user's it also names their origin.
int list_images() {
  const base::Folders folders = base::find_folders(base::FolderUse::read);
  const image::ImageCache cache(folders);
  const auto kits = kvm::list_kits(folders.cache);
  const report::Columns columns(
      {{.least = 24, .gap = 0}, {.least = 7, .gap = 1}, {.least = 10, .gap = 1}, {.gap = 1}});
  for (const image::Entry& entry : cache.entries()) {
    std::string about = entry.description;
    if (entry.own)
      about = "yours: " + (about.empty() ? "" : about + ", ") + image::origin_text(entry);
    fmt::print("{}\n",
               columns.line({entry.name, how(entry), cache_state(cache, entry, kits), about}));
  }
  return base::exit_ok;
}

int add_own(const ImageOptions& options) {
  const base::Folders folders = base::find_folders();
  image::Entry entry{.name = options.name, .description = options.description};
  if (!options.digest.empty()) entry.digest = image::normalized_digest(options.digest);
  entry.digest_url = options.digest_url;
  if (options.source.find("://") != std::string::npos) {
    entry.source = image::Entry::Source::url;
    entry.url = options.source;
    if (entry.digest.empty() && entry.digest_url.empty())
      throw base::user_error("image '" + entry.name + "' has a url, and nothing to check it by",
                             "--digest sha256:HEX, or --digest-url URL of a SHA256SUMS file");
  } else {
    entry.source = image::Entry::Source::file;
    entry.file = std::filesystem::absolute(options.source).lexically_normal().string();
    if (!entry.digest_url.empty())
      throw base::user_error("--digest-url is for a url, not for a file", "--digest sha256:HEX");
    image::check_own_image(entry.file);
  }
  image::add_own_image(folders, entry, image::ImageCache(folders).entries());
  fmt::print("added {}: {}\n  in {}\n", entry.name, image::origin_text(entry),
             image::own_manifest(folders).string());
  return base::exit_ok;
}

image::Image find_or_make(const base::Folders& folders, const ImageOptions& options,
                          terminal::Progress& progress) {
  image::ImageCache cache(folders);
  const std::string& name = options.name;
  if (options.unverified) cache.take_unverified(name);
  // Only an image that is built needs a kernel kit.
  const bool built =
      image::find_entry(cache.entries(), name).source == image::Entry::Source::recipe;
  return cache.find_or_make(name, built ? kit_path(folders, std::ref(progress)) : "",
                            std::ref(progress));
}

// Serves `build` and `fetch`, which both make the image available.
int have(const ImageOptions& options, image::Entry::Source source) {
  const base::Folders folders = base::find_folders();
  const image::ImageCache cache(folders);
  const image::Entry& entry = image::find_entry(cache.entries(), options.name);
  if (entry.source == image::Entry::Source::file)
    throw base::user_error("image '" + entry.name + "' is your file " + entry.file,
                           "lab image prepare " + entry.name);
  if (entry.source != source) {
    const bool fetched = entry.source == image::Entry::Source::url;
    throw base::user_error(
        "image '" + entry.name + "' is " +
            (fetched ? "fetched from its url" : "built by its recipe"),
        std::string("lab image ") + (fetched ? "fetch " : "build ") + entry.name);
  }
  terminal::Progress progress;
  const image::Image image = find_or_make(folders, options, progress);
  progress.clear();
  fmt::print("{} {}\n  {}\n  {}\n", image.found ? "found" : "made", image.name,
             image.folder.string(), image.digest);
  return base::exit_ok;
}

image::Console console_named(const std::string& name) {
  const auto found = std::ranges::find(image::console_words, name);
  if (found != std::end(image::console_words))
    return image::Console(found - std::begin(image::console_words));
  throw base::user_error(
      fmt::format("--console '{}': one of {}", name, fmt::join(image::console_words, ", ")));
}

int prepare(const ImageOptions& options) {
  const image::PrepareOptions wanted{.console = console_named(options.console)};
  const base::Folders folders = base::find_folders();
  terminal::Progress progress;
  const image::Image image = find_or_make(folders, options, progress);
  if (image.kind == image::Image::Kind::outer)
    throw base::user_error("image 'outer' is the outer VM's, no guest's");
  const image::Prepared prepared =
      image::prepare(image, folders, wanted,
                     {.cache = folders.cache, .kernel_kit = kit_path(folders, std::ref(progress))},
                     std::ref(progress));
  progress.clear();
  fmt::print("{} {}\n  {}\n", prepared.found ? "found" : "prepared", prepared.digest,
             (prepared.disk.empty() ? prepared.initrd : prepared.disk).string());
  return base::exit_ok;
}

int remove_image(const ImageOptions& options) {
  const base::Folders folders = base::find_folders();
  image::ImageCache cache(folders);
  const bool own = image::find_entry(cache.entries(), options.name).own;
  const int removed = cache.remove(options.name);
  if (own) {
    image::remove_own_image(folders, options.name, cache.entries());
    fmt::print("removed {} from {}\n", options.name, image::own_manifest(folders).string());
  }
  fmt::print("removed {} folder(s) of {}\n", removed, options.name);
  return base::exit_ok;
}

}  // namespace

void add_image(const Command& app) {
  const auto options = std::make_shared<ImageOptions>();
  const Command command = app.add_subcommand("image", "Images of guests and of the outer VM");
  command.require_subcommand();
  command.add_subcommand("list", "The images that lab knows").runs([] { return list_images(); });
  const auto add = [&](const char* name, const char* help, int (*run)(const ImageOptions&)) {
    const Command sub = command.add_subcommand(name, help);
    sub.add_option("image", options->name, "The image's name").required();
    sub.runs([options, run] { return run(*options); });
    return sub;
  };
  add("build", "Build an image by its recipe",
      [](const ImageOptions& o) { return have(o, image::Entry::Source::recipe); });
  add("fetch", "Download a cloud image and check its digest",
      [](const ImageOptions& o) { return have(o, image::Entry::Source::url); })
      .add_flag("--unverified", options->unverified,
                "Without the signature of its list of digests, where the keyring is missing");
  add("prepare", "Put the reader into an image, ready for trials", prepare)
      .add_option("--console", options->console, "quiet, verbose or none")
      .shows_default();
  add("remove", "Delete an image and what was prepared from it; of your own, forget it",
      remove_image);
  const Command own = add("add", "Add an image of your own", add_own);
  own.add_option("source", options->source, "Its file (qcow2 or raw), or its URL").required();
  own.add_option("--digest", options->digest, "sha256:HEX or sha512:HEX");
  own.add_option("--digest-url", options->digest_url,
                 "Where a SHA256SUMS or SHA512SUMS file names it");
  own.add_option("--description", options->description, "For `lab image list`").one_word();
}

}  // namespace lab::cli
