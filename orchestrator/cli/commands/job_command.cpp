// SPDX-License-Identifier: MIT
// Runs in an outer VM: runs the job of its disk and writes the events as lines to a port.
#include <fcntl.h>
#include <linux/major.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <memory>
#include <optional>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/standing_clock.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/inside/job.hpp"

namespace lab::cli {
namespace {

struct JobOptions {
  std::string job, stream;
};

bool is_printer(const base::Fd& device) {
  struct stat found {};
  return ::fstat(device.get(), &found) == 0 && S_ISCHR(found.st_mode) &&
         major(found.st_rdev) == LP_MAJOR;
}

int run_job(const JobOptions& options) {
  const base::Fd stream(::open(options.stream.c_str(), O_WRONLY | O_CLOEXEC));
  if (!stream) throw base::errno_error("open", options.stream, errno);
  const bool prints = is_printer(stream);
  const trial::Sink sink = [&](const trial::Event& event) {
    // The driver waits for the printer by looking at the clock.
    std::optional<base::GoingClock> printing;
    if (prints) printing.emplace();
    base::write_all(stream.get(), trial::to_json(event) + "\n", options.stream);
  };
  int code = base::exit_ok;
  try {
    sink(trial::other_phase("outer VM is up"));
    inside::run_job(inside::job_from_json(base::read_file(options.job)), base::find_folders(),
                    sink);
  } catch (const base::Error& error) {
    sink({.what = error});
    code = base::exit_code(error.kind());
  } catch (const std::exception& error) {
    sink({.what = base::infrastructure_error(error.what())});
    code = base::exit_infrastructure;
  }
  sink({.what = trial::End()});
  return code;
}

}  // namespace

void add_job(const Command& app) {
  const auto options = std::make_shared<JobOptions>();
  const Command command = app.add_subcommand("job", "Run a job file (inside an outer VM)");
  command.hide();
  command.add_option("job", options->job).required();
  command.add_option("stream", options->stream).required();
  command.runs([options] { return run_job(*options); });
}

}  // namespace lab::cli
