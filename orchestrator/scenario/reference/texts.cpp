// SPDX-License-Identifier: MIT
#include "orchestrator/scenario/reference/reference.hpp"

#include <spdlog/fmt/fmt.h>

#include "orchestrator/base/text/pattern.hpp"
#include "orchestrator/scenario/yaml/file_paths.hpp"
#include "orchestrator/scenario/yaml/values.hpp"

namespace lab::scenario {
namespace {

std::string in_code(std::string_view text) {
  return fmt::format("`{}`", text);
}

std::string words_text(std::span<const std::string_view> words) {
  std::string text;
  for (const std::string_view word : words) text += (text.empty() ? "" : ", ") + in_code(word);
  return text;
}

std::string bytes_text(std::uint64_t bytes) {
  return bytes % 1024 == 0 && bytes > 4096 ? fmt::format("{} KiB", bytes / 1024)
                                           : fmt::format("{} bytes", bytes);
}

// Describes the value without the words that may replace it.
std::string value_text(const Form& form) {
  switch (form.type) {
    case Form::Type::words:
    case Form::Type::special:
      return "";
    case Form::Type::number:
      return fmt::format("{} to {}", form.min, form.max);
    case Form::Type::memory:
      return fmt::format("whole MiB, `{}` to `{}`", memory_text(form.min), memory_text(form.max));
    case Form::Type::duration:
      return "`1 s` to `24 h`";
    case Form::Type::milliseconds:
      return "`1 ms` to `24 h`";
    case Form::Type::name:
      return "a name";
    case Form::Type::text:
      return "up to " + bytes_text(form.max);
    case Form::Type::line:
      return fmt::format("printable ASCII, up to {}{}", bytes_text(form.max),
                         form.min == 0 ? "; may be empty" : "");
    case Form::Type::path:
      return "a path";
    case Form::Type::image:
      return "a name, or a path with a `/` in it (`./my.qcow2`)";
    case Form::Type::kernel:
      return "letters, digits, `.`, `+`, `~`, `-`, at most 64; or a path with a `/`";
    case Form::Type::features:
      return fmt::format("at most {}, each with its sign; may be empty", features_limit);
    case Form::Type::processors:
      return fmt::format("0 to {}", processors_limit - 1);
    case Form::Type::keys:
      return fmt::format("up to {} of `a` to `z`, `0` to `9`, `f1` to `f12`, {}", pressed_limit,
                         words_text(named_keys));
    case Form::Type::nothing:
      return "no value";
  }
  return "";
}

std::string default_or(const KeyInfo& key, const std::string& written) {
  if (!key.otherwise.empty()) return std::string(key.otherwise);
  return written.empty() ? "none" : in_code(written);
}

}  // namespace

std::string allowed_text(const KeyInfo& key) {
  const bool is_list = key.form.type == Form::Type::special && key.form.max != 0;
  if (is_list)
    return fmt::format("{} {}{}", key.form.min == 0 ? "at most" : "1 to", key.form.max,
                       key.allowed);
  if (!key.allowed.empty()) return std::string(key.allowed);
  const std::string value = value_text(key.form), words = words_text(key.form.words);
  if (key.form.type == Form::Type::number && !words.empty()) return words + ", " + value;
  return value + (value.empty() || words.empty() ? "" : ", ") + words;
}

std::string default_text(const KeyInfo& key) {
  return std::string(key.otherwise);
}
std::string default_text(const Setting& setting) {
  return default_or(setting, setting.write ? setting.write(Settings()) : "");
}
std::string default_text(const ScenarioKey& key) {
  return default_or(key, key.write ? key.write(Scenario()) : "");
}

std::string plain_text(std::string_view markdown) {
  static const base::Pattern link(R"(\[([^\]]*)\]\([^)]*\))"), mark("`");
  return mark.replace(link.replace(std::string(markdown), "$1"), "");
}

}  // namespace lab::scenario
