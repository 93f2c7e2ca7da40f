// SPDX-License-Identifier: MIT
// The subcommands. Each adds itself to the command line and, when chosen, sets the action that
// main runs; the action returns the exit code.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace lab::cli {

using Action = std::function<int()>;

void add_doctor(CLI::App& app, Action& action);
void add_validate(CLI::App& app, Action& action);
void add_kvm(CLI::App& app, Action& action);
void add_image(CLI::App& app, Action& action);
void add_run(CLI::App& app, Action& action);
void add_outer(CLI::App& app, Action& action);
void add_results(CLI::App& app, Action& action);
void add_help(CLI::App& app, Action& action);  // and completion, man
void add_top(CLI::App& app, Action& action);
void add_report(CLI::App& app, Action& action);
void add_compare(CLI::App& app, Action& action);
void add_baseline(CLI::App& app, Action& action);
void add_check(CLI::App& app, Action& action);
void add_bench(CLI::App& app, Action& action);
void add_bench_load(CLI::App& bench, Action& action);   // lab bench load
void add_bench_run(CLI::App& bench, Action& action);    // lab bench run
void add_bench_store(CLI::App& bench, Action& action);  // lab bench store
void add_bench_gate(CLI::App& bench, Action& action);   // lab bench gate
void add_vmm(CLI::App& app, Action& action);            // hidden: tests inside an outer VM
void add_job(CLI::App& app, Action& action);            // hidden: what an outer VM runs

}  // namespace lab::cli
