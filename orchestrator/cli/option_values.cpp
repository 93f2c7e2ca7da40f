// SPDX-License-Identifier: MIT
#include "orchestrator/cli/option_values.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string_view>

#include "orchestrator/base/error.hpp"
#include "orchestrator/scenario/keys/settings.hpp"

namespace lab::cli {

std::chrono::seconds read_age(const std::string& option, const std::string& text) {
  struct Unit {
    std::string_view name;
    std::chrono::seconds length;
  };
  using std::chrono::hours;
  static constexpr Unit units[] = {{"min", std::chrono::minutes(1)},
                                   {"h", hours(1)},
                                   {"hour", hours(1)},
                                   {"hours", hours(1)},
                                   {"d", hours(24)},
                                   {"day", hours(24)},
                                   {"days", hours(24)},
                                   {"w", hours(24 * 7)},
                                   {"week", hours(24 * 7)},
                                   {"weeks", hours(24 * 7)}};
  std::uint16_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view name(stop, std::size_t(text.data() + text.size() - stop));
  name.remove_prefix(std::min(name.find_first_not_of(' '), name.size()));
  const auto unit = std::ranges::find(units, name, &Unit::name);
  if (error != std::errc() || unit == std::end(units))
    throw base::user_error(option + " '" + text + "' is no time up to 65,535 units",
                           "write the unit out: min, h, days or weeks, as in '30 days'");
  return number * unit->length;
}

std::string read_kernel(const std::string& text) {
  if (text.empty()) return text;
  scenario::Settings settings;
  scenario::apply_setting(settings, "kvm.kernel", text, "--kernel");
  return settings.kernel;
}

}  // namespace lab::cli
