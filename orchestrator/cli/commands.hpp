// SPDX-License-Identifier: MIT
// Declares the subcommands. Each function adds one to the command line, with the action it runs.
#pragma once

#include <string>

#include "orchestrator/cli/parser.hpp"

namespace lab::cli {

void add_doctor(const Command& app);
void add_validate(const Command& app);
void add_kvm(const Command& app);
void add_image(const Command& app);
void add_run(const Command& app);
void add_lane(const Command& app);
void add_provide(const Command& app);
void add_clean(const Command& app);
void add_outer(const Command& app);
void add_results(const Command& app);
void add_help(const Command& app);  // and completion, man
void add_top(const Command& app);
void add_report(const Command& app);
void add_compare(const Command& app);
void add_causes(const Command& app);
void add_baseline(const Command& app);
void add_check(const Command& app);
// A night starts `program` (a lab) for each run and check. With "" no night can begin.
void add_nightly(const Command& app, const std::string& program);
void add_try(const Command& app);
void add_bisect(const Command& app);
void add_bench(const Command& app);
void add_bench_lanes(const Command& bench);  // lab bench lanes
void add_bench_load(const Command& bench);   // lab bench load
void add_bench_run(const Command& bench);    // lab bench run
void add_bench_store(const Command& bench);  // lab bench store
void add_bench_gate(const Command& bench);   // lab bench gate
void add_bench_power(const Command& bench);  // lab bench power
void add_vmm(const Command& app);            // hidden: tests inside an outer VM
void add_job(const Command& app);            // hidden: an outer VM runs it

}  // namespace lab::cli
