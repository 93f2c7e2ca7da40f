// SPDX-License-Identifier: MIT
#include "orchestrator/kvm/detail_tracepoints.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/machine/this_machine.hpp"
#include "orchestrator/base/text.hpp"
#include "orchestrator/kvm/tracepoint.hpp"

namespace lab::kvm {
namespace {

namespace fs = std::filesystem;

struct DetailHistogram {
  std::string tracepoint;
  std::vector<std::string> keys;
  unsigned entries;  // a power of two from 128 to 131072
  std::string filter = {};
};

// kvm_cpuid's key includes ecx, so each value that a guest leaves there makes another entry.
const DetailHistogram pio{"kvm_pio", {"rw", "port", "size"}, 4096};
const DetailHistogram msr{"kvm_msr", {"write", "ecx"}, 4096};
const DetailHistogram cpuid{"kvm_cpuid", {"function", "index"}, 16384};
const DetailHistogram cr{"kvm_cr", {"rw", "cr"}, 128};
// Needs an entry for each 4 KiB page where the host does not map the guest's RAM by 2 MiB.
const DetailHistogram page_faults{"kvm_page_fault", {"fault_address", "error_code"}, 131072};
const DetailHistogram mmio{"kvm_mmio", {"gpa", "type"}, 32768};
const DetailHistogram fast_mmio{"kvm_fast_mmio", {"gpa"}, 1024};
// Counts SVM's nested page faults at a device's page (EXITINFO1, bit 3) with a type in EXITINTINFO.
const DetailHistogram delivering{"kvm_exit",
                                 {"info2", "info1"},
                                 4096,
                                 " if exit_reason == 0x400 && info1 & 8 && intr_info & 0x700"};

// Is an instance of tracefs, so that an event's file contains no other histogram.
const fs::path instance = "instances/lab-details";

std::vector<const DetailHistogram*> all_histograms() {
  return {&pio, &msr, &cpuid, &cr, &page_faults, &mmio, &fast_mmio, &delivering};
}

fs::path event_folder(const std::string& tracepoint) {
  return instance / "events/kvm" / tracepoint;
}

std::string trigger(const DetailHistogram& histogram) {
  std::string keys;
  for (const std::string& key : histogram.keys) keys += (keys.empty() ? "" : ",") + key;
  return "hist:keys=" + keys + ":size=" + std::to_string(histogram.entries) + histogram.filter;
}

HistogramEvents read_histogram(const DetailHistogram& histogram) {
  try {
    return parse_histogram(
        base::read_file(fs::path(tracefs_root) / event_folder(histogram.tracepoint) / "hist"),
        histogram.keys);
  } catch (const base::Error& error) {
    throw base::infrastructure_error("histogram of kvm:" + histogram.tracepoint + ": " +
                                     error.what());
  }
}

// Returns the number after "NAME:" in "{ rw:  1, port:  1016, size:  1 } hitcount:  123".
std::uint64_t parse_value(std::string_view line, const std::string& name) {
  const std::string before = " " + name + ":";
  const std::size_t at = line.find(before);
  if (at == std::string_view::npos)
    throw base::infrastructure_error("no '" + name + "' in '" + std::string(line) + "'");
  line.remove_prefix(std::min(line.find_first_not_of(' ', at + before.size()), line.size()));
  std::uint64_t value = 0;
  const auto [stop, error] = std::from_chars(line.data(), line.data() + line.size(), value);
  if (error != std::errc())
    throw base::infrastructure_error("'" + name + "' is no number in '" + std::string(line) + "'");
  return value;
}

exits::TracedDetails::PairEvents read_pairs(const DetailHistogram& histogram) {
  exits::TracedDetails::PairEvents events;
  for (const auto& [values, hits] : read_histogram(histogram))
    events[{values.at(0), values.at(1)}] += hits;
  return events;
}

exits::TracedDetails::Events read_details(
    const DetailHistogram& histogram,
    std::uint64_t (*detail)(const std::vector<std::uint64_t>& values)) {
  exits::TracedDetails::Events events;
  for (const auto& [values, hits] : read_histogram(histogram)) events[detail(values)] += hits;
  return events;
}

}  // namespace

bool DetailTracepoints::possible() {
  return fs::exists(fs::path(tracefs_root) / "events/kvm" / pio.tracepoint / "hist");
}

DetailTracepoints::DetailTracepoints() {
  make_tracefs_instance(instance);
  try {
    for (const DetailHistogram* histogram : all_histograms()) {
      write_tracefs(event_folder(histogram->tracepoint) / "trigger", trigger(*histogram));
      set_.push_back(histogram->tracepoint);
    }
  } catch (...) {
    remove();
    throw;
  }
}

DetailTracepoints::~DetailTracepoints() {
  remove();
}

void DetailTracepoints::remove() {
  for (const DetailHistogram* histogram : all_histograms()) {
    if (std::ranges::find(set_, histogram->tracepoint) == set_.end()) continue;
    try {
      write_tracefs(event_folder(histogram->tracepoint) / "trigger", "!" + trigger(*histogram));
    } catch (const std::exception& error) {
      spdlog::warn("{}", error.what());
    }
  }
  std::error_code error;
  fs::remove(fs::path(tracefs_root) / instance, error);
  if (error) spdlog::warn("remove '{}' of tracefs: {}", instance.string(), error.message());
}

exits::TracedDetails DetailTracepoints::read() const {
  exits::TracedDetails traced;
  traced.pio = read_details(pio, [](const std::vector<std::uint64_t>& values) {
    constexpr std::uint64_t in = 1 << 24;
    return values[1] | values[2] << 16 | (values[0] == 0 ? in : 0);
  });
  traced.msr = read_details(
      msr, [](const std::vector<std::uint64_t>& values) { return values[1] | values[0] << 32; });
  traced.cpuid = read_details(
      cpuid, [](const std::vector<std::uint64_t>& values) { return values[0] | values[1] << 32; });
  traced.cr = read_details(cr, [](const std::vector<std::uint64_t>& values) {
    constexpr std::uint64_t write = 1 << 8;
    return values[1] | (values[0] != 0 ? write : 0);
  });
  traced.page_faults = read_pairs(page_faults);
  traced.mmio = read_pairs(mmio);
  traced.fast_mmio =
      read_details(fast_mmio, [](const std::vector<std::uint64_t>& values) { return values[0]; });
  traced.delivering = read_pairs(delivering);
  traced.has_decode_assists = base::cpu_has("decodeassists");  // Linux's name of the feature
  return traced;
}

HistogramEvents parse_histogram(std::string_view text, const std::vector<std::string>& keys) {
  HistogramEvents events;
  for (const std::string_view line : base::split_lines(text)) {
    if (line.starts_with("{")) {
      std::vector<std::uint64_t> values;
      for (const std::string& key : keys) values.push_back(parse_value(line, key));
      events[values] += parse_value(line, "hitcount");
    } else if (line.find(" Dropped:") != std::string_view::npos &&
               parse_value(line, "Dropped") != 0) {
      throw base::infrastructure_error("dropped " + std::to_string(parse_value(line, "Dropped")) +
                                       " events for which it had no room");
    }
  }
  return events;
}

}  // namespace lab::kvm
