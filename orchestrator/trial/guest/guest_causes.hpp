// SPDX-License-Identifier: MIT
// The causes of a guest's exits, step by step: taken from the kernel where the step's counts are,
// and named later, as a guest can say the names of its code only while it runs.
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

// Of a guest whose causes are not counted, all of it does nothing.
class GuestCauses {
 public:
  // Error (infrastructure) where causes are wanted and the modules count none.
  GuestCauses(const GuestCounters& counters, bool wanted);

  bool wanted() const { return wanted_; }

  // A step begins with the reader's last report, or now.
  void begin();
  void begin_by_host();

  // It ends with the reader's last report. `since`: where it began. The check says whether the
  // causes add up to the step's counts.
  enum class Since { creation, beginning, mark };
  std::optional<exits::Check> end(const std::string& step, Since since,
                                  const exits::StepCounts& counts, const std::string& check);
  // It ends now, by a latch of the host's. `counts` was read a moment before and gets the exits of
  // that latch, so that both are of one moment; its cycles stay.
  std::optional<exits::Check> end_by_host(const std::string& step, exits::StepCounts& counts,
                                          const std::string& check);

  bool has_unnamed() const { return !unnamed_.empty(); }
  // Of all steps that have no names yet: the addresses of the guest's kernel, ascending.
  std::vector<std::uint64_t> addresses_to_name(std::size_t limit) const;
  // Names them, and gives them to the guest's steps among `steps`; those of `without_symbols` keep
  // the addresses of the guest's kernel.
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
