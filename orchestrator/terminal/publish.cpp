// SPDX-License-Identifier: MIT
#include "orchestrator/terminal/publish.hpp"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <system_error>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/json.hpp"

namespace lab::terminal {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

constexpr const char* file_begin = "live-";
constexpr std::size_t file_limit = 1u << 20;

// Returns a folder's entries; none where the folder has just vanished.
std::vector<fs::path> entries(const fs::path& folder) {
  std::vector<fs::path> paths;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    paths.push_back(at->path());
  return paths;
}

}  // namespace

LivePublisher::~LivePublisher() {
  std::error_code ignored;
  for (const auto& [lane, phase] : phases_) fs::remove(file(lane), ignored);
}

fs::path LivePublisher::file(unsigned lane) const {
  return folder_ / fmt::format("{}{}", file_begin, lane);
}

// Ignores a file that cannot be written: only lab top misses it.
void LivePublisher::take(const trial::Event& event) {
  if (const auto* begun = event.get<trial::PhaseBegun>())
    phases_[event.lane] = event.trial.empty() ? "" : record::in_words(begun->phase);
  if (event.is<record::Record>() || event.is<trial::End>() || event.is<base::Error>()) {
    std::error_code ignored;
    fs::remove(file(event.lane), ignored);
  }
  const auto* sample = event.get<trial::Sample>();
  if (sample == nullptr || sample->reasons.empty()) return;
  const json object = {{"phase", phases_[event.lane]},
                       {"taken", monotonic_seconds()},
                       {"trial", event.trial},
                       {"node", event.node},
                       {"sample", trial::to_object(*sample)}};
  try {
    base::write_file(file(event.lane), base::dump_json(object));
  } catch (const base::Error&) {
  }
}

std::vector<LiveGuest> published(const base::Folders& folders) {
  std::vector<LiveGuest> guests;
  for (const fs::path& run : entries(folders.runtime)) {
    for (const fs::path& file : entries(run)) {
      const std::string name = file.filename();
      if (!name.starts_with(file_begin) || name.find('.') != std::string::npos) continue;
      try {
        const json object = base::parse_json<json>(base::read_file(file, file_limit));
        LiveGuest guest{.key = file,
                        .phase = base::field<std::string>(object, "phase"),
                        .taken = base::field<double>(object, "taken"),
                        .trial = base::field<std::string>(object, "trial"),
                        .node = object.value("node", ""),
                        .sample = trial::sample_from_object(base::need(object, "sample"))};
        guest.key += guest.trial;
        guests.push_back(std::move(guest));
      } catch (const std::exception&) {
      }
    }
  }
  return guests;
}

double monotonic_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace lab::terminal
