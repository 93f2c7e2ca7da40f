// SPDX-License-Identifier: MIT
#include "orchestrator/image/overlay.hpp"

#include <nlohmann/json.hpp>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/json.hpp"
#include "orchestrator/base/process/subprocess.hpp"

namespace lab::image {
namespace {

struct ChainLink {
  std::string file, format;
};

// Returns the chain from the disk's file down to the lowest backing file.
std::vector<ChainLink> read_chain(const std::filesystem::path& disk) {
  const std::string info = base::run_checked(
      {.argv = {"qemu-img", "info", "--backing-chain", "--output", "json", disk.string()}});
  try {
    std::vector<ChainLink> chain;
    for (const auto& link : base::parse_json(info))
      chain.push_back({.file = base::field<std::string>(link, "filename"),
                       .format = base::field<std::string>(link, "format")});
    return chain;
  } catch (const nlohmann::json::exception& error) {
    throw base::infrastructure_error("qemu-img info '" + disk.string() + "': " + error.what());
  }
}

}  // namespace

void create_overlay(const std::filesystem::path& backing, const std::string& backing_format,
                    const std::filesystem::path& overlay) {
  base::run_checked({.argv = {"qemu-img", "create", "-q", "-f", "qcow2", "-F", backing_format, "-b",
                              backing.string(), overlay.string()}});
}

void copy_chain(const std::filesystem::path& disk, const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  const std::vector<ChainLink> chain = read_chain(disk);
  const auto name = [&](std::size_t i) {
    return i == 0 ? disk.filename().string() : "below" + std::to_string(i);
  };
  // The lowest file refers to no other file, so it needs no rebase, and it may be large.
  base::link_or_copy(chain.back().file, folder / name(chain.size() - 1));
  for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
    const std::filesystem::path to = folder / name(i);
    base::copy_file(chain[i].file, to);
    base::run_checked({.argv = {"qemu-img", "rebase", "-u", "-f", chain[i].format, "-F",
                                chain[i + 1].format, "-b", name(i + 1), to.string()}});
  }
}

void create_empty_disk(const std::filesystem::path& disk, std::uint64_t bytes) {
  base::run_checked(
      {.argv = {"qemu-img", "create", "-q", "-f", "qcow2", disk.string(), std::to_string(bytes)}});
}

}  // namespace lab::image
