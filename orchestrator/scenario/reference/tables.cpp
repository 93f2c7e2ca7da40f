// SPDX-License-Identifier: MIT
#include <spdlog/fmt/fmt.h>

#include "orchestrator/scenario/keys/step_keys.hpp"
#include "orchestrator/scenario/plans/draft.hpp"
#include "orchestrator/scenario/reference/reference.hpp"

namespace lab::scenario {
namespace {

std::string row(std::initializer_list<std::string_view> cells) {
  std::string text = "|";
  for (const std::string_view cell : cells)
    text += cell.empty() ? " |" : fmt::format(" {} |", cell);
  return text + "\n";
}

template <typename Key>
std::string key_row(const Key& key) {
  return row({fmt::format("`{}`", key.key), key.meaning, allowed_text(key), default_text(key)});
}

std::string step_key_row(const StepKey& key) {
  std::string allowed = allowed_text(key);
  if (key.key == to_string(ActionKind::pin))
    for (const StepKey& part : pin_keys())
      allowed +=
          fmt::format("{}`{}` {}", allowed.empty() ? "" : ", ", part.key, allowed_text(part));
  return row({"", fmt::format("`{}`", key.key), key.meaning, allowed, default_text(key)});
}

// Returns whether all kinds have the key, which the text above the table then describes.
bool is_common(const StepKey& key) {
  return key.key == "timeout" || (key.key == "name" && key.otherwise != required_key);
}

std::string step_rows(StepKind kind) {
  const StepForm& form = step_form(kind);
  std::string text = row({fmt::format("`{}`", to_string(kind)), "", form.meaning, form.place, ""});
  for (const StepKey& key : form.keys)
    if (!is_common(key)) text += step_key_row(key);
  if (kind == StepKind::host)
    for (const StepKey& key : host_actions()) text += step_key_row(key);
  return text;
}

}  // namespace

std::string keys_table() {
  std::string text =
      row({"key", "meaning", "allowed", "default"}) + row({"---", "---", "---", "---"});
  for_each_key([&](const auto& key) { text += key_row(key); });
  return text;
}

std::string steps_table() {
  std::string text = row({"step", "key", "meaning", "allowed", "default"}) +
                     row({"---", "---", "---", "---", "---"});
  for (std::size_t kind = 0; kind < words_of<StepKind>.size(); ++kind)
    text += step_rows(StepKind(kind));
  return text;
}

std::string expect_table() {
  std::string text = row({"key", "meaning"}) + row({"---", "---"});
  for (const KeyInfo& key : expect_keys()) {
    std::string meaning(key.meaning);
    if (key.key == "category")
      for (const std::string_view word : exits::category_words)
        meaning += fmt::format("{} `{}`", word == exits::category_words[0] ? ":" : ",", word);
    else if (key.form.type == Form::Type::words)
      meaning = allowed_text(key) + ": " + meaning;
    text += row({fmt::format("`{}`", key.key), meaning});
  }
  return text;
}

}  // namespace lab::scenario
