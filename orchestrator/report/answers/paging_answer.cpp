// SPDX-License-Identifier: MIT
// Compares nested with shadow paging, and names the known reason for each difference. Which events
// are intercepted with which kind: init_vmcb() and svm_set_cr0() in arch/x86/kvm/svm/svm.c,
// vmx_set_cr0() and setup_vmcs_config() in arch/x86/kvm/vmx/vmx.c of Linux 6.1.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "orchestrator/base/counted.hpp"
#include "orchestrator/base/text.hpp"
#include "orchestrator/report/answers/answers.hpp"
#include "orchestrator/report/report.hpp"
#include "orchestrator/report/text.hpp"

namespace lab::report {
namespace {

using Lines = std::vector<std::string>;

constexpr std::size_t differences_shown = 12;
constexpr double worth_telling = 0.005;  // of the larger total

enum class Effect { more_with_shadow, more_with_nested, none };

struct Explanation {
  std::string_view what;  // a reason's name, else a category's
  Effect effect;
  std::string_view why;
};

constexpr std::array explanations = {
    Explanation{"NPF", Effect::more_with_nested,
                "the processor walks tables of the hypervisor's behind the guest's own, and exits "
                "where they lack a page or the page is a device; with shadow paging there is no "
                "such walk"},
    Explanation{"EPT_VIOLATION", Effect::more_with_nested,
                "the processor walks tables of the hypervisor's behind the guest's own, and exits "
                "where they lack a page; with shadow paging there is no such walk"},
    Explanation{"EPT_MISCONFIG", Effect::more_with_nested,
                "KVM marks device memory so in nested tables; with shadow paging such an access "
                "comes as a page fault"},
    Explanation{"EXCP_PF", Effect::more_with_shadow,
                "every page fault of the guest comes to KVM first, which keeps the shadow tables: "
                "missing shadow entries, writes to the guest's own page tables, device memory"},
    Explanation{"EXCEPTION_NMI", Effect::more_with_shadow,
                "page faults come as exceptions to KVM first, which keeps the shadow tables: "
                "missing shadow entries, writes to the guest's own page tables, device memory"},
    Explanation{"WRITE_CR3", Effect::more_with_shadow,
                "with each switch of address space KVM must switch to that space's shadow tables"},
    Explanation{"READ_CR3", Effect::more_with_shadow,
                "CR3 holds the shadow table's address, so KVM must answer with the guest's own"},
    Explanation{"CR_ACCESS", Effect::more_with_shadow,
                "with each switch of address space (MOV to CR3) KVM must switch to that space's "
                "shadow tables; with nested paging CR3 is the guest's own"},
    Explanation{"CR0_SEL_WRITE", Effect::more_with_nested,
                "with nested paging CR0 is the guest's own and only selected writes exit; with "
                "shadow paging KVM keeps bits of its own in it and all writes exit, as WRITE_CR0"},
    Explanation{"cr_access", Effect::more_with_shadow,
                "with shadow paging KVM keeps bits of its own in control registers (PG, WP), so "
                "the guest's accesses exit"},
    Explanation{"tlb", Effect::more_with_shadow,
                "what the guest drops from its TLB KVM must drop from the shadow tables too"},
    Explanation{"interrupt", Effect::none, "comes with time rather than with paging"},
    Explanation{"interrupt_window", Effect::none, "follows interrupts, which come with time"},
    Explanation{"idle", Effect::none, "comes with time that the guest idles"},
    Explanation{"timer", Effect::none, "comes with time rather than with paging"},
    Explanation{"apic", Effect::none, "follows interrupts, which come with time"},
    Explanation{"msr", Effect::none,
                "the guest's own doing, in good part setting its timer, which comes with time"},
};

const Explanation* find_explanation(std::string_view name, std::string_view category) {
  for (const std::string_view what : {name, category}) {
    const auto found = std::ranges::find(explanations, what, &Explanation::what);
    if (found != explanations.end()) return &*found;
  }
  return nullptr;
}

// Explains `change`, the exits with shadow paging less those with nested paging.
std::string why(std::string_view name, std::string_view category, double change) {
  const Explanation* known = find_explanation(name, category);
  if (!known) return "paging has no known effect on it";
  if (known->effect == Effect::none)
    return fmt::format("paging has no known effect on it: {}", known->why);
  if ((change > 0) == (known->effect == Effect::more_with_shadow)) return std::string(known->why);
  return "not explained: paging is known for the opposite effect on it";
}

// Removes the conditions that follow from paging. Site svm has another emulator for shadow paging,
// which the answer mentions. Some module parameters follow from paging (eptad and
// unrestricted_guest of kvm_intel, without EPT).
record::Conditions without_paging(record::Conditions conditions) {
  conditions.erase(std::string(record::condition::paging));
  conditions.erase(std::string(record::condition::emulator));
  conditions.erase(std::string(record::condition::kvm_parameters));
  const auto found = conditions.find(std::string(record::condition::module_parameters));
  if (found == conditions.end()) return conditions;
  std::string kept;
  for (const std::string_view word : base::split_words(found->second)) {
    const std::string_view name = word.substr(word.find('.') + 1);
    if (!name.starts_with("npt=") && !name.starts_with("ept=")) kept.append(word).append(" ");
  }
  found->second = kept;
  return conditions;
}

std::string find_paging(const Group& group) {
  return record::find_condition(group.conditions, record::condition::paging);
}

struct Difference {
  Pool::Entry entry;
  double nested = 0, shadow = 0;

