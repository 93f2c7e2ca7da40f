// SPDX-License-Identifier: MIT
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>

#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/machine/this_machine.hpp"
#include "orchestrator/base/process/first_process.hpp"
#include "orchestrator/base/process/interrupt.hpp"
#include "orchestrator/cli/lab.hpp"

int main(int argc, char** argv) {
  lab::base::leave_first_process();
  lab::base::add_system_folders_to_path();
  lab::base::catch_interrupts();
  const auto logger = std::getenv("NO_COLOR") == nullptr ? spdlog::stderr_color_mt("lab")
                                                         : spdlog::stderr_logger_mt("lab");
  logger->set_pattern("lab: %^%l%$: %v");
  spdlog::set_default_logger(logger);
  spdlog::set_level(spdlog::level::warn);
  return lab::cli::run_lab(argc, argv, lab::base::this_program());
}
