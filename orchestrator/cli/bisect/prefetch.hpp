// SPDX-License-Identifier: MIT
// Builds modules that may be needed next, while trials run.
#pragma once

#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace lab::cli {

class Prefetch {
 public:
  // Builds one kernel after the other in lab processes, which can be ended in the middle. Leaves
  // out those that are not `worth_it`. Reports no failure: the caller that needs the kernel will.
  Prefetch(std::vector<std::string> kernels, std::function<bool(const std::string&)> worth_it);
  ~Prefetch();  // ends the build under way

  // Waits for the build under way where it is one of these, else ends it; begins no more.
  void finish(const std::set<std::string>& wanted);

 private:
  void build(const std::string& kernel, const std::stop_token& stop);
  bool is_wanted(const std::string& kernel);

  std::mutex mutex_;
  std::set<std::string> wanted_;
  std::jthread thread_;  // the last member: it uses the others
};

}  // namespace lab::cli
