// SPDX-License-Identifier: MIT
// Makes a record for tests that has everything a record may have.
#pragma once

#include "orchestrator/record/record.hpp"

namespace lab::record {

inline Record sample(int number = 0) {
  Record record;
  record.start_time = std::chrono::system_clock::time_point(
      std::chrono::milliseconds(1763696472123 + number * 1000));
  record.id = make_id(record.start_time, 0x3fa29c01);
  record.run = record.id;
  record.scenario = "boot-count";
  record.trial = "boot-count[paging=nested]#1";
  record.site = "svm";
  record.outcome = Outcome::passed;
  record.conditions = {{"site", "svm"}, {"emulated", "true"}, {"vcpus", "1"}};
  Step boot;
  boot.name = "boot";
  boot.begin = 0.25;
  boot.seconds = 66.25;
  boot.exits = UINT64_MAX;
  boot.cycles = 12345;
  boot.reader_exits = 1021;
  boot.reader_exits_complete = false;
  boot.clean = true;
  boot.reasons = {{0x7b, "IOIO", "io", UINT64_MAX, 99}, {0x400, "NPF", "page_fault", 7, {}}};
  boot.causes = {
      {0x7b, "io 0x3f8 serial: write 1", "serial8250_console_putchar", UINT64_MAX - 12, 90},
      {0x7b, "io 0xcf8 PCI configuration: write 4", "pci_conf1_read", 9, 9},
      {0x400, "first touch of RAM", "clear_page_rep", 7, {}}};
  boot.causes_lost = {{0x7b, 3}};
  Step idle;
  idle.name = "idle";
  idle.guest = 2;
  idle.view = View::host;
  idle.exit_code = 3;
  idle.output = "hello\n";
  record.steps = {boot, idle};
  record.checks = {{"sum of reasons = total: boot", true, 5, 5, "x"},
                   {"guest = host", false, 5, std::nullopt, ""}};
  record.host = {exits::Scope::host,
                 {UINT64_MAX, 5, 6, 1, 2},
                 3,
                 {{{9, 8, 7, 0, 1}, 0x72, "CPUID", 0, {{0, 1}, {63, UINT64_MAX}}}},
                 {{0, 1, 2, 3, 4, {}}, {1, 5, 6, 7, 8, {}}}};
  record.timeline = {{10, 48, 0xffffffff},
                     {{0.1, {0, 5, 0}}, {0.203, {0, 0, 0}}, {66.5, {7, 0, UINT64_MAX}}},
                     {{"start", 0}, {"kernel", 1.5}}};
  record.timings = {{{.name = "fetching"}, 1.5},
                    {{Phase::Kind::step, "boot"}, 66.25},
                    {{Phase::Kind::step, "idle"}, 0.0},
                    {{Phase::Kind::trial}, 70.5}};
  record.message = "m";
  record.console_tail = "Kernel panic";
  return record;
}

}  // namespace lab::record
