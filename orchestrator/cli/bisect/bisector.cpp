// SPDX-License-Identifier: MIT
#include "orchestrator/cli/bisect/bisector.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

#include "orchestrator/base/counted.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/cli/bisect/bisect_points.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/kvm/kits/script.hpp"
#include "orchestrator/run/artifacts/artifacts.hpp"

namespace lab::cli {
namespace fs = std::filesystem;
namespace {

using bisect::Answer;
using bisect::Entry;
using bisect::Point;

constexpr unsigned most_batches = 4;  // of trials, where the first are too few to decide

}  // namespace

Bisector::Bisector(bisect::Log log, fs::path file, TrialOptions options)
    : log_(std::move(log)),
      file_(std::move(file)),
      options_(std::move(options)),
      folders_(base::find_folders()) {
  options_.causes = true;
  BisectPoints over = find_points(log_.request);
  setting_ = std::move(over.setting);
  points_ = std::move(over.points);
  search_.emplace(points_);
}

State Bisector::state(const Point& point) const {
  const std::string& source = log_.request.source;
  return {in_words(point), setting_, source.empty() ? point.id : source + "@" + point.id};
}

base::ExitCode Bisector::run() {
  if (!test_ends()) return base::exit_no_data;
  search();
  const std::vector<std::size_t> candidates = search_->candidates();
  if (candidates.size() != 1) return base::exit_no_data;
  verify(candidates.front());
  return base::exit_ok;
}

void Bisector::check_ends() const {
  for (const Point* end : {&points_.front(), &points_.back()}) {
    const Entry* entry = log_.find(end->id);
    if (entry && entry->answer == Answer::skipped)
      throw base::user_error(fmt::format("{} cannot be tested: {}", in_words(*end), entry->note),
                             "an end must build and boot");
  }
}

void Bisector::refuse_equal_ends() const {
  const auto front = contents_.find(points_.front().id), back = contents_.find(points_.back().id);
  if (front == contents_.end() || back == contents_.end() || front->second.empty()) return;
  if (front->second == back->second)
    throw base::user_error(fmt::format("{} and {} have the same kernel and the same modules",
                                       in_words(points_.front()), in_words(points_.back())),
                           "no change between them can be found by exits");
}

// Returns false where trials cannot show what changes from one end to the other.
bool Bisector::test_ends() {
  const Points ends{0, points_.size() - 1};
  const Points open = to_run(ends);
  check_ends();
  refuse_equal_ends();
  std::vector<Point> running;
  for (const std::size_t point : open) running.push_back(points_[point]);
  if (!running.empty()) measure_more(running);
  allow_what_follows();
  const Question question{.wanted = log_.request.subject,
                          .find_fix = log_.request.find_fix,
                          .before = in_words(points_.front()),
                          .after = in_words(points_.back()),
                          .gate = gate_};
  for (unsigned batch = 1; batch <= most_batches && !subject_; ++batch) {
    if (batch > 1) measure_more({points_.front(), points_.back()});
    subject_ = Subject::find(question, measured(points_.front()), measured(points_.back()));
  }
  if (!subject_) return false;
  sampled_ = subject_->judge(measured(points_.front()), measured(points_.back())).sampled;
  for (const std::size_t point : open) take(points_[point], judge(points_[point]));
  return true;
}

// Only the setting differs between the ends, so all conditions in which they differ follow from it.
void Bisector::allow_what_follows() {
  gate_ = gate_for({log_.request.scenario}, setting_, options_);
  const Measured &before = measured(points_.front()), &after = measured(points_.back());
  for (const Measured* side : {&before, &after})
    if (side->cells.empty())
      throw base::user_error(
          fmt::format("{} cannot be tested: {}", side->state.name, side->failure),
          "an end must boot");
  if (setting_ == "kvm.kernel") return;
  for (const auto& [a, b] : check::pair_up(before.cells, after.cells).pairs)
    for (const check::Difference& difference : check::differences(a->conditions, b->conditions))
      gate_.across.insert(difference.key);
}

// Answers "old" unless the subject changed from the beginning by more than its floor, in the ends'
// direction.
Entry Bisector::judge(const Point& point) {
  Subject::Judged judged;
  for (unsigned batch = 1;; ++batch) {
    judged = subject_->judge(measured(points_.front()), measured(point));
    if (!judged.more_trials_tell || batch == most_batches) break;
    say(fmt::format("lab: {}: more trials, as these cannot tell\n",
                    report::printable(in_words(point))));
    measure_more({points_.front(), point});
  }
  Entry entry{.id = point.id,
              .answer = judged.answer,
              .exits = judged.exits,
              .content = contents_[point.id],
              .note = judged.why};
  for (const record::Record& record : measured(point).records) entry.records.push_back(record.id);
  return entry;
}

void Bisector::measure_more(const std::vector<Point>& points) {
  std::vector<State> states;
  for (const Point& point : points) states.push_back(state(point));
  std::vector<Measured> results = measure({log_.request.scenario}, states, options_);
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto earlier = measured_.find(points[i].id);
    std::vector<record::Record> records;
    if (earlier != measured_.end()) records = std::move(earlier->second.records);
    std::ranges::move(results[i].records, std::back_inserter(records));
    for (Entry& entry : log_.entries)
      if (entry.id == points[i].id) {
        entry.records.clear();
        for (const record::Record& record : records) entry.records.push_back(record.id);
      }
    measured_[points[i].id] = as_measured(states[i], std::move(records));
  }
}

