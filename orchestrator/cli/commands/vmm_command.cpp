// SPDX-License-Identifier: MIT
// Tests the patched modules with lab's own tiny VMM, inside an outer VM or on any machine whose KVM
// is patched.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/exits/layout.hpp"
#include "orchestrator/inside/job.hpp"
#include "orchestrator/kvm/modules/kmod.hpp"
#include "orchestrator/vmm/cost.hpp"
#include "orchestrator/vmm/tests/tests.hpp"

namespace lab::cli {
namespace {

struct VmmOptions {
  vmm::CostOptions cost;
  vmm::FuzzOptions fuzz;
  vmm::ReadingOptions reading;
  unsigned times = 100;
  std::uint64_t nested_exits = 10'000;
  bool nested = false, no_tracing = false;
  std::string leaf = "1", modules = std::string(inside::job_place) + "/modules";
};

void print_line(const std::string& line) {
  base::write_all(STDOUT_FILENO, line + "\n", "standard output");
}

std::uint32_t wanted_leaf(const std::string& text) {
  if (text == "total") {
    const auto layout = exits::parse_layout(kvm::parameter("kvm", "exit_layout"));
    if (!layout) throw base::user_error("--leaf total: the kvm module that is loaded has none");
    return exits::total_leaf(*layout);
  }
  try {
    return static_cast<std::uint32_t>(std::stoul(text, nullptr, 0));
  } catch (const std::exception&) {
    throw base::user_error("--leaf '" + text + "': a number, or total");
  }
}

int cost(VmmOptions options) {
  options.cost.leaf = wanted_leaf(options.leaf);
  if (options.nested) options.cost.kind = vmm::ExitKind::nested;
  print_line(options.nested
                 ? fmt::format("{} exits of a guest's own guest, {} times", options.cost.exits,
                               options.cost.repeats)
                 : fmt::format("{} exits of CPUID leaf {:#x}, {} times", options.cost.exits,
                               options.cost.leaf, options.cost.repeats));
  for (const vmm::Cost& one : vmm::measure_cost(options.cost))
    print_line(fmt::format("exit {:.1f} ns {:.1f} ticks", one.nanoseconds, one.ticks));
  return base::exit_ok;
}

// Prints a JSON line for each variant and kind of exit, for `lab bench overhead`.
int print_overhead(const VmmOptions& options) {
  const auto print = [](const vmm::VariantCost& variant) {
    nlohmann::json line{
        {"variant", variant.name}, {"exit", to_string(variant.kind)}, {"why", variant.why}};
    if (variant.bytes) line["bytes"] = *variant.bytes;
    line["ticks"] = line["nanoseconds"] = nlohmann::json::array();
    for (const vmm::Cost& one : variant.costs) {
      line["ticks"].push_back(one.ticks);
      line["nanoseconds"].push_back(one.nanoseconds);
    }
    print_line(line.dump());
  };
  try {
    vmm::CostOptions cost = options.cost;
    cost.tracing = !options.no_tracing;
    vmm::measure_overhead(options.modules, base::find_folders().runtime, cost, print);
  } catch (const base::Error& error) {
    print_line(nlohmann::json{{"error", error.what()}}.dump());
  }
  print_line(R"({"end":true})");
  return base::exit_ok;
}

int print_report(const vmm::Report& report) {
  for (const std::string& line : report.lines) print_line(line);
  for (const std::string& fault : report.faults) print_line("fault: " + fault);
  print_line(report.fault_count == 0 ? "ok" : fmt::format("{} faults", report.fault_count));
  return report.fault_count == 0 ? base::exit_ok : base::exit_regression;
}

void add_tests(const Command& command, const std::shared_ptr<VmmOptions>& options) {
  using Test = vmm::Report (*)(const VmmOptions&);
  const auto add = [&](const char* name, const char* description, Test test) {
    const Command added = command.add_subcommand(name, description);
    added.runs([options, test] { return print_report(test(*options)); });
    return added;
  };
  const auto add_repeated = [&](const char* name, const char* description, Test test) {
    const Command added = add(name, description, test);
    added.add_option("--times", options->times).shows_default();
    return added;
  };
  add("numbers", "Every exit number on every leaf",
      [](const VmmOptions&) { return vmm::test_numbers(); });
  const Command fuzz = add("fuzz", "Random leaves and numbers",
                           [](const VmmOptions& o) { return vmm::test_fuzz(o.fuzz); });
  fuzz.add_option("--seconds", options->fuzz.seconds).shows_default();
  fuzz.add_number("--vcpus", options->fuzz.vcpus, "", 1, 8);
  fuzz.add_option("--seed", options->fuzz.seed).shows_default();
  const Command reading = add("reading", "Counts read between interrupts",
                              [](const VmmOptions& o) { return vmm::test_reading(o.reading); });
  reading.add_number("--times", options->reading.times, "", 1, 1'000'000);
  reading.add_number("--vcpus", options->reading.vcpus, "", 1, 8);
  reading.add_option("--idle", options->reading.idle, "More vCPUs, which never run").range(0, 1000);
  reading.add_number("--microseconds", options->reading.microseconds, "", 1, 1'000'000);
  add_repeated("create", "Make and end VMs; look for leaks",
               [](const VmmOptions& o) { return vmm::test_create(o.times); });
  add_repeated("reload", "Swap the modules; look for leaks",
               [](const VmmOptions& o) {
                 return vmm::test_reload(o.times, o.modules, base::find_folders().runtime);
               })
      .add_option("--modules", options->modules)
      .shows_default();
  add("wrap", "Past 2^32 exits (exit_preset=4294966296)",
      [](const VmmOptions&) { return vmm::test_wrap(); });
  add("nested", "The exits of a guest's own guest (SVM)",
      [](const VmmOptions& o) { return vmm::test_nested(o.nested_exits); })
      .add_option("--exits", options->nested_exits)
      .shows_default();
  add_repeated("causes", "Exits whose causes are known (exit_causes=4096)",
               [](const VmmOptions& o) { return vmm::test_causes(o.times); });
  add_repeated("failed", "VM entries that the processor refuses",
               [](const VmmOptions& o) { return vmm::test_failed(o.times); });
  add_repeated("interrupts", "Interrupts that arrive once each",
               [](const VmmOptions& o) { return vmm::test_interrupts(o.times); });
  add_repeated("priority", "The task priority while an interrupt is pending",
               [](const VmmOptions& o) { return vmm::test_priority(o.times); });
}

void add_cost_options(const Command& command, VmmOptions& options) {
  command.add_number("--exits", options.cost.exits, "Of each kind in a run", 1, 10'000'000);
  command.add_option("--repeats", options.cost.repeats, "Runs").shows_default();
}

}  // namespace

void add_vmm(const Command& app) {
  const auto options = std::make_shared<VmmOptions>();
  const Command command = app.add_subcommand("vmm", "Test the patched modules by a tiny VMM");
  command.hide();
  command.require_subcommand();

  add_tests(command, options);
  const Command cost_command = command.add_subcommand("cost", "Time an exit");
  add_cost_options(cost_command, *options);
  cost_command.add_option("--leaf", options->leaf, "CPUID leaf, or total").shows_default();
  cost_command.add_flag("--nested", options->nested, "Of the guest's own guest instead (SVM)");
  cost_command.runs([options] { return cost(*options); });

  const Command overhead_command =
      command.add_subcommand("overhead", "Time an exit under each module variant (JSON lines)");
  add_cost_options(overhead_command, *options);
  overhead_command.add_option("--modules", options->modules).shows_default();
  overhead_command.add_flag("--no-tracing", options->no_tracing, "Not with what traces exits");
  overhead_command.runs([options] { return print_overhead(*options); });
}

}  // namespace lab::cli
