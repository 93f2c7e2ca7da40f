// SPDX-License-Identifier: MIT
// Checks that every value of an enumeration has its word and no word is left over, as
// to_string() checks nothing.
#include "orchestrator/scenario/words.hpp"

namespace lab::scenario {
namespace {

// Returns whether the enumeration has this value: the compiler prints one without a name as
// "(Enum)3".
template <auto value>
constexpr bool has_name() {
  return std::string_view(__PRETTY_FUNCTION__).find("value = (") == std::string_view::npos;
}

template <typename Enum>
constexpr bool has_a_word_each() {
  constexpr std::size_t words = words_of<Enum>.size();
  return has_name<static_cast<Enum>(words - 1)>() && !has_name<static_cast<Enum>(words)>();
}

static_assert(has_a_word_each<Console>());
static_assert(has_a_word_each<Paging>());
static_assert(has_a_word_each<Machine>());
static_assert(has_a_word_each<DiskBus>());
static_assert(has_a_word_each<DiskCache>());
static_assert(has_a_word_each<Nic>());
static_assert(has_a_word_each<Network>());
static_assert(has_a_word_each<Clock>());
static_assert(has_a_word_each<Processor>());
static_assert(has_a_word_each<Exact>());
static_assert(has_a_word_each<Layout>());
static_assert(has_a_word_each<BootUntil>());
static_assert(has_a_word_each<StepKind>());
static_assert(has_a_word_each<ActionKind>());
static_assert(has_a_word_each<PlugDevice>());

}  // namespace
}  // namespace lab::scenario
