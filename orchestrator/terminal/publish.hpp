// SPDX-License-Identifier: MIT
// What running labs tell of their guests, for `lab top` in another terminal: a file a lane in the
// run's folder, replaced each second, gone with the trial.
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
  std::string key;    // the same as long as it is the same guest
  std::string phase;  // "step idle"; may be empty
  double taken = 0;   // seconds of CLOCK_MONOTONIC, the same in all processes
  std::string trial;
  std::string node;      // the machine, where it may be another one
  trial::Sample sample;  // with reasons
};

// Of all labs of this user that run now. What cannot be read has just gone.
std::vector<LiveGuest> published(const base::Folders& folders);

double monotonic_seconds();

}  // namespace lab::terminal
