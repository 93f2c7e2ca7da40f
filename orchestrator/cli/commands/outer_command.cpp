// SPDX-License-Identifier: MIT
// Starts an outer VM by hand, for looking around in it and for debugging.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/files/run_folder.hpp"
#include "orchestrator/base/process/interrupt.hpp"
#include "orchestrator/base/text.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/option_values.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/trials/trial_runner.hpp"
#include "orchestrator/guest/agent.hpp"
#include "orchestrator/guest/channel.hpp"
#include "orchestrator/guest/domain/domain.hpp"
#include "orchestrator/outer/job_layout.hpp"
#include "orchestrator/outer/machine/back_end.hpp"
#include "orchestrator/outer/run_job.hpp"
#include "orchestrator/outer/stream/read_stream.hpp"
#include "orchestrator/run/doctor/probe.hpp"
#include "orchestrator/run/outer_jobs.hpp"
#include "orchestrator/run/run.hpp"
#include "orchestrator/terminal/progress.hpp"

namespace lab::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* domain_name = "lab-outer";

struct OuterOptions {
  std::string site = "auto", kernel;
  std::vector<std::string> command, scenarios;
  unsigned timeout = 600;
};

fs::path disk_folder(const base::Folders& folders) {
  return folders.cache / "outer";
}

bool is_up(virConnect* connection) {
  const auto names = guest::domains_with_prefix(connection, domain_name);
  return std::ranges::find(names, domain_name) != names.end();
}

// An outer VM by hand is one more VM, even inside another VM, where choose_site() returns `here`.
const record::Site& wanted_site(const std::string& name) {
  if (name != "auto") return outer::outer_site(name);
  return run::choose_site().site == &record::site_kvm ? record::site_kvm : record::site_svm;
}

// Returns the kernel that the user names, or else the only one that the scenarios name.
std::string wanted_kernel(const OuterOptions& options,
                          const std::vector<scenario::TrialPlan>& plans) {
  if (!options.kernel.empty() || plans.empty()) return read_kernel(options.kernel);
  const std::string& first = plans.front().settings.kernel;
  for (const scenario::TrialPlan& plan : plans)
    if (plan.settings.kernel != first)
      throw base::user_error("the scenarios want several kernels; one outer VM has one",
                             "say which: --kernel KERNEL");
  return first;
}

// Lets the machine run, and waits for the guest agent and for the job disk: the agent may answer
// before systemd has mounted the disk (lab-job).
void start(virConnect* connection, guest::Domain& domain, const fs::path& console_socket) {
  constexpr double patience = 300;  // seconds: a busy machine emulates slowly
  guest::Console console(guest::connect_to_guest(console_socket));
  domain.resume();
  const base::Stopwatch watch;
  const std::string there =
      fmt::format("until [ -e {}/start ]; do sleep 0.2; done", inside::job_place);
  for (;;) {
    try {
      guest::agent_run(connection, domain_name, there, std::chrono::seconds(30));
      return;
    } catch (const base::Error& error) {
      if (error.kind() == base::ErrorKind::interrupted) throw;
      console.read();
      if (console.panicked() || !domain.running())
        throw outer::outer_failure("the outer VM ended while it started", console);
      if (watch.seconds() > patience)
        throw outer::outer_failure(
            fmt::format("the outer VM was not there within {:.0f} s: {}", patience, error.what()),
            console);
      base::sleep_interruptibly(0.5);
    }
  }
}

void throw_away(const base::Folders& folders, virConnect* connection) {
  guest::destroy_domain(connection, domain_name);
  fs::remove_all(disk_folder(folders));
  fs::remove_all(folders.runtime / "outer");
}

int up(const OuterOptions& options) {
  const base::Folders folders = base::find_folders();
  const guest::ConnectionPtr connection = guest::connect(guest::default_uri());
  if (is_up(connection.get()))
    throw base::user_error("the outer VM is up already",
                           "lab outer exec COMMAND, or lab outer down");
  terminal::Progress progress;
  const record::Site& site = wanted_site(options.site);
  if (site.machine == record::Site::Machine::bochs)
    throw base::user_error("--on vmx: Bochs has no way in for lab outer exec",
                           "lab outer run --on vmx COMMAND");
  const std::vector<scenario::TrialPlan> plans =
      make_plans(load_scenarios(options.scenarios, {}), {});
  const run::OuterJob outer =
      run::make_outer_job(site, wanted_kernel(options, plans), plans, folders, std::ref(progress));
  progress.phase("outer VM");
  const fs::path sockets = folders.runtime / "outer";
  fs::remove_all(disk_folder(folders));
  fs::create_directories(disk_folder(folders) / "job");
  fs::create_directories(sockets);
  guest::Domain domain(connection.get(),
                       outer::lay_out_outer(outer.image, outer.job, domain_name,
                                            disk_folder(folders), sockets, outer::start_nothing),
                       guest::Lifetime::stays);
  try {
    start(connection.get(), domain, sockets / "console");
  } catch (...) {
    throw_away(folders, connection.get());
    throw;
  }
  progress.clear();
  fmt::print("the outer VM is up as libvirt domain '{}'\n", domain_name);
  return base::exit_ok;
}

