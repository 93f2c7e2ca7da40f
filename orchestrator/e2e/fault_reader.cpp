// SPDX-License-Identifier: MIT
#include "orchestrator/e2e/fault_reader.hpp"

#include <fmt/format.h>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"

namespace lab::e2e {
namespace {

namespace fs = std::filesystem;

constexpr unsigned memory_unit_mib = 64;

// Precedes the payload. The kernel keeps less than one unit of the memory for itself.
constexpr const char* script = R"(#!/bin/busybox sh
port=$2
total=$(sed -n 's/^MemTotal: *\([0-9]*\).*/\1/p' /proc/meminfo)
fault=$(((total + 65535) / 65536))
tail -c +@PAYLOAD@ "$0" >/tmp/reader
chmod 755 /tmp/reader
step=true
case $fault in
@garbage@) echo 'no { JSON at all' >"$port"; sleep 1000 ;;
@endless_line@) tr '\0' x </dev/zero >"$port" ;;
@flood_of_lines@) yes '{"event":"bye"}' >"$port" ;;
@lie@)
	/tmp/reader --json >/dev/null
	lie='{"start_total":1100,"end_total":1102,"own_exits":2,"attempts":1,"total_cycles":1,"leaf_reads":3,"late_reads":1,"reasons":[[114,1102,1101,1]]}'
	exec 3<>"$port"
	echo '{"event":"ready","protocol":3,"reader":"3.0","kernel":"none","vendor":"AuthenticAMD","vcpus":1,"layout":"descending","snapshot":'"$lie}" >&3
	read -r request <&3
	echo '{"event":"step","id":1,"before":'"$lie"',"after":'"$lie"',"exit_code":0,"times":1,"cut":false,"seconds":0,"output":""}' >&3
	sleep 1000 ;;
@panic@) echo c >/proc/sysrq-trigger ;;
@power_off@) poweroff -f ;;
@reset@) reboot -f ;;
@never_ready@) echo 'never ready' >/dev/console; sleep 1000 ;;
@hang_in_step@) step='sleep 1000' ;;
@panic_in_step@) step='echo c >/proc/sysrq-trigger' ;;
@reset_in_step@) step='reboot -f; sleep 1000' ;;
@killed_in_step@) step='kill -9 $$' ;;
@flood_in_step@) step='yes | head -c 5000000; exit 3' ;;
esac
echo "$step" >/tmp/step
exec /tmp/reader "$@"
)";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

}  // namespace

std::string fault_scenario(const std::vector<Fault>& faults, unsigned step_seconds) {
  std::string sizes;
  for (const Fault fault : faults)
    sizes += fmt::format("{}{} MiB", sizes.empty() ? "" : ", ",
                         static_cast<unsigned>(fault) * memory_unit_mib);
  return fmt::format(R"(version: 1
name: faults
image: tiny
matrix: {{guest.memory: [{}]}}
timeouts: {{trial: 3 min, boot: 25 s, step: {} s}}
steps:
  - boot:
  - run: {{name: fault, command: . /tmp/step}}
)",
                     sizes, step_seconds);
}

fs::path write_fault_reader(const fs::path& folder) {
  constexpr std::pair<const char*, Fault> names[] = {{"garbage", Fault::garbage},
                                                     {"endless_line", Fault::endless_line},
                                                     {"flood_of_lines", Fault::flood_of_lines},
                                                     {"lie", Fault::lie},
                                                     {"panic", Fault::panic},
                                                     {"power_off", Fault::power_off},
                                                     {"reset", Fault::reset},
                                                     {"never_ready", Fault::never_ready},
                                                     {"hang_in_step", Fault::hang_in_step},
                                                     {"panic_in_step", Fault::panic_in_step},
                                                     {"reset_in_step", Fault::reset_in_step},
                                                     {"killed_in_step", Fault::killed_in_step},
                                                     {"flood_in_step", Fault::flood_in_step}};
  std::string text = script;
  for (const auto& [name, fault] : names)
    text = replaced(text, fmt::format("@{}@", name), std::to_string(static_cast<int>(fault)));
  const std::string place = "@PAYLOAD@";
  text = replaced(text, place, fmt::format("{:09}", text.size() + 1));  // as long as the mark
  const fs::path file = folder / "fault-reader";
  base::write_file(file, text + base::read_file(base::find_folders().reader));
  fs::permissions(file, fs::perms(0755));
  return file;
}

}  // namespace lab::e2e
