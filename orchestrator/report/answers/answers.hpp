// SPDX-License-Identifier: MIT
// Answers the usual questions about an experiment, in sentences with numbers and evidence.
#pragma once

#include <span>
#include <string>
#include <utility>
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

// These explain by causes why counts differ, where trials have them, for answers() only.

// Returns one sentence with the causes by which step `most` has more exits a second than `fewest`;
// "" where the trials do not have causes of both.
std::string why_more(const Group& group, const std::string& most, const std::string& fewest);

// Returns the largest changes of single causes from a to b in exits a trial, one sentence each,
// like "+ IOIO io 0x3f8 serial port: write 1, io_serial_out: 3,748 → 20,619.". Returns none where
// either side has no causes of the step.
std::vector<std::string> changed_causes(const Group& a, const Group& b, const std::string& step);

// Compares each cell with the first one of its scenario, step by step; returns labels and lines.
// Compares only cells that have causes, on one site and of one vendor.
std::vector<std::pair<std::string, std::vector<std::string>>> additions(
    const std::vector<Group>& groups);

}  // namespace lab::report
