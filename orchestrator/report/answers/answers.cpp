// SPDX-License-Identifier: MIT
#include "orchestrator/report/answers/answers.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "orchestrator/base/counted.hpp"
#include "orchestrator/record/rates.hpp"
#include "orchestrator/report/report.hpp"
#include "orchestrator/report/text.hpp"

namespace lab::report {
namespace {

using record::Record;
using Lines = std::vector<std::string>;

constexpr double stable_below = 0.1, roughly_below = 0.5;  // coefficients of variation
constexpr double hardly_more = 1.2;                        // times
constexpr std::size_t most_shown = 3, least_shown = 6;

// Contains the parts of a group's timelines by name, in their order; each has all trials' parts.
using Parts = std::vector<std::pair<std::string, std::vector<record::Stretch>>>;

void add_parts(Parts& parts, std::vector<record::Stretch> more) {
  for (record::Stretch& part : more) {
    auto found = std::ranges::find(parts, part.name, [](const auto& entry) { return entry.first; });
    if (found == parts.end()) found = parts.insert(found, {part.name, {}});
    found->second.push_back(std::move(part));
  }
}

template <typename Of>
Parts collect_parts(const Group& group, Of of) {
  Parts parts;
  for (const Record* record : group.records)
    if (has_samples(*record)) add_parts(parts, of(*record));
  return parts;
}

Parts steps_in_time(const Group& group) {
  return collect_parts(group, [](const Record& record) { return record::step_stretches(record); });
}

Parts phases_in_time(const Group& group) {
  return collect_parts(group,
                       [](const Record& record) { return record::phases(*record.timeline); });
}

std::string verdict(double variation) {
  if (variation < stable_below) return "yes, stable";
  return variation < roughly_below ? "roughly stable" : "no, not stable";
}

// Returns "boot: no, not stable: variation 1.30 over 65 windows, 12 to 9,400 exits a second"; ""
// where the part is too short.
std::string steadiness(const std::string& name, const std::vector<record::Stretch>& trials) {
  Values variations;
  double least = 0, most = 0;
  std::size_t windows = 0;
  for (const record::Stretch& part : trials) {
    if (!part.variation) continue;
    least = variations.empty() ? part.least : std::min(least, part.least);
    most = std::max(most, part.most);
    windows += part.windows;
    variations.add(*part.variation);
  }
  if (variations.empty()) return "";
  return fmt::format("{}: {}: variation {:.2f} over {}, {} to {} a second", printable(name),
                     verdict(variations.median()), variations.median(),
                     base::counted(windows, "window"), rate_text(least),
                     base::counted(rate_text(most), "exit"));
}

Lines answer_stability(const Group& group) {
  const std::string evidence = cite(group.numbers);
  Lines lines;
  for (const Parts& parts : {steps_in_time(group), phases_in_time(group)})
    for (const auto& [name, trials] : parts)
      if (const std::string line = steadiness(name, trials); !line.empty())
        lines.push_back(line + " " + evidence + ".");
  if (!lines.empty()) return lines;
  if (std::ranges::none_of(group.records, [](const Record* one) { return has_samples(*one); }))
    return {no_answer("no trial here has a timeline",
                      "trials with samples above 0 (10 a second unless said otherwise)")};
  return {no_answer("every part of the timeline is shorter than three windows of it",
                    "a step of some seconds, such as scenarios/idle.yaml")};
}

// Contains pairs of a name and its exits a second.
using Rated = std::vector<std::pair<std::string, double>>;

std::string compare(Rated rated, const std::string& kind, const std::string& evidence) {
  std::ranges::stable_sort(rated, std::greater(), &Rated::value_type::second);
  const auto& [most, high] = rated.front();
  const auto& [least, low] = rated.back();
  const double times = low > 0 ? high / low : 0;
  std::string text = low > 0 && times < hardly_more ? "Hardly" : "Yes";
  text += fmt::format(", by {}: {} has most, {} a second", kind, printable(most),
                      base::counted(rate_text(high), "exit"));
  for (std::size_t i = 1; i + 1 < rated.size(); ++i)
    text += fmt::format(", then {} {}", printable(rated[i].first), rate_text(rated[i].second));
  text += fmt::format("; {} fewest, {}", printable(least), rate_text(low));
  if (low > 0) text += fmt::format(" ({:.3g} times fewer)", times);
  return text + " " + evidence + ".";
}

std::string busiest_moment(const Group& group) {
  const Record* where = nullptr;
  record::Burst most;
  std::size_t number = 0;
  for (std::size_t i = 0; i < group.records.size(); ++i) {
    if (!has_samples(*group.records[i])) continue;
    for (const record::Burst& burst : record::busiest(*group.records[i]->timeline, 1)) {
      if (burst.exits <= most.exits) continue;
      most = burst;
      where = group.records[i];
      number = group.numbers[i];
    }
  }
  if (!where) return "";
  const std::string place = place_at(*where, (most.begin + most.end) / 2);
  return fmt::format(
      "The busiest moment began at {:.1f} s{}: {} in {:.3g} s, of them {} by {} [{}].", most.begin,
      place.empty() ? "" : " (" + printable(place) + ")",
      base::counted(rate_text(most.exits), "exit"), most.end - most.begin,
      rate_text(most.reasons.front().second), reason_name(*where, most.reasons.front().first),
      number);
}

Lines answer_operations(const Group& group) {
  Rated steps, phases;
  for (const std::string& name : step_names(group))
    if (const Values rates = step_rates(group, name); !rates.empty())
      steps.emplace_back(name, rates.median());
  for (const auto& [name, trials] : phases_in_time(group)) {
    Values rates;
    for (const record::Stretch& part : trials) rates.add(part.rate());
    phases.emplace_back(name, rates.median());
  }
  Lines lines;
  if (steps.size() > 1) {
    lines.push_back(compare(steps, "step", cite(group.numbers)));
    const auto [fewest, most] = std::ranges::minmax_element(steps, {}, &Rated::value_type::second);
    const std::string why = why_more(group, most->first, fewest->first);
    if (!why.empty()) lines.push_back(why);
  }
  if (phases.size() > 1) lines.push_back(compare(phases, "phase", cite(group.numbers)));
  if (lines.empty())
    return {
        no_answer("there is nothing to compare: fewer than two steps with their times, and no "
                  "timeline with milestones",
                  "a scenario with several steps, such as scenarios/disk-dd.yaml, or samples")};
  if (const std::string moment = busiest_moment(group); !moment.empty()) lines.push_back(moment);
  return lines;
}

// Returns the first step, which is a scenario's boot.
const record::Step* find_boot(const Group& group) {
  for (const Record* record : group.records)
    if (!record->steps.empty() && record->steps.front().exits) return &record->steps.front();
  return nullptr;
}

Lines answer_boot(const Group& group) {
  const record::Step* boot = find_boot(group);
  if (!boot) return {no_answer("no boot here has counts", "a passed trial")};
  if (boot->view == record::View::host)
    return {no_answer(fmt::format("step '{}' ends at a point of the console, counted by the host, "
                                  "before the boot was whole",
                                  printable(boot->name)),
                      "boot until multi-user, cloud-init or reader")};
  const Values exits = step_exits(group, boot->name), seconds = step_seconds(group, boot->name);
  const std::size_t trials = group.records.size();
  std::string text = base::counted(values_text(exits), "exit");
  if (exits.size() > trials) text += ", each guest by itself";
  text += fmt::format(", from the guest's creation to the reader's report, in {}",
                      base::counted(trials, "trial"));
  if (!seconds.empty()) text += fmt::format(" of {:.1f} s", seconds.median());
  return {text + " " + cite(group.numbers) + "."};
}

std::string amount(const Pool& counts, double exits) {
  return rate_text(exits / double(std::max<std::size_t>(1, counts.counts)));
}

Lines answer_frequency(const Group& group) {
  Lines lines;
  for (const std::string& step : step_names(group)) {
    const Pool counts = pool(group, step);
    if (counts.entries.empty()) continue;
    std::string text = fmt::format("{}: most frequent ", printable(step));
    for (std::size_t i = 0; i < std::min(most_shown, counts.entries.size()); ++i) {
      const Pool::Entry& entry = counts.entries[i];
      text += fmt::format("{}{} ({}, {}%)", i ? ", " : "", printable(entry.name),
                          amount(counts, entry.exits), share(entry.exits, counts.exits));
    }
    const double fewest = counts.entries.back().exits;
    std::size_t same = 0;
    std::string least;
    for (const Pool::Entry& entry : counts.entries) {
      if (entry.exits > fewest || ++same > least_shown) continue;
      least += (least.empty() ? "" : ", ") + printable(entry.name);
    }
    if (same > least_shown) least += fmt::format(" and {} more", same - least_shown);
    text += fmt::format("; least frequent of those that happened {} ({}{})", least,
                        amount(counts, fewest), same > 1 ? " each" : "");
    lines.push_back(text + (counts.counts > 1 ? ", means of all trials " : " ") +
                    cite(group.numbers) + ".");
  }
  if (lines.empty()) return {no_answer("no step has counts by reason", "a passed trial")};
  return lines;
}

Lines answer_cycles(const Group& group) {
  Pool counts = pool(group, "");
  std::erase_if(counts.entries, [](const Pool::Entry& entry) { return entry.timed_exits == 0; });
  if (counts.entries.empty())
    return {no_answer("no reason's cycles are known", "trials whose reader reports cycles")};
  const auto per_exit = [](const Pool::Entry& entry) { return entry.cycles / entry.timed_exits; };
  std::ranges::stable_sort(counts.entries, std::greater(), per_exit);
  std::string text;
  for (const Pool::Entry& entry : counts.entries)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", printable(entry.name),
                        rate_text(per_exit(entry)));
  return {fmt::format("Cycles an exit in the handler, mean over all steps{}: {} {}.",
                      record::is_emulated(group.conditions)
                          ? " (emulated: an emulator's time-stamp counter, no processor's)"
                          : "",
                      text, cite(group.numbers))};
}

using Asked = Lines (*)(const Group&);

Answer ask(const std::string& question, const std::vector<Group>& groups, Asked asked) {
  Answer answer{question, {}};
  for (const Group& group : groups)
    answer.parts.push_back({groups.size() > 1 ? group.label : "", asked(group)});
  return answer;
}

Lines evidence(std::span<const Record> records) {
  Lines lines;
  std::size_t others = 0;
  for (const Record& record : records) {
    if (record.outcome == record::Outcome::passed)
      lines.push_back(fmt::format("[{}] {}  {}", lines.size() + 1, printable(record.id),
                                  printable(record.trial)));
    else
      ++others;
  }
  if (lines.empty()) lines.emplace_back("none");
  if (others > 0) lines.push_back(fmt::format("{} that did not pass: not used", others));
  return lines;
}

// Explains the words that the answers use.
Lines footnotes(const std::vector<Group>& groups) {
  Lines notes;
  for (const Group& group : groups)
    for (const Record* record : group.records)
      if (notes.empty() && has_samples(*record))
        notes.push_back(fmt::format("{}; below {} is called stable, below {} roughly so",
                                    variation_meaning(record::rate_window(*record->timeline)),
                                    stable_below, roughly_below));
  if (std::ranges::any_of(groups,
                          [](const Group& group) { return record::is_emulated(group.conditions); }))
    notes.emplace_back(
        "emulated: counts are those of a real processor of that kind; what comes with time "
        "(interrupts, timers, rates) and cycles are the emulator's");
  return notes;
}

std::string paragraph(const Lines& lines, std::size_t indent) {
  std::string text;
  for (const std::string& line : lines) {
    const bool item = line.starts_with("+ ") || line.starts_with("− ");
    text += wrap(line, indent + (item ? 2 : 0), terminal_columns);
  }
  return text;
}

}  // namespace

