// SPDX-License-Identifier: MIT
#include "orchestrator/causes/memory_tree.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/text.hpp"

namespace lab::causes {
namespace {

constexpr std::size_t tree_size_limit = 4u << 20;  // a machine of 64 devices: 40 KiB
constexpr std::size_t regions_limit = 20'000;
constexpr std::size_t name_limit = 64;

using Region = MemoryTree::Region;

std::optional<std::uint64_t> hexadecimal(std::string_view word) {
  return base::parse_number<std::uint64_t>(word, 16);
}

// Keeps only characters that a table, a page and a folded stack can contain unescaped.
std::string plain(std::string_view name) {
  std::string text(name.substr(0, name_limit));
  constexpr std::string_view signs = " ._-+/#:";
  for (char& c : text)
    if (!std::isalnum(static_cast<unsigned char>(c)) && signs.find(c) == std::string_view::npos)
      c = '?';
  return text;
}

// Cuts off the last `mark` and all behind it, and returns the text behind it.
std::string_view cut_behind(std::string_view& text, std::string_view mark) {
  const std::size_t place = text.rfind(mark);
  if (place == std::string_view::npos) return {};
  const std::string_view rest = text.substr(place + mark.size());
  text = text.substr(0, place);
  return rest;
}

// Parses "  00000000000003f8-00000000000003ff (prio 0, i/o): serial @0000000000000001 KVM"
std::optional<Region> parse_region(std::string_view line) {
  const std::size_t begin = line.find_first_not_of(' ');
  if (begin == std::string_view::npos || begin == 0) return std::nullopt;
  line.remove_prefix(begin);
  const std::size_t dash = line.find('-'), open = line.find(" (prio "),
                    comma = line.find(", ", open), close = line.find("): ", comma);
  if (close == std::string_view::npos || dash > open) return std::nullopt;
  const auto first = hexadecimal(line.substr(0, dash));
  const auto last = hexadecimal(line.substr(dash + 1, open - dash - 1));
  if (!first || !last || *last < *first) return std::nullopt;
  Region region{*first, *last};
  const std::string_view kind = line.substr(comma + 2, close - comma - 2);
  if (kind == "ram" || kind == "nv-ram") region.kind = MemoryTree::Kind::ram;
  if (kind == "rom" || kind == "romd") region.kind = MemoryTree::Kind::rom;
  std::string_view name = line.substr(close + 3);
  if (name.ends_with(" KVM")) name.remove_suffix(4);
  region.offset = hexadecimal(cut_behind(name, " @")).value_or(0);
  region.name = plain(name);
  return region;
}

const Region* region_at(const std::vector<Region>& regions, std::uint64_t address) {
  const auto after = std::ranges::upper_bound(regions, address, {}, &Region::first);
  if (after == regions.begin()) return nullptr;
  const Region& found = *std::prev(after);
  return address <= found.last ? &found : nullptr;
}

}  // namespace

MemoryTree MemoryTree::parse(std::string_view text) {
  const auto fail = [](const std::string& why) {
    return base::infrastructure_error("QEMU's answer to 'info mtree -f': " + why);
  };
  if (text.size() > tree_size_limit) throw fail("longer than 4 MiB");
  MemoryTree tree;
  std::vector<Region>* to = nullptr;
  for (std::string_view line : base::split_lines(text)) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with("FlatView #")) {
      to = nullptr;
    } else if (line.starts_with(" AS \"memory\",")) {
      to = &tree.memory_;
    } else if (line.starts_with(" AS \"I/O\",")) {
      to = &tree.ports_;
    } else if (to) {
      if (auto region = parse_region(line)) to->push_back(*std::move(region));
      if (to->size() > regions_limit) throw fail("more than 20,000 regions");
    }
  }
  if (tree.memory_.empty()) throw fail("no address space 'memory'");
  std::ranges::stable_sort(tree.memory_, {}, &Region::first);
  std::ranges::stable_sort(tree.ports_, {}, &Region::first);
  return tree;
}

const Region* MemoryTree::memory_at(std::uint64_t address) const {
  return region_at(memory_, address);
}

const Region* MemoryTree::port_at(std::uint16_t port) const {
  const Region* region = region_at(ports_, port);
  return region && region->name == "io" ? nullptr : region;  // the space itself, between devices
}

std::uint64_t MemoryTree::low_ram_end() const {
  std::uint64_t end = 0;
  for (const Region& region : memory_)
    if (region.kind == Kind::ram && region.last < (1ull << 32)) end = region.last + 1;
  return end;
}

bool MemoryTree::has_flash() const {
  return std::ranges::any_of(
      memory_, [](const Region& region) { return region.name.starts_with("system.flash"); });
}

}  // namespace lab::causes
