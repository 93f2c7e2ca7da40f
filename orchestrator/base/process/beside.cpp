// SPDX-License-Identifier: MIT
#include "orchestrator/base/process/beside.hpp"

#include <utility>

#include "orchestrator/base/process/interrupt.hpp"

namespace lab::base {

Beside::Beside(std::function<void()> work)
    : thread_([this, work = std::move(work)](const std::stop_token& stop) {
        interrupt_thread_by(stop);
        try {
          work();
        } catch (...) {
          failure_ = std::current_exception();
        }
      }) {}

Beside::~Beside() = default;  // a jthread asks for the stop and joins

void Beside::wait() {
  thread_.join();
  if (failure_) std::rethrow_exception(failure_);
}

}  // namespace lab::base
