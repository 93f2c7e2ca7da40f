// SPDX-License-Identifier: MIT
// Answers, in sentences with numbers and evidence, to what is asked of every such experiment.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "orchestrator/record/record.hpp"
#include "orchestrator/report/evidence.hpp"

namespace lab::report {

struct Answer {
  struct Part {
    std::string label;  // of a group of equal conditions; "" where there is but one
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

// Six questions: is the rate stable; which operations have more exits; how many has a boot; the
// most and least frequent reasons; cycles of each; nested against shadow paging. Of trials that
// have causes a seventh: what each cell adds to the scenario's first. From the passed
// records; those with equal conditions are put together. Where they do not allow an answer, that
// is said and what is needed.
Answers answer(std::span<const record::Record> records);
std::string answers(std::span<const record::Record> records);  // as text for the terminal

// The last one's lines, for answers() only: "what changes between nested paging and shadow paging,
// and why".
std::vector<std::string> answer_paging(const std::vector<Group>& groups);

// How an answer begins that cannot be given.
std::string no_answer(const std::string& why, const std::string& needed);

}  // namespace lab::report
