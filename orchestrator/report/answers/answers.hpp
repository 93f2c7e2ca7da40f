// SPDX-License-Identifier: MIT
// Answers the usual questions about an experiment, in sentences with numbers and evidence.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "orchestrator/record/record.hpp"
#include "orchestrator/report/evidence.hpp"

namespace lab::report {

struct Answer {
  struct Part {
    std::string label;  // names a group of equal conditions; "" where there is only one
    std::vector<std::string> lines;
  };
  std::string question;
  std::vector<Part> parts;
};

struct Answers {
  std::vector<std::string> evidence;  // "[1] 2025...  boot-count#1", cited as [1]
  std::vector<Answer> answers;        // none where no record passed
  std::vector<std::string> notes;
};

// Answers six questions: is the rate stable; which operations have more exits; how many has a boot;
// the most and least frequent reasons; cycles of each; nested against shadow paging. Where trials
// have causes, a seventh: what each cell adds to the scenario's first. Uses the passed records,
// grouped by equal conditions. An answer that they do not allow states why, and what is needed.
Answers answer(std::span<const record::Record> records);
std::string answers(std::span<const record::Record> records);  // as text for the terminal

// Returns the lines of the sixth answer, for answers() only: "what changes between nested paging
// and shadow paging, and why".
std::vector<std::string> answer_paging(const std::vector<Group>& groups);

// Returns the text of an answer that cannot be given.
std::string no_answer(const std::string& why, const std::string& needed);

}  // namespace lab::report
