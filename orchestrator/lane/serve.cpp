// SPDX-License-Identifier: MIT
#include "orchestrator/lane/serve.hpp"

#include <fcntl.h>
#include <poll.h>

#include <array>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/process/interrupt.hpp"
#include "orchestrator/lane/protocol/lines.hpp"

namespace lab::lane {
namespace {

class Server {
 public:
  explicit Server(const Service& service) : service_(service), lines_(max_work_bytes) {}

  void run() {
    send(to_json(service_.greeting));
    std::jthread listener([this](const std::stop_token& stop) { listen(stop); });
    while (const auto line = next()) work(*line);
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  // Waits for the next piece of work; returns nullopt when there will be none.
  std::optional<std::string> next() {
    std::unique_lock lock(mutex_);
    for (;;) {
      if (over_) return std::nullopt;
      base::throw_if_interrupted();
      if (!waiting_.empty()) break;
      changed_.wait_for(lock, std::chrono::milliseconds(100));
    }
    std::string line = std::move(waiting_.front());
    waiting_.pop_front();
    return line;
  }

  void work(const std::string& line) {
    try {
      const Work work = work_from_json(line);
      // Such an End is an outer VM's; the lane sends its own below.
      service_.run(work, [this](const trial::Event& event) {
        if (!event.is<trial::End>()) send(trial::to_json(event));
      });
    } catch (const base::Error& error) {
      send(trial::to_json({.what = error}));
      if (error.kind() == base::ErrorKind::interrupted && !is_over()) throw;
    } catch (const std::exception& error) {
      send(trial::to_json({.what = base::infrastructure_error(error.what())}));
    }
    send(trial::to_json({.what = trial::End()}));
  }

  // Ignores a reader that is gone: the listener notices it, too, and ends the lane.
  void send(const std::string& line) {
    const std::lock_guard lock(output_mutex_);
    if (deaf_) return;
    try {
      base::write_all(service_.output, line + "\n", "lab run");
    } catch (const base::Error&) {
      deaf_ = true;
    }
  }

  void listen(const std::stop_token& stop) {
    base::Stopwatch heard, said;
    try {
      for (bool open = true; open && !stop.stop_requested();) {
        pollfd fd{service_.input, POLLIN, 0};
        if (::poll(&fd, 1, 200) > 0) open = lines_.read(service_.input);
        while (auto line = lines_.next()) {
          heard.restart();
          take(std::move(*line));
        }
        if (said.seconds() > alive_every(service_.silence)) {
          send(std::string(alive_line));
          said.restart();
        }
        if (heard.seconds() > service_.silence || is_deaf()) break;
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      failure_ = std::current_exception();
    }
    if (!stop.stop_requested()) finish();
  }

  void take(std::string line) {
    if (line == alive_line) return;
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(line));
    changed_.notify_all();
  }

  void finish() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
      changed_.notify_all();
    }
    service_.interrupt();
  }

  bool is_over() {
    const std::lock_guard lock(mutex_);
    return over_;
  }
  bool is_deaf() {
    const std::lock_guard lock(output_mutex_);
    return deaf_;
  }

  const Service& service_;
  Lines lines_;
  std::mutex output_mutex_;
  bool deaf_ = false;  // nobody reads the output any more
  std::mutex mutex_;   // guards all that follows
  std::condition_variable changed_;
  std::deque<std::string> waiting_;
  bool over_ = false;
  std::exception_ptr failure_;
};

}  // namespace

void serve(const Service& service) {
  Server(service).run();
}

}  // namespace lab::lane
