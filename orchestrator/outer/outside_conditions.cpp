// SPDX-License-Identifier: MIT
#include "orchestrator/outer/run_job.hpp"

#include <spdlog/spdlog.h>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/machine/this_machine.hpp"
#include "orchestrator/inside/version.hpp"

namespace lab::outer {
namespace {

std::string describe_emulator(const Site& site, const OuterImage& image) {
  try {
    return image.emulator ? in_words(*image.emulator) : back_end(site).packaged_version();
  } catch (const base::Error& error) {
    if (error.kind() == base::ErrorKind::interrupted) throw;
    spdlog::debug("the emulator's version: {}", error.what());
    return "";
  }
}

// Returns "0123456789ab" of "sha256:0123456789abcdef...".
std::string digest_beginning(const std::string& digest) {
  return digest.substr(digest.find(':') + 1).substr(0, 12);
}

}  // namespace

record::Conditions outside_conditions(const OuterImage& image, const inside::Job& job) {
  record::Conditions conditions;
  const auto set = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) conditions[std::string(key)] = value;
  };
  // Set outside: inside, a longer version text would shift the exits of exact trials.
  set(record::condition::lab_version, inside::version());
  set(record::condition::emulator, describe_emulator(*job.site, image));
  set(record::condition::outer_image, digest_beginning(image.digest));
  if (!job.site->emulated) set(record::condition::host_kernel, base::running_kernel());
  if (!inside::has_own_clock(job)) set(record::condition::host, base::this_host());
  return conditions;
}

}  // namespace lab::outer