const Measured& Bisector::measured(const Point& point) {
  if (const auto found = measured_.find(point.id); found != measured_.end()) return found->second;
  const Entry* entry = log_.find(point.id);
  if (const Entry* same = log_.find_content(entry->content); entry->records.empty() && same)
    entry = same;
  const store::Store store(store_path(options_.store), store::Store::Mode::read_only);
  std::vector<record::Record> records;
  for (const std::string& id : entry->records)
    if (auto record = store.find(id)) records.push_back(std::move(*record));
  if (records.empty())
    throw base::user_error("the store has no more the trials of " + in_words(point),
                           "begin the bisection anew, without --resume");
  const auto tested = std::ranges::find(points_, entry->id, &Point::id);
  return measured_[point.id] =
             as_measured(state(tested == points_.end() ? point : *tested), std::move(records));
}

// Returns a text that identifies the kernel's and the modules' bytes; "" for any other setting.
std::string Bisector::build(const Point& point) const {
  if (setting_ != "kvm.kernel") return "";
  terminal::Progress progress;
  const run::OuterArtifacts outer =
      run::find_or_make_outer(folders_, std::ref(progress), state(point).value);
  progress.clear();
  std::string text = outer.release;
  for (const char* module : {"kvm.ko", "kvm-amd.ko", "kvm-intel.ko"})
    if (fs::exists(outer.modules / module)) text += base::sha256_file(outer.modules / module);
  return base::sha256(text);
}

std::optional<Entry> Bisector::answer_early(const Point& point) {
  try {
    contents_[point.id] = build(point);
  } catch (const kvm::TreeError& error) {
    return Entry{.id = point.id, .note = error.what()};
  }
  return answer_of_equal(point);
}

std::optional<Entry> Bisector::answer_of_equal(const Point& point) const {
  const Entry* same = log_.find_content(contents_.at(point.id));
  if (!same) return std::nullopt;
  return Entry{.id = point.id,
               .answer = same->answer,
               .content = same->content,
               .note = "its modules are those of " + same->id.substr(0, 12)};
}

// Builds kernels that may come next while these run: of a row of points the first ones may be old.
void Bisector::prepare(const Points& running) {
  if (setting_ != "kvm.kernel" || log_.request.source.empty()) return;
  std::vector<std::string> kernels;
  for (std::size_t old_ones = 0; old_ones <= running.size(); ++old_ones) {
    bisect::Search ahead = *search_;
    for (std::size_t i = 0; i < running.size(); ++i)
      ahead.answer(running[i], i < old_ones ? Answer::old_state : Answer::new_state);
    for (const std::size_t next : ahead.next(options_.run.at_once))
      kernels.push_back(state(points_[next]).value);
  }
  // A whole kernel takes minutes, and takes longer where its build was ended in the middle.
  prefetch_.emplace(std::move(kernels), [](const std::string& kernel) {
    const std::string base_and_kvm = kvm::kernel_key(tree_tools(), kernel);
    const fs::path kits = tree_tools().cache / "trees/kits";
    return fs::exists(kits / base_and_kvm.substr(0, base_and_kvm.find(' ')));
  });
}

