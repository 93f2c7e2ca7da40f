// SPDX-License-Identifier: MIT
// Runs work in a thread of its own, beside the caller's.
#pragma once

#include <exception>
#include <functional>
#include <thread>

namespace lab::base {

class Beside {
 public:
  explicit Beside(std::function<void()> work);
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;
  // Interrupts unfinished work (interrupted() is then true in its thread) and waits for its end. An
  // exception of the work is lost unless wait() was called.
  ~Beside();

  // Waits until the work is done. Throws what the work threw.
  void wait();

 private:
  std::exception_ptr failure_;
  std::jthread thread_;  // the last member: it uses the other
};

}  // namespace lab::base
