// SPDX-License-Identifier: MIT
// Modules that may be asked for next, built while trials run.
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
  // One kernel after the other, by processes of lab's own, which can be ended in the middle. Those
  // that are not `worth_it` are left out. What fails is said by whoever asks for it.
  Prefetch(std::vector<std::string> kernels, std::function<bool(const std::string&)> worth_it);
  ~Prefetch();  // ends what is being built

  // Waits for what is being built where it is one of these, and else ends it; begins nothing more.
  void finish(const std::set<std::string>& wanted);

 private:
  void build(const std::string& kernel, const std::stop_token& stop);
  bool is_wanted(const std::string& kernel);

  std::mutex mutex_;
  std::set<std::string> wanted_;
  std::jthread thread_;  // the last member: it uses the others
};

}  // namespace lab::cli
