// SPDX-License-Identifier: MIT
#include "orchestrator/cli/bisect/prefetch.hpp"

#include <chrono>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/interrupt.hpp"
#include "orchestrator/base/process/subprocess.hpp"

namespace lab::cli {

Prefetch::Prefetch(std::vector<std::string> kernels,
                   std::function<bool(const std::string&)> worth_it)
    : thread_([this, kernels = std::move(kernels),
               worth_it = std::move(worth_it)](const std::stop_token& stop) {
        for (const std::string& kernel : kernels) try {
            if (!stop.stop_requested() && worth_it(kernel)) build(kernel, stop);
          } catch (const base::Error&) {
          }
      }) {}

Prefetch::~Prefetch() {
  finish({});
}

void Prefetch::finish(const std::set<std::string>& wanted) {
  {
    const std::lock_guard lock(mutex_);
    wanted_ = wanted;
  }
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Prefetch::build(const std::string& kernel, const std::stop_token& stop) {
  const std::string lab = base::this_program().string();
  base::Process process({.argv = {lab, "kvm", "build", "--kernel", kernel}});
  while (process.running() && !base::interrupted() && (!stop.stop_requested() || is_wanted(kernel)))
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
}

bool Prefetch::is_wanted(const std::string& kernel) {
  const std::lock_guard lock(mutex_);
  return wanted_.contains(kernel);
}

}  // namespace lab::cli
