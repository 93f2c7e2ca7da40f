// SPDX-License-Identifier: MIT
#include "orchestrator/kvm/modules/parameters.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/text.hpp"
#include "orchestrator/base/text/boolean.hpp"

namespace lab::kvm {
namespace {

constexpr const char* name_letters = "abcdefghijklmnopqrstuvwxyz0123456789_";
constexpr const char* value_letters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+.,:";

// Options are one line of words: a space in a value would begin another parameter.
void check_letters(const std::string& name, const std::string& value) {
  if (name.empty() || name.find_first_not_of(name_letters) != std::string::npos)
    throw base::user_error("'" + name + "' is no name of a module parameter");
  if (value.empty() || value.size() > 64 ||
      value.find_first_not_of(value_letters) != std::string::npos)
    throw base::user_error("module parameter '" + name + "': '" + value + "' is no value for it");
}

std::string nearest_and_all(const std::string& name, const std::set<std::string>& names) {
  if (names.empty()) return "";
  std::string text =
      "nearest: " +
      *std::ranges::min_element(
          names, {}, [&](const auto& other) { return base::edit_distance(name, other); }) +
      "; all:";
  for (const std::string& other : names) text += " " + other;
  return text;
}

// The kernel reads numbers in any base.
std::string canonical(const std::string& value) {
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

void refuse_leaves_of_encrypted_guests(
    const Parameters& parameters, const std::function<std::string(const std::string&)>& loaded) {
  const auto leaves = parameters.find("exit_leaves");
  if (leaves == parameters.end() || leaves->second != "root") return;
  for (const char* name : {"sev_es", "sev_snp", "tdx"}) {
    const auto given = parameters.find(name);
    const std::string value = given == parameters.end() ? loaded(name) : given->second;
    if (!base::kernel_boolean(value).value_or(false)) continue;
    throw base::user_error(
        std::string("exit_leaves=root is not supported beside encrypted guests (") + name + "=" +
            value + "): it asks for a guest's privilege level, which is encrypted with its state",
        std::string(name) + "=0, or exit_leaves=on or off");
  }
}

bool same_value(const std::string& given, const std::string& shown) {
  // exit_counts and exit_histograms show themselves as words.
  const bool shown_as_boolean = shown == "Y" || shown == "N" || shown == "on" || shown == "off";
  const bool given_in_digits = std::isdigit(static_cast<unsigned char>(given[0])) != 0;
  // Some parameters are booleans that show themselves as 1 or 0.
  const bool may_be_boolean = (shown == "1" || shown == "0") && !given_in_digits;
  const auto boolean = base::kernel_boolean(given);
  if ((shown_as_boolean || may_be_boolean) && boolean)
    return boolean == base::kernel_boolean(shown);
  return canonical(given) == canonical(shown);
}

}  // namespace lab::kvm
