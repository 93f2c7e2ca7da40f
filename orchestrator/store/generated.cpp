// SPDX-License-Identifier: MIT
#include "orchestrator/store/generated.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <numeric>

#include "orchestrator/exits/reasons/reasons.hpp"

namespace lab::store {
namespace {

constexpr auto vendor = exits::Vendor::svm;
constexpr unsigned repeats = 5;
constexpr std::chrono::seconds apart{60};
constexpr std::chrono::sys_days last_day =
    std::chrono::year(2025) / std::chrono::November / std::chrono::day(21);

// Returns conditions like those of `lab run --on svm`.
record::Conditions conditions(const record::Record& record, bool shadow, unsigned vcpus) {
  return {{"clock", "automatic"},
          {"console", "quiet"},
          {"cpu_model", "AMD EPYC Processor"},
          {"devices", "pc, serial, virtio-blk, virtio-serial"},
          {"emulated", "true"},
          {"guest_cpu", "host"},
          {"guest_kernel", "6.1.0-56-cloud-amd64"},
          {"guests", "1"},
          {"huge_pages", "off"},
          {"image", "debian-12"},
          {"image_digest", "sha256:" + std::string(64, 'd')},
          {"ksm", "off"},
          {"lab_version", "0.1.0"},
          {"layout", "descending"},
          {"machine", "pc"},
          {"memory", "768 MiB"},
          {"module_parameters", shadow ? "exit_layout=descending npt=0" : "npt=1"},
          {"nesting_depth", "2"},
          {"outer_kernel", "6.1.0-56-amd64"},
          {"paging", shadow ? "shadow" : "nested"},
          {"patch_version", "1-8337b4496ed7"},
          {"samples", "0"},
          {"site", "svm"},
          {"vcpus", std::to_string(vcpus)},
          {"vendor", "svm"},
          {"start_time", record::format_time(record.start_time)},
          {"repeat", std::to_string(record.repeat)}};
}

}  // namespace

GeneratedRecords::GeneratedRecords(std::size_t trials, std::size_t reasons)
    : trials_(trials), reasons_(std::min(reasons, exits::reasons(vendor).size())) {}

record::Record GeneratedRecords::next() {
  const unsigned in_run = unsigned(made_ % run_trials), cell = in_run / repeats;
  const bool shadow = cell % 2 == 1;
  const unsigned vcpus = cell / 2 + 1;
  record::Record record;
  record.start_time = last_day - apart * std::int64_t(trials_ - std::min(trials_, made_));
  record.id = record::make_id(record.start_time, std::uint32_t(random_()));
  if (in_run == 0) run_ = record.id;
  record.run = run_;
  record.scenario = fmt::format("{}{:02}", scenario_prefix, made_ / run_trials % scenarios);
  record.repeat = in_run % repeats + 1;
  record.trial = fmt::format("{}[paging={} vcpus={}]#{}", record.scenario,
                             shadow ? "shadow" : "nested", vcpus, record.repeat);
  record.site = "svm";
  record.outcome = random_() % 100 == 0 ? record::Outcome::failed : record::Outcome::passed;
  record.conditions = conditions(record, shadow, vcpus);
  record.steps = {step("boot", reasons_, 0, 66.25), step("idle", (reasons_ + 4) / 5, 66.3, 10)};
  record.host = host(record.steps);
  for (const char* name : {"sum of reasons = total: boot", "guest = host: boot",
                           "total = KVM's own: boot", "at rest: sum of reasons = total"})
    record.checks.push_back(
        {name, true, record.steps[0].exits, record.steps[0].exits, "sum of the reasons; total"});
  record.timings = {{{record::Phase::Kind::outer_vm}, 3.5},
                    {{record::Phase::Kind::modules}, 0.01},
                    {{record::Phase::Kind::step, "boot"}, 66.25},
                    {{record::Phase::Kind::trial}, 78.5}};
  ++made_;
  return record;
}

// Makes each reason about half as frequent as the one before, as in a boot; counts vary by up to a
// tenth from trial to trial.
record::Step GeneratedRecords::step(const std::string& name, std::size_t reasons, double begin,
                                    double seconds) {
  exits::StepCounts counts{0, 0, {}, 328, true};
  const auto known = exits::reasons(vendor);
  // The stride is coprime to the number of reasons, so each occurs once, and the frequent ones are
  // not the first of the table.
  std::size_t stride = 7;
  while (std::gcd(stride, known.size()) != 1) ++stride;
  std::uint64_t usual = 100'000;
  for (std::size_t i = 0; i < reasons; ++i) {
    const std::uint64_t exits = usual + random_() % (usual / 10 + 1);
    counts.reasons.push_back({known[i * stride % known.size()].number, exits, exits * 4321});
    counts.exits += exits;
    usual = std::max<std::uint64_t>(usual / 2, 3);
  }
  counts.cycles = counts.exits * 4321;
  record::Step step = record::make_step(name, vendor, counts);
  step.begin = begin;
  step.seconds = seconds;
  step.exit_code = 0;
  return step;
}

record::Host GeneratedRecords::host(const std::vector<record::Step>& steps) {
  record::Host host;
  for (const record::Reason& reason : steps[0].reasons) {
    exits::HostReason entry;
    entry.number = reason.number;
    entry.name = reason.name;
    entry.exits = reason.exits;
    entry.cycles = reason.exits * 4321;
    entry.to_entry = reason.exits * 5678;
    host.total.exits += entry.exits;
    host.reasons.push_back(std::move(entry));
  }
  host.total.cycles = host.total.exits * 4321;
  host.total.to_entry = host.total.exits * 5678;
  host.vcpus = {
      {0, host.total.exits, host.total.cycles, host.total.to_entry, host.total.exits, {}}};
  return host;
}

}  // namespace lab::store
