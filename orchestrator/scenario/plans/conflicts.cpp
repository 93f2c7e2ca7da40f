// SPDX-License-Identifier: MIT
#include "orchestrator/scenario/plans/draft.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "orchestrator/base/text/boolean.hpp"
#include "orchestrator/scenario/yaml/values.hpp"

namespace lab::scenario {
namespace {

using Found = std::optional<Conflict>;

// Returns whether a word of a kernel's command line begins with `start`, or equals it (`whole`).
bool has_argument(std::string_view cmdline, std::string_view start, bool whole) {
  for (std::size_t at = 0; (at = cmdline.find(start, at)) != std::string_view::npos; ++at) {
    const std::size_t end = at + start.size();
    const bool begins = at == 0 || cmdline[at - 1] == ' ';
    const bool ends = !whole || end == cmdline.size() || cmdline[end] == ' ';
    if (begins && ends) return true;
  }
  return false;
}

Found scope_conflict(const SaidText& said) {
  const std::string* word = said("kvm.scope");
  const std::string* parameter = said("kvm.parameters.exit_scope");
  if (!word || !parameter || *word == *parameter) return std::nullopt;
  return Conflict{
      "kvm.parameters.exit_scope",
      fmt::format("kvm.parameters.exit_scope = {} contradicts kvm.scope {}", *parameter, *word),
      "say it once, by kvm.scope"};
}

Found causes_conflict(const Settings& settings) {
  const auto scope = settings.parameters.find("exit_scope");
  if (settings.causes == 0 || scope == settings.parameters.end() || scope->second != "host")
    return std::nullopt;
  return Conflict{
      "kvm.causes",
      fmt::format("kvm.causes {} beside kvm.scope host: causes are a guest's own", settings.causes),
      "kvm.scope vm, or no causes"};
}

Found memory_conflict(const Settings& settings) {
  constexpr std::uint64_t huge_page = 2ull << 20;
  if (!settings.huge_pages || settings.memory % huge_page == 0) return std::nullopt;
  return Conflict{
      "guest.memory",
      fmt::format("guest.memory {} is no multiple of a huge page", memory_text(settings.memory)),
      "with guest.huge_pages, a multiple of 2 MiB"};
}

Found scratch_conflict(const SaidText& said) {
  if (said("guest.scratch.size")) return std::nullopt;
  for (const char* key : {"guest.scratch.bus", "guest.scratch.cache"}) {
    if (!said(key)) continue;
    return Conflict{key, fmt::format("{} without guest.scratch.size", key),
                    "say how large, as in 'size: 256 MiB'"};
  }
  return std::nullopt;
}

Found cmdline_conflict(const Settings& settings) {
  if (settings.clock != Clock::automatic && has_argument(settings.cmdline, "clocksource=", false)) {
    return Conflict{"guest.cmdline",
                    fmt::format("clocksource= in guest.cmdline beside guest.clock {}",
                                to_string(settings.clock)),
                    "say it once, by guest.clock"};
  }
  if (settings.console == Console::verbose && has_argument(settings.cmdline, "quiet", true)) {
    return Conflict{"guest.cmdline", "quiet in guest.cmdline contradicts guest.console verbose",
                    "say it once, by guest.console"};
  }
  if (settings.console == Console::none && has_argument(settings.cmdline, "console=ttyS0", false)) {
    return Conflict{"guest.cmdline", "console= in guest.cmdline contradicts guest.console none",
                    "say it once, by guest.console"};
  }
  return std::nullopt;
}

Found kernel_conflict(const Settings& settings, const SaidText& said) {
  if (settings.guest_initrd.empty() || !settings.guest_kernel.empty()) return std::nullopt;
  if (!said("guest.initrd")) return std::nullopt;
  return Conflict{"guest.initrd", "guest.initrd without guest.kernel",
                  "an initrd is for a kernel of your own: name that, too, or leave both out"};
}

// Requires that the console shows the end of the boot where a step waits for it there.
Found boot_conflict(const Settings& settings, const Step& boot) {
  const bool seen_there = boot.until >= BootUntil::kernel;
  const bool silent = settings.console == Console::none ||
                      (settings.console == Console::quiet && boot.until != BootUntil::console);
  if (!seen_there || !silent) return std::nullopt;
  return Conflict{"steps.0",
                  fmt::format("boot until {} is seen on the console, which is {}",
                              to_string(boot.until), to_string(settings.console)),
                  "guest.console: verbose, or boot until reader"};
}

Found step_conflict(const Settings& settings, const Step& step, const std::string& key) {
  const HostAction& action = step.host;
  if (step.kind != StepKind::host) return std::nullopt;
  if (action.kind == ActionKind::pin && action.vcpu >= settings.vcpus) {
    return Conflict{
        key,
        fmt::format("pin vcpu {}: the guest has {}, counted from 0", action.vcpu, settings.vcpus),
        fmt::format("vcpu: 0 to {}, or raise guest.vcpus", settings.vcpus - 1)};
  }
  if (action.kind == ActionKind::balloon && action.memory > settings.memory) {
    return Conflict{key,
                    fmt::format("balloon {} is more than guest.memory {}",
                                memory_text(action.memory), memory_text(settings.memory)),
                    "what the guest keeps: at most its memory"};
  }
  return std::nullopt;
}

std::chrono::milliseconds least_time(const Step& step) {
  const bool pause = step.kind == StepKind::host && step.host.kind == ActionKind::pause;
  if (pause) return step.host.duration;
  return step.kind == StepKind::sleep ? step.duration : std::chrono::milliseconds(0);
}

}  // namespace

Found resolve_paging(Settings& settings) {
  for (const std::string name : {"npt", "ept"}) {
    const auto parameter = settings.parameters.find(name);
    if (parameter == settings.parameters.end()) continue;
    const std::string key = "kvm.parameters." + name, value = parameter->second;
    const std::optional<bool> nested = base::kernel_boolean(value);
    if (!nested) {
      return Conflict{
          key, fmt::format("{} must be on or off (or 1, Y, 0, N), not {}", key, in_quotes(value)),
          "or leave it out and say kvm.paging"};
    }
    const Paging paging = *nested ? Paging::nested : Paging::shadow;
    if (settings.paging.value_or(paging) != paging) {
      return Conflict{
          key,
          fmt::format("{} = {} contradicts {} paging", key, value, to_string(*settings.paging)),
          "say it once, by kvm.paging"};
    }
    settings.paging = paging;
  }
  settings.paging = settings.paging.value_or(Paging::nested);
  return std::nullopt;
}

Found find_conflict(Settings& settings, const std::vector<Step>& steps, const SaidText& said) {
  if (Found found = resolve_paging(settings)) return found;
  if (Found found = scope_conflict(said)) return found;
  if (Found found = causes_conflict(settings)) return found;
  if (Found found = memory_conflict(settings)) return found;
  if (Found found = scratch_conflict(said)) return found;
  if (Found found = cmdline_conflict(settings)) return found;
  if (Found found = kernel_conflict(settings, said)) return found;
  if (Found found = boot_conflict(settings, steps.front())) return found;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (Found found = step_conflict(settings, steps[i], fmt::format("steps.{}", i))) return found;
  }
  return std::nullopt;
}

Found find_conflict(const std::vector<Step>& steps, const Timeouts& timeouts) {
  std::chrono::milliseconds sum{0};
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Step& step = steps[i];
    const auto time = step.kind == StepKind::run ? step.duration : least_time(step);
    sum += least_time(step);
    const std::string key = fmt::format("steps.{}", i);
    if (time >= step.timeout) {
      return Conflict{key,
                      fmt::format("step '{}' takes {}, its timeout is {}", step.name,
                                  duration_text(time), duration_text(step.timeout)),
                      "give it a longer timeout, as in 'timeout: 10 min'"};
    }
    if (sum >= timeouts.trial) {
      return Conflict{key,
                      fmt::format("the steps up to '{}' take {}, timeouts.trial is {}", step.name,
                                  duration_text(sum), duration_text(timeouts.trial)),
                      "raise timeouts.trial"};
    }
  }
  return std::nullopt;
}

}  // namespace lab::scenario
