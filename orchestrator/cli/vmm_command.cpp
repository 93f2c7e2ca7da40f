// SPDX-License-Identifier: MIT
// Tests of the patched modules by a tiny VMM of lab's own; run inside an outer VM, or on any
// machine whose KVM is patched.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/folders.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/exits/layout.hpp"
#include "orchestrator/kvm/kmod.hpp"
#include "orchestrator/vmm/cost.hpp"

namespace lab::cli {
namespace {

struct Options {
  vmm::CostOptions cost;
  std::string leaf = "1", modules = "/run/lab/job/modules";
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

int cost(Options options) {
  options.cost.leaf = wanted_leaf(options.leaf);
  print_line(fmt::format("{} exits of CPUID leaf {:#x}, {} times", options.cost.exits,
                         options.cost.leaf, options.cost.repeats));
  for (const vmm::Cost& one : vmm::measure_cost(options.cost))
    print_line(fmt::format("exit {:.1f} ns {:.1f} ticks", one.nanoseconds, one.ticks));
  return base::exit_ok;
}

// For lab bench overhead: a JSON line for each variant.
int overhead(const Options& options) {
  const auto print = [](const vmm::VariantCost& variant) {
    nlohmann::json line{{"variant", variant.name}, {"why", variant.why}};
    line["ticks"] = line["nanoseconds"] = nlohmann::json::array();
    for (const vmm::Cost& one : variant.costs) {
      line["ticks"].push_back(one.ticks);
      line["nanoseconds"].push_back(one.nanoseconds);
    }
    print_line(line.dump());
  };
  try {
    vmm::measure_overhead(options.modules, base::find_folders().runtime, options.cost, print);
  } catch (const base::Error& error) {
    print_line(nlohmann::json{{"error", error.what()}}.dump());
  }
  print_line(R"({"end":true})");
  return base::exit_ok;
}

void add_cost_options(CLI::App& command, Options& options) {
  command.add_option("--exits", options.cost.exits, "CPUIDs a run")->capture_default_str();
  command.add_option("--repeats", options.cost.repeats, "Runs")->capture_default_str();
}

}  // namespace

void add_vmm(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("vmm", "Test the patched modules by a tiny VMM");
  command->group("");  // hidden
  command->require_subcommand(1);

  CLI::App* cost_command = command->add_subcommand("cost", "Time an exit");
  add_cost_options(*cost_command, *options);
  cost_command->add_option("--leaf", options->leaf, "CPUID leaf, or total")->capture_default_str();
  cost_command->callback([&action, options] { action = [options] { return cost(*options); }; });

  CLI::App* overhead_command =
      command->add_subcommand("overhead", "Time an exit under each module variant (JSON lines)");
  add_cost_options(*overhead_command, *options);
  overhead_command->add_option("--modules", options->modules)->capture_default_str();
  overhead_command->callback(
      [&action, options] { action = [options] { return overhead(*options); }; });
}

}  // namespace lab::cli
