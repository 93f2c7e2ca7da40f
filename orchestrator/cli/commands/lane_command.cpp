// SPDX-License-Identifier: MIT
// Runs a lane: `lab run --via` starts it, here or on another machine.
#include <signal.h>
#include <unistd.h>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/interrupt.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/lane/serve.hpp"
#include "orchestrator/run/run.hpp"

namespace lab::cli {
namespace {

// Interrupts as SIGTERM does. After a first SIGTERM, a second one would end the process at once.
void interrupt_this_process() {
  if (!base::interrupted()) ::kill(::getpid(), SIGTERM);
}

int serve_trials() {
  const base::Folders folders = base::find_folders();
  lane::serve({.input = STDIN_FILENO,
               .output = STDOUT_FILENO,
               .greeting = lane::this_lane(),
               .run =
                   [&](const lane::Work& work, const trial::Sink& sink) {
                     const run::RunOptions options{.site = work.site,
                                                   .verify_tracepoint = work.verify_tracepoint,
                                                   .time_scale = work.time_scale};
                     if (work.provide)
                       run::fill_caches(work.plans, options, folders, sink);
                     else
                       run::run_plans(
                           work.plans, options, folders, [] { return false; }, sink);
                   },
               .interrupt = interrupt_this_process});
  return base::exit_ok;
}

}  // namespace

void add_lane(const Command& app) {
  const Command command =
      app.add_subcommand("lane", "Serve trials for lab run --via: lab help machines");
  command.runs(serve_trials);
}

}  // namespace lab::cli
