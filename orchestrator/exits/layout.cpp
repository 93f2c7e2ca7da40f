// SPDX-License-Identifier: MIT
#include "orchestrator/exits/layout.hpp"

#include "kvm-patch/exit_leaves.h"

namespace lab::exits {
namespace {

constexpr const char* names[EXIT_LAYOUT_COUNT] = EXIT_LAYOUT_NAMES;
constexpr exit_answer answers[EXIT_LAYOUT_COUNT][EXIT_LEAVES] = EXIT_LAYOUT_TABLE;

static_assert(int(Layout::descending) == EXIT_LAYOUT_DESCENDING &&
              int(Layout::ascending) == EXIT_LAYOUT_ASCENDING &&
              int(Layout::combined) == EXIT_LAYOUT_COMBINED &&
              all_layouts.size() == EXIT_LAYOUT_COUNT);
static_assert(int(Answer::none) == EXIT_ANSWER_NONE && int(Answer::total) == EXIT_ANSWER_TOTAL &&
              int(Answer::total_cycles) == EXIT_ANSWER_TOTAL_CYCLES &&
              int(Answer::count) == EXIT_ANSWER_COUNT &&
              int(Answer::cycles) == EXIT_ANSWER_CYCLES &&
              int(Answer::total_and_cycles) == EXIT_ANSWER_TOTAL_AND_CYCLES &&
              int(Answer::latched) == EXIT_ANSWER_LATCHED);

}  // namespace

std::string_view to_string(Layout layout) {
  return names[int(layout)];
}

std::optional<Layout> parse_layout(std::string_view text) {
  for (Layout layout : all_layouts) {
    if (text == to_string(layout)) return layout;
  }
  return std::nullopt;
}

Answer find_answer(Layout layout, std::uint32_t leaf) {
  if (leaf < EXIT_LEAF_FIRST || leaf > EXIT_LEAF_LAST) return Answer::none;
  return Answer(answers[int(layout)][leaf - EXIT_LEAF_FIRST]);
}

std::uint32_t total_leaf(Layout layout) {
  std::uint32_t leaf = EXIT_LEAF_FIRST;
  while (find_answer(layout, leaf) != Answer::total &&
         find_answer(layout, leaf) != Answer::total_and_cycles)
    ++leaf;
  return leaf;
}

}  // namespace lab::exits