std::string no_answer(const std::string& why, const std::string& needed) {
  return fmt::format("The data do not allow an answer: {}. Needed: {}.", why, needed);
}

Answers answer(std::span<const Record> records) {
  const std::vector<Group> groups = group(records);
  Answers result{.evidence = evidence(records)};
  if (groups.empty()) {
    result.notes.push_back(no_answer("no record that passed is among those chosen",
                                     "lab run scenarios/boot-count.yaml"));
    return result;
  }
  result.answers = {
      ask("1. Does the number of exits grow at a stable rate?", groups, answer_stability),
      ask("2. Are there operations with more exits?", groups, answer_operations),
      ask("3. How many exits does a full boot take?", groups, answer_boot),
      ask("4. Which exit types are the most and the least frequent?", groups, answer_frequency),
      ask("5. How many cycles does each take?", groups, answer_cycles),
      {"6. What changes between nested paging and shadow paging, and why?",
       {{"", answer_paging(groups)}}}};
  Answer added{"7. What does each cell add to the first one, and by which causes?", {}};
  for (auto& [label, lines] : additions(groups)) added.parts.push_back({label, std::move(lines)});
  if (!added.parts.empty()) result.answers.push_back(std::move(added));
  result.notes = footnotes(groups);
  return result;
}

std::string answers(std::span<const Record> records) {
  const Answers all = answer(records);
  std::string text = "evidence\n";
  for (const std::string& line : all.evidence) text += "  " + line + "\n";
  for (const Answer& answer : all.answers) {
    text += "\n" + wrap(answer.question, 0, terminal_columns);
    for (const Answer::Part& part : answer.parts) {
      if (!part.label.empty()) text += wrap(part.label, 2, terminal_columns);
      text += paragraph(part.lines, part.label.empty() ? 2 : 4);
    }
  }
  for (const std::string& note : all.notes) text += "\n" + wrap(note, 0, terminal_columns);
  return text;
}

}  // namespace lab::report
