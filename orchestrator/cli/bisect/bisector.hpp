// SPDX-License-Identifier: MIT
// Bisects with real trials: finds the first point whose exits differ from those before.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/bisect/log.hpp"
#include "orchestrator/bisect/search.hpp"
#include "orchestrator/cli/bisect/prefetch.hpp"
#include "orchestrator/cli/bisect/subject.hpp"
#include "orchestrator/cli/trials/measure.hpp"

namespace lab::cli {

class Bisector {
 public:
  // `log` is empty but for its request, or belongs to a bisection to go on with. It is written to
  // `file` after each answer.
  Bisector(bisect::Log log, std::filesystem::path file, TrialOptions options);

  // Tests the ends, searches and verifies. Throws a user error where the ends are not as they
  // should be. Returns the command's exit code: exit_no_data where points that cannot be tested
  // hide the culprit, or where the ends' trials vary too much.
  base::ExitCode run();

  // Returns the result after run(): the culprit, how it was found, how it differs from its parent.
  std::string text() const;

 private:
  using Points = std::vector<std::size_t>;

  void check_ends() const;
  void refuse_equal_ends() const;
  bool test_ends();
  void allow_what_follows();
  void search();
  void verify(std::size_t culprit);
  void try_revert(const bisect::Point& culprit);

  State state(const bisect::Point& point) const;
  void test(const Points& wanted);
  Points to_run(const Points& wanted);
  // Answers without a run where it can; returns nullopt where the point has to run.
  std::optional<bisect::Entry> answer_early(const bisect::Point& point);
  std::optional<bisect::Entry> answer_of_equal(const bisect::Point& point) const;
  std::string build(const bisect::Point& point) const;
  void prepare(const Points& running);
  void take(const bisect::Point& point, bisect::Entry entry);
  // Runs more trials of these points, beside those that they have.
  void measure_more(const std::vector<bisect::Point>& points);
  bisect::Entry judge(const bisect::Point& point);
  const Measured& measured(const bisect::Point& point);

  std::string log_text() const;
  std::string confidence_text() const;

  bisect::Log log_;
  std::filesystem::path file_;
  TrialOptions options_;
  base::Folders folders_;
  std::string setting_;
  std::vector<bisect::Point> points_;
  std::optional<bisect::Search> search_;
  std::map<std::string, Measured> measured_;     // by the point's id
  std::map<std::string, std::string> contents_;  // what build() returned, by the point's id
  check::GateOptions gate_;
  std::optional<Subject> subject_;
  bool sampled_ = false;  // counts vary, so statistics decide the answers
  std::optional<Prefetch> prefetch_;
  std::vector<std::string> verified_;
};

}  // namespace lab::cli