int exec(const OuterOptions& options) {
  const std::string line = base::joined(options.command);
  const guest::ConnectionPtr connection = guest::connect(guest::default_uri());
  if (!is_up(connection.get())) throw base::user_error("no outer VM is up", "lab outer up");
  const guest::AgentOutcome outcome =
      guest::agent_run(connection.get(), domain_name, line, std::chrono::seconds(options.timeout));
  base::write_all(STDOUT_FILENO, outcome.output, "standard output");
  base::write_all(STDERR_FILENO, outcome.errors, "standard error");
  return outcome.exit_code;
}

// Returns the exit code in the line that ends a command's output; checks it, as it is not trusted.
int exit_code_in(std::string_view line) {
  if (const auto code = base::parse_number<std::uint8_t>(line)) return *code;
  throw base::infrastructure_error("the outer VM's stream: no exit code at its end");
}

// Ends a command's output: a line of this mark and the exit code follows.
constexpr char end_mark = '\x1e';  // ASCII's record separator

// Starts an outer VM for one command.
int run_in_outer_vm(const OuterOptions& options) {
  const base::Folders folders = base::find_folders();
  terminal::Progress progress;
  const record::Site& site = wanted_site(options.site);
  const run::OuterJob outer =
      run::make_outer_job(site, read_kernel(options.kernel), {}, folders, std::ref(progress));
  const base::RunFolder folder(folders);
  const guest::DomainSpec spec = outer::lay_out_outer(
      outer.image, outer.job, "lab-outer-" + folder.id(), folder.path(), folder.sockets(),
      fmt::format("exec >{} 2>&1 </dev/null\n({})\nprintf '\\036%d\\n' $?", inside::stream_place,
                  base::joined(options.command)));
  progress.phase("outer VM");
  const auto machine = outer::back_end(site).start(outer.image, spec, folder.path());
  int code = base::exit_infrastructure;
  const double limit = options.timeout;
  constexpr double any = std::numeric_limits<double>::infinity();
  outer::read_stream(*machine, {.silence = any, .whole = limit, .line = 1 << 20},
                     [&](const std::string& line) {
                       progress.clear();
                       // The mark is not at the front where the output before it ends without a
                       // newline.
                       const std::size_t mark = line.rfind(end_mark);
                       if (mark == std::string::npos) {
                         base::write_all(STDOUT_FILENO, line + "\n", "standard output");
                         return false;
                       }
                       base::write_all(STDOUT_FILENO, line.substr(0, mark), "standard output");
                       code = exit_code_in(std::string_view(line).substr(mark + 1));
                       return true;
                     });
  return code;
}

int outer_status() {
  const guest::ConnectionPtr connection = guest::connect(guest::default_uri());
  fmt::print("{}\n", is_up(connection.get()) ? "up" : "down");
  return base::exit_ok;
}

int down() {
  throw_away(base::find_folders(), guest::connect(guest::default_uri()).get());
  return base::exit_ok;
}

}  // namespace

void add_outer(const Command& app) {
  const auto options = std::make_shared<OuterOptions>();
  const Command outer = app.add_subcommand("outer", "An outer VM by hand");
  outer.require_subcommand();

  const Command up_command = outer.add_subcommand("up", "Start one and wait until it answers");
  up_command.add_option("--on", options->site, "Site: auto, kvm or svm").shows_default();
  up_command.add_option("--kernel", options->kernel,
                        "Its kernel, as of kvm.kernel: release, series, suite, newest or a path");
  up_command.add_option("scenario", options->scenarios,
                        fmt::format("Scenarios whose job is to be at hand in it: {}/run starts it",
                                    inside::job_place));
  up_command.runs([options] { return up(*options); });

  const Command run_command = outer.add_subcommand(
      "run", "Start one for one shell command as root, and print what that prints");
  run_command.add_option("command", options->command, "The command").required();
  run_command.add_option("--on", options->site, "Site: auto, kvm, svm or vmx").shows_default();
  run_command.add_option("--kernel", options->kernel, "Its kernel, as of lab outer up");
  run_command.add_option("--timeout", options->timeout, "Seconds").shows_default();
  run_command.positionals_at_end();
  run_command.runs([options] { return run_in_outer_vm(*options); });

  const Command exec_command = outer.add_subcommand("exec", "Run a shell command in it as root");
  exec_command.add_option("command", options->command, "The command").required();
  exec_command.add_option("--timeout", options->timeout, "Seconds").shows_default();
  exec_command.positionals_at_end();
  exec_command.runs([options] { return exec(*options); });

  outer.add_subcommand("status", "Whether one is up").runs([] { return outer_status(); });
  outer.add_subcommand("down", "End it and throw its disk away").runs([] { return down(); });
}

}  // namespace lab::cli
