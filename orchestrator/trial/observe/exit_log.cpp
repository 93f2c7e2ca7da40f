// SPDX-License-Identifier: MIT
#include "orchestrator/trial/observe/exit_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "orchestrator/base/counted.hpp"
#include "orchestrator/base/text.hpp"
#include "orchestrator/base/text/pattern.hpp"

namespace lab::trial {
namespace {

struct Line {
  std::uint32_t vcpu = 0;
  std::uint64_t total = 0, sum = 0;
};

std::uint64_t number(std::string_view text) {
  return base::parse_number<std::uint64_t>(text).value_or(0);
}

// "kvm: exits: pid 812 vcpu 0: 20000: msr 9000, PF excp 4000, others 7000"
std::vector<Line> parse_lines(const std::vector<std::string>& texts, pid_t pid) {
  static const base::Pattern shape(
      R"(.*kvm: exits: pid ([0-9]{1,10}) vcpu ([0-9]{1,9}): ([0-9]{1,19}):(.*))");
  std::vector<Line> lines;
  for (const std::string& text : texts) {
    const std::vector<std::string> groups = shape.groups(text);
    if (groups.empty() || number(groups[1]) != std::uint64_t(pid)) continue;
    Line line{std::uint32_t(number(groups[2])), number(groups[3])};
    for (const std::string_view count : base::split(groups[4], ','))
      line.sum += number(count.substr(count.rfind(' ') + 1));
    lines.push_back(line);
  }
  return lines;
}

bool some_left_out(const kvm::KernelLog::Lines& lines) {
  return !lines.whole || std::ranges::any_of(lines.texts, [](const std::string& text) {
    return text.find("callbacks suppressed") != std::string::npos;
  });
}

}  // namespace

std::uint64_t exit_log_every(const std::map<std::string, std::string>& parameters) {
  const auto found = parameters.find("exit_log_every");
  return found == parameters.end() ? 0 : number(found->second);
}

exits::Check check_exit_log(const kvm::KernelLog::Lines& lines, pid_t pid,
                            const exits::HostStats& stats, std::uint64_t every) {
  const std::vector<Line> found = parse_lines(lines.texts, pid);
  std::map<std::uint32_t, std::uint64_t> last;
  std::string faults;
  for (const Line& line : found) {
    if (line.sum != line.total)
      faults += fmt::format(" vCPU {}: {} are said to be {};", line.vcpu, line.sum, line.total);
    if (line.total <= last[line.vcpu])
      faults += fmt::format(" vCPU {}: {} after {};", line.vcpu, line.total, last[line.vcpu]);
    last[line.vcpu] = line.total;
  }
  const bool left_out = some_left_out(lines);
  std::uint64_t logged = 0, total = 0;
  for (const exits::HostVcpu& vcpu : stats.by_vcpu) {
    const std::uint64_t at_line = last[vcpu.id];
    logged += at_line;
    total += vcpu.exits;
    if (at_line > vcpu.exits)
      faults += fmt::format(" vCPU {}: {} of {};", vcpu.id, at_line, vcpu.exits);
    // Exits of the fastpath write no line, so the next line may come that much later.
    const std::uint64_t next = at_line - at_line % every + every + stats.total.fastpath;
    if (!left_out && vcpu.exits > next)
      faults += fmt::format(" vCPU {}: no line from {} to {};", vcpu.id, at_line, vcpu.exits);
  }
  return {.name = "at rest: kernel log follows the total",
          .ok = faults.empty(),
          .left = logged,
          .right = total,
          .detail = fmt::format("{}, one each {}{}{}", base::counted(found.size(), "line"),
                                base::counted(every, "exit"),
                                left_out ? ", some left out by the kernel" : "",
                                faults.empty() ? "" : ":" + faults)};
}

}  // namespace lab::trial
