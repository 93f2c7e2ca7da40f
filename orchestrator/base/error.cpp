// SPDX-License-Identifier: MIT
#include "orchestrator/base/error.hpp"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <system_error>

namespace lab::base {
namespace {

constexpr ExitCode from_best_to_worst[] = {
    exit_ok,        exit_regression, exit_no_data,        exit_guest_failed,
    exit_timed_out, exit_usage,      exit_infrastructure, exit_interrupted};

const ExitCode* find_rank(int code) {
  const auto* found = std::ranges::find(from_best_to_worst, ExitCode(code));
  return found != std::end(from_best_to_worst) ? found : find_rank(exit_infrastructure);
}

}  // namespace

ExitCode exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::user:
      return exit_usage;
    case ErrorKind::infrastructure:
      return exit_infrastructure;
    case ErrorKind::timed_out:
      return exit_timed_out;
    case ErrorKind::interrupted:
      return exit_interrupted;
  }
  return exit_infrastructure;
}

ExitCode worse(int one, int other) {
  return *std::max(find_rank(one), find_rank(other));
}

Error user_error(const std::string& what, std::string hint) {
  return Error(ErrorKind::user, what, std::move(hint));
}

Error infrastructure_error(const std::string& what, std::string hint) {
  return Error(ErrorKind::infrastructure, what, std::move(hint));
}

Error errno_error(const std::string& operation, const std::string& object, int error_number) {
  const std::string hint =
      error_number == ENOSPC
          ? "free some space there, or set XDG_CACHE_HOME or TMPDIR to a larger disk"
          : "";
  return infrastructure_error(
      operation + " '" + object + "': " + std::generic_category().message(error_number), hint);
}

}  // namespace lab::base
