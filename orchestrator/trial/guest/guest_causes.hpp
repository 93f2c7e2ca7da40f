// SPDX-License-Identifier: MIT
// Reads the causes of a guest's exits for each step when it reads the step's counts from the
// kernel, and names them later, as a guest can name its code only while it runs.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "orchestrator/causes/memory_tree.hpp"
#include "orchestrator/causes/place.hpp"
#include "orchestrator/exits/causes.hpp"
#include "orchestrator/record/record.hpp"
#include "orchestrator/trial/host/host.hpp"

namespace lab::trial {

// Does nothing at all for a guest whose causes are not counted.
class GuestCauses {
 public:
  // Throws an infrastructure error where causes are wanted and the modules count none.
  GuestCauses(const GuestCounters& counters, bool wanted);

  bool wanted() const { return wanted_; }

  // Begin a step, at the reader's last report or now.
  void begin();
  void begin_by_host();

  // Ends the step at the reader's last report. `since` is where it began. The check compares the
  // sum of the causes with the step's counts.
  enum class Since { creation, beginning, mark };
  std::optional<exits::Check> end(const std::string& step, Since since,
                                  const exits::StepCounts& counts, const std::string& check);
  // Ends the step now, by a latch on the host. `counts` was read a moment before; it gets the exits
  // of that latch, so that both are of the same moment, and keeps its cycles.
  std::optional<exits::Check> end_by_host(const std::string& step, exits::StepCounts& counts,
                                          const std::string& check);

  bool has_unnamed() const { return !unnamed_.empty(); }
  // Returns the addresses of the guest's kernel in all steps without names yet, in ascending order.
  std::vector<std::uint64_t> addresses_to_name(std::size_t limit) const;
  // Names the causes and adds them to the guest's steps among `steps`; in the steps of
  // `without_symbols` the guest's kernel keeps its addresses.
  void name(const causes::Symbols& symbols, const causes::MemoryTree& tree,
            const std::set<std::string>& without_symbols, exits::Vendor vendor, std::uint32_t guest,
            std::vector<record::Step>& steps);

 private:
  struct StepCauses {
    std::string step;
    exits::Causes causes;
  };

  std::optional<exits::Check> add(const std::string& step, const exits::Causes& causes,
                                  const exits::StepCounts& counts, const std::string& check);

  const GuestCounters& counters_;
  bool wanted_;
  exits::Causes began_;
  std::map<std::uint32_t, std::uint64_t> began_reasons_;  // by the host
  std::vector<StepCauses> unnamed_;
};

}  // namespace lab::trial
