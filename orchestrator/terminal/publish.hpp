// SPDX-License-Identifier: MIT
// Publishes the samples of running guests for `lab top` in another terminal: one file a lane in the
// run's folder, replaced each second and removed when the trial ends.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/trial/stream/event.hpp"

namespace lab::terminal {

class LivePublisher {
 public:
  explicit LivePublisher(std::filesystem::path folder) : folder_(std::move(folder)) {}
  ~LivePublisher();

  void take(const trial::Event& event);

 private:
  std::filesystem::path file(unsigned lane) const;

  std::filesystem::path folder_;
  std::map<unsigned, std::string> phases_;  // by lane
};

struct LiveGuest {
  std::string key;    // identifies the guest
  std::string phase;  // "step idle"; may be empty
  double taken = 0;   // seconds of CLOCK_MONOTONIC, the same in all processes
  std::string trial;
  std::string node;      // the machine, where it may be another one
  trial::Sample sample;  // with reasons
};

// Returns the guests of all running labs of this user. Skips files that vanish or cannot be read.
std::vector<LiveGuest> published(const base::Folders& folders);

double monotonic_seconds();

}  // namespace lab::terminal