// Writes the answer to the log before printing it, as a reader may end lab at once.
void Bisector::take(const Point& point, Entry entry) {
  log_.entries.push_back(std::move(entry));
  bisect::write_log(file_, log_);
  const Entry& kept = log_.entries.back();
  const std::string exits = kept.exits ? fmt::format("{:.0f} exits", *kept.exits) : "";
  say(fmt::format("lab: {} {}: {}{}{}\n", to_string(kept.answer),
                  report::printable(in_words(point)), exits,
                  exits.empty() || kept.note.empty() ? "" : "; ", report::printable(kept.note)));
}

// Returns the points without an answer, after it gives all answers that need no run.
Bisector::Points Bisector::to_run(const Points& wanted) {
  if (prefetch_) {
    std::set<std::string> kernels;
    for (const std::size_t point : wanted) kernels.insert(state(points_[point]).value);
    prefetch_->finish(kernels);
    prefetch_.reset();
  }
  Points open;
  for (const std::size_t point : wanted) {
    if (log_.find(points_[point].id)) continue;
    if (auto entry = answer_early(points_[point]))
      take(points_[point], std::move(*entry));
    else
      open.push_back(point);
  }
  return open;
}

void Bisector::test(const Points& wanted) {
  std::vector<Point> running;
  Points open = to_run(wanted), equal;
  std::set<std::string> contents;
  std::erase_if(open, [&](std::size_t point) {
    const std::string& content = contents_.at(points_[point].id);
    const bool is_equal = !content.empty() && !contents.insert(content).second;
    if (is_equal) equal.push_back(point);
    return is_equal;
  });
  if (open.empty()) return;
  for (const std::size_t point : open) running.push_back(points_[point]);
  prepare(open);
  measure_more(running);
  for (const Point& point : running) take(point, judge(point));
  // Of points with equal modules one has run: where it could not be judged, nor can the others.
  for (const std::size_t point : equal)
    take(points_[point],
         answer_of_equal(points_[point])
             .value_or(Entry{.id = points_[point].id, .note = "one with its modules was skipped"}));
}

void Bisector::search() {
  for (std::size_t i = 1; i + 1 < points_.size(); ++i)
    if (const Entry* entry = log_.find(points_[i].id)) search_->answer(i, entry->answer);
  for (auto next = search_->next(options_.run.at_once); !next.empty();
       next = search_->next(options_.run.at_once)) {
    say(fmt::format("lab: {} left, about {}\n",
                    base::counted(search_->candidates().size(), "candidate"),
                    base::counted(search_->tests_left(options_.run.at_once), "test")));
    test(next);
    for (const std::size_t point : next)
      search_->answer(point, log_.find(points_[point].id)->answer);
  }
}

// Tests the culprit and its parents where the search only inferred their answers.
void Bisector::verify(std::size_t culprit) {
  std::vector<std::size_t> around = points_[culprit].parents;
  around.push_back(culprit);
  test(around);
  for (const std::size_t point : around) measured(points_[point]);  // for the text, from the store
  for (const std::size_t point : around) {
    const Entry* entry = log_.find(points_[point].id);
    const bool expected =
        entry->answer == (point == culprit ? Answer::new_state : Answer::old_state);
    verified_.push_back(fmt::format("{}{} is {}{}", point == culprit ? "" : "its parent ",
                                    in_words(points_[point]), to_string(entry->answer),
                                    expected ? "" : ": the answers contradict each other"));
  }
  if (setting_ == "kvm.kernel" && !log_.request.source.empty() && culprit + 1 < points_.size())
    try_revert(points_[culprit]);
}

void Bisector::try_revert(const Point& culprit) {
  const std::string end = log_.request.source + "@" + points_.back().id;
  try {
    const kvm::Commit reverted = kvm::revert(tree_tools(), end, culprit.id);
    const Point point{.id = reverted.id, .subject = reverted.subject};
    std::optional<Entry> entry = answer_early(point);
    if (!entry) {
      measure_more({point});
      entry = judge(point);
    }
    verified_.push_back(fmt::format(
        "taken back on top of {}: {}{}", points_.back().id.substr(0, 12),
        entry->answer == Answer::old_state ? "as before" : std::string(to_string(entry->answer)),
        entry->note.empty() ? "" : " (" + entry->note + ")"));
  } catch (const base::Error& error) {
    if (error.kind() == base::ErrorKind::interrupted) throw;
    verified_.push_back("not taken back on top of the end: " + std::string(error.what()));
  }
}

}  // namespace lab::cli
