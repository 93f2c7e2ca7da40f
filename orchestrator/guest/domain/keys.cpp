// SPDX-License-Identifier: MIT
#include "orchestrator/guest/domain/domain.hpp"

#include <fmt/format.h>
#include <linux/input-event-codes.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/text.hpp"

namespace lab::guest {
namespace {

constexpr std::size_t most_keys = 16;  // libvirt's own limit

// The kernel numbers keys by their place on a keyboard, row by row.
constexpr std::pair<std::string_view, unsigned> rows[] = {
    {"1234567890", KEY_1}, {"qwertyuiop", KEY_Q}, {"asdfghjkl", KEY_A}, {"zxcvbnm", KEY_Z}};

constexpr std::pair<std::string_view, unsigned> named_keys[] = {
    {"ctrl", KEY_LEFTCTRL}, {"alt", KEY_LEFTALT}, {"shift", KEY_LEFTSHIFT}, {"delete", KEY_DELETE},
    {"enter", KEY_ENTER},   {"esc", KEY_ESC},     {"tab", KEY_TAB},         {"space", KEY_SPACE},
    {"up", KEY_UP},         {"down", KEY_DOWN},   {"left", KEY_LEFT},       {"right", KEY_RIGHT},
    {"sysrq", KEY_SYSRQ},   {"f1", KEY_F1},       {"f2", KEY_F2},           {"f3", KEY_F3},
    {"f4", KEY_F4},         {"f5", KEY_F5},       {"f6", KEY_F6},           {"f7", KEY_F7},
    {"f8", KEY_F8},         {"f9", KEY_F9},       {"f10", KEY_F10},         {"f11", KEY_F11},
    {"f12", KEY_F12}};

std::optional<unsigned> find_code(std::string_view key) {
  for (const auto& [letters, first] : rows) {
    const std::size_t at = key.size() == 1 ? letters.find(key) : std::string_view::npos;
    if (at != std::string_view::npos) return first + static_cast<unsigned>(at);
  }
  const auto* found =
      std::ranges::find(named_keys, key, &std::pair<std::string_view, unsigned>::first);
  return found == std::end(named_keys) ? std::nullopt : std::optional(found->second);
}

}  // namespace

std::vector<unsigned> key_codes(const std::string& keys) {
  std::vector<unsigned> codes;
  for (const std::string_view key : base::split(keys, '+')) {
    const auto code = find_code(key);
    if (!code)
      throw base::user_error(fmt::format("'{}' in '{}' is no key", key, keys),
                             "letters, digits, f1 to f12, ctrl, alt, shift, delete, enter, esc, "
                             "tab, space, up, down, left, right, sysrq; joined by '+'");
    codes.push_back(*code);
  }
  if (codes.size() > most_keys)
    throw base::user_error("'" + keys + "': at most 16 keys can be pressed together");
  return codes;
}

}  // namespace lab::guest