  double change() const { return shadow - nested; }
};

std::vector<Difference> differences(const Group& nested, const Group& shadow,
                                    const std::string& step) {
  std::vector<Difference> result;
  std::set<std::uint32_t> seen;
  for (const Group* side : {&nested, &shadow})
    for (const Pool::Entry& entry : pool(*side, step).entries)
      if (seen.insert(entry.number).second)
        result.push_back({entry, reason_exits(nested, step, entry.number).median(),
                          reason_exits(shadow, step, entry.number).median()});
  std::ranges::stable_sort(result, std::greater(),
                           [](const Difference& one) { return std::abs(one.change()); });
  return result;
}

std::string difference_text(const Difference& one) {
  return fmt::format("{} {} ({}): {} → {}: {}.", one.change() > 0 ? "+" : "−",
                     printable(one.entry.name), printable(one.entry.category),
                     rate_text(one.nested), rate_text(one.shadow),
                     why(one.entry.name, one.entry.category, one.change()));
}

std::string totals_text(const Group& nested, const Group& shadow, const std::string& step) {
  const double before = step_exits(nested, step).median(),
               after = step_exits(shadow, step).median();
  std::string text = fmt::format(
      "{}: {} with nested paging {}, {} with shadow paging {}", printable(step),
      base::counted(values_text(step_exits(nested, step)), "exit"), cite(nested.numbers),
      values_text(step_exits(shadow, step)), cite(shadow.numbers));
  if (before > 0)
    text += std::abs(after / before - 1) < 0.005
                ? ", about as many"
                : fmt::format(", {:.3g} times as many", after / before);
  const Values nested_time = step_seconds(nested, step), shadow_time = step_seconds(shadow, step);
  if (!nested_time.empty() && !shadow_time.empty())
    text += fmt::format(" (in {:.1f} s and {:.1f} s)", nested_time.median(), shadow_time.median());
  return text + ". By reason, nested → shadow:";
}

void add_step(Lines& lines, const Group& nested, const Group& shadow, const std::string& step) {
  if (step_exits(nested, step).empty() || step_exits(shadow, step).empty()) return;
  lines.push_back(totals_text(nested, shadow, step));
  const double larger =
      std::max(step_exits(nested, step).median(), step_exits(shadow, step).median());
  std::size_t shown = 0;
  double others = 0;
  for (const Difference& one : differences(nested, shadow, step)) {
    if (shown < differences_shown &&
        std::abs(one.change()) >= std::max(1.0, larger * worth_telling)) {
      lines.push_back(difference_text(one));
      ++shown;
    } else {
      others += one.change();
    }
  }
  lines.push_back(fmt::format("{}the other reasons together: {}{}.",
                              shown ? "" : "no reason stands out; ", others < 0 ? "−" : "+",
                              rate_text(std::abs(others))));
  const Lines causes = changed_causes(nested, shadow, step);
  if (causes.empty()) return;
  lines.push_back("By cause, where most changed:");
  lines.insert(lines.end(), causes.begin(), causes.end());
}

void add_emulators(Lines& lines, const Group& nested, const Group& shadow) {
  const std::string with = record::find_condition(nested.conditions, record::condition::emulator),
                    without =
                        record::find_condition(shadow.conditions, record::condition::emulator);
  if (with == without || lines.empty()) return;
  lines.push_back(fmt::format(
      "The outer VMs had different emulators, {} and {}: what comes with time may be theirs.",
      printable(with), printable(without)));
}

// Returns the conditions beside paging in which the most similar pair differs.
std::string nearest_difference(const std::vector<Group>& nested, const std::vector<Group>& shadow) {
  std::string best;
  std::size_t fewest = SIZE_MAX;
  for (const Group& one : nested) {
    for (const Group& other : shadow) {
      const record::Conditions left = without_paging(one.conditions),
                               right = without_paging(other.conditions);
      std::set<std::string> keys;
      for (const auto& [key, value] : left)
        if (!right.contains(key) || right.at(key) != value) keys.insert(key);
      for (const auto& [key, value] : right)
        if (!left.contains(key)) keys.insert(key);
      if (one.scenario != other.scenario) keys.insert("scenario");
      if (keys.size() >= fewest) continue;
      fewest = keys.size();
      best.clear();
      for (const std::string& key : keys) best += (best.empty() ? "" : ", ") + printable(key);
    }
  }
  return best;
}

}  // namespace

Lines answer_paging(const std::vector<Group>& groups) {
  std::vector<Group> nested, shadow;
  for (const Group& group : groups) {
    if (find_paging(group) == "nested") nested.push_back(group);
    if (find_paging(group) == "shadow") shadow.push_back(group);
  }
  const std::string needed = "one scenario with both (lab run scenarios/paging.yaml)";
  if (nested.empty() || shadow.empty())
    return {no_answer(
        nested.empty() && shadow.empty()
            ? "no trial here says which kind of paging it had"
            : fmt::format("all trials here have {} paging", nested.empty() ? "shadow" : "nested"),
        needed)};
  Lines lines;
  for (const Group& one : nested)
    for (const Group& other : shadow)
      if (one.scenario == other.scenario &&
          without_paging(one.conditions) == without_paging(other.conditions)) {
        for (const std::string& step : step_names(one)) add_step(lines, one, other, step);
        add_emulators(lines, one, other);
      }
  if (!lines.empty()) return lines;
  return {
      no_answer("the trials with nested and those with shadow paging differ in other "
                "conditions too: " +
                    nearest_difference(nested, shadow),
                needed)};
}

}  // namespace lab::report
