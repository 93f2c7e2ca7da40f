// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <memory>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/folders.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/image/prepare.hpp"
#include "orchestrator/image/store.hpp"
#include "orchestrator/kvm/kit.hpp"
#include "orchestrator/terminal/progress.hpp"

namespace lab::cli {
namespace {

struct ImageOptions {
  std::string name;
  std::string console = "quiet";
};

// The kernel kit that recipes and the libguestfs appliance use.
std::filesystem::path kit_path(const base::Folders& folders, const image::Progress& progress) {
  return kvm::find_or_fetch_kit(folders.cache, folders.share / "kvm-patch", std::nullopt, progress)
      .path;
}

int list_images() {
  const base::Folders folders = base::find_folders();
  const image::ImageCache cache(folders);
  const auto kits = kvm::list_kits(folders.cache);
  for (const image::Entry& entry : cache.entries()) {
    const bool needs_kit = entry.name == "outer" && kits.empty();
    const auto found =
        needs_kit ? std::nullopt : cache.find(entry.name, kits.empty() ? "" : kits.front().path);
    fmt::print("{:<24} {:<7} {:<10} {}\n", entry.name,
               entry.source == image::Entry::Source::url ? "fetch" : "build",
               found ? "cached" : "-", entry.description);
  }
  return base::exit_ok;
}

image::Image provide(const base::Folders& folders, const std::string& name,
                     terminal::Progress& progress) {
  const auto line = [&](const std::string& text) { progress.phase(text); };
  image::ImageCache cache(folders);
  // What is fetched from a url has no use for a kernel kit.
  const bool fetched = image::find_entry(cache.entries(), name).source == image::Entry::Source::url;
  return cache.provide(name, fetched ? "" : kit_path(folders, line), line);
}

// `build` and `fetch` do the same: what it takes to have the image.
int have(const ImageOptions& options, image::Entry::Source source) {
  const base::Folders folders = base::find_folders();
  const image::ImageCache cache(folders);
  const bool fetched =
      image::find_entry(cache.entries(), options.name).source == image::Entry::Source::url;
  if (fetched != (source == image::Entry::Source::url))
    throw base::user_error(
        "image '" + options.name + "' is " +
            (fetched ? "fetched from its url" : "built by its recipe"),
        std::string("lab image ") + (fetched ? "fetch " : "build ") + options.name);
  terminal::Progress progress(terminal::Progress::fitting());
  const image::Image image = provide(folders, options.name, progress);
  progress.clear();
  fmt::print("{} {}\n  {}\n  {}\n", image.found ? "found" : "made", image.name,
             image.folder.string(), image.digest);
  return base::exit_ok;
}

image::Console console_named(const std::string& name) {
  if (name == "quiet") return image::Console::quiet;
  if (name == "verbose") return image::Console::verbose;
  if (name == "none") return image::Console::none;
  throw base::user_error("--console '" + name + "': one of quiet, verbose, none");
}

int prepare(const ImageOptions& options) {
  const image::PrepareOptions wanted{.console = console_named(options.console)};
  const base::Folders folders = base::find_folders();
  terminal::Progress progress(terminal::Progress::fitting());
  const auto line = [&](const std::string& text) { progress.phase(text); };
  const image::Image image = provide(folders, options.name, progress);
  if (image.kind == image::Image::Kind::outer)
    throw base::user_error("image 'outer' is the outer VM's, no guest's");
  const image::Prepared prepared =
      image::prepare(image, folders, wanted,
                     {.cache = folders.cache, .kernel_kit = kit_path(folders, line)}, line);
  progress.clear();
  fmt::print("{} {}\n  {}\n", prepared.found ? "found" : "prepared", prepared.digest,
             (prepared.disk.empty() ? prepared.initrd : prepared.disk).string());
  return base::exit_ok;
}

int remove_image(const ImageOptions& options) {
  image::ImageCache cache(base::find_folders());
  fmt::print("removed {} folder(s) of {}\n", cache.remove(options.name), options.name);
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
      [](const ImageOptions& o) { return have(o, image::Entry::Source::url); });
  add("prepare", "Put the reader into an image, ready for trials", prepare)
      .add_option("--console", options->console, "quiet, verbose or none")
      .shows_default();
  add("remove", "Delete an image and what was prepared from it", remove_image);
}

}  // namespace lab::cli
