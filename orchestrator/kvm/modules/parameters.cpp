// SPDX-License-Identifier: MIT
#include "orchestrator/kvm/modules/parameters.hpp"

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <utility>
#include <vector>

#include "orchestrator/base/error.hpp"

namespace lab::kvm {
namespace {

constexpr const char* name_letters = "abcdefghijklmnopqrstuvwxyz0123456789_";
constexpr const char* value_letters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+.,:";

// Options are one line of words: a space in a value would be another parameter.
void check_letters(const std::string& name, const std::string& value) {
  if (name.empty() || name.find_first_not_of(name_letters) != std::string::npos)
    throw base::user_error("'" + name + "' is no name of a module parameter");
  if (value.empty() || value.size() > 64 ||
      value.find_first_not_of(value_letters) != std::string::npos)
    throw base::user_error("module parameter '" + name + "': '" + value + "' is no value for it");
}

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = std::exchange(row[j], std::min({replaced, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row.back();
}

std::string nearest_and_all(const std::string& name, const std::set<std::string>& names) {
  if (names.empty()) return "";
  std::string text = "nearest: " +
                     *std::ranges::min_element(
                         names, {}, [&](const auto& other) { return edit_distance(name, other); }) +
                     "; all:";
  for (const std::string& other : names) text += " " + other;
  return text;
}

// The kernel reads and shows booleans as letters or digits, and numbers in any base.
std::string canonical(const std::string& value) {
  if (value == "y" || value == "Y") return "1";
  if (value == "n" || value == "N") return "0";
  char* end = nullptr;
  const long long number = std::strtoll(value.c_str(), &end, 0);
  return *end == '\0' ? std::to_string(number) : value;
}

}  // namespace

SplitParameters split_parameters(const Parameters& parameters, const std::set<std::string>& of_kvm,
                                 const std::set<std::string>& of_vendor) {
  SplitParameters split;
  for (const auto& [name, value] : parameters) {
    check_letters(name, value);
    if (!of_kvm.contains(name) && !of_vendor.contains(name)) {
      std::set<std::string> all = of_kvm;
      all.insert(of_vendor.begin(), of_vendor.end());
      throw base::user_error("the kvm modules have no parameter '" + name + "'",
                             nearest_and_all(name, all));
    }
    (of_kvm.contains(name) ? split.kvm : split.vendor)[name] = value;
  }
  return split;
}

std::string options_text(const Parameters& parameters) {
  std::string text;
  for (const auto& [name, value] : parameters)
    text += (text.empty() ? "" : " ") + name + "=" + value;
  return text;
}

bool same_value(const std::string& given, const std::string& shown) {
  return canonical(given) == canonical(shown);
}

}  // namespace lab::kvm
