// SPDX-License-Identifier: MIT
// Makes up trials with causes for tests, after a boot of Debian 12 on AMD.
#pragma once

#include <string>

#include "orchestrator/record/record.hpp"

namespace lab::check {

// It has IOIO 22,671, NPF 26,984, CPUID 1,021 and WBINVD 1. `console` adds serial output, in bytes.
inline record::Record trial_with_causes(int repeat = 1, std::uint64_t console = 0) {
  record::Record record;
  record.start_time =
      std::chrono::system_clock::time_point(std::chrono::milliseconds(1763696472123 + repeat));
  record.id = record::make_id(record.start_time, std::uint32_t(repeat));
  record.run = record.id;
  record.scenario = "boot-count";
  record.trial = "boot-count[paging=nested]#" + std::to_string(repeat);
  record.site = "svm";
  record.outcome = record::Outcome::passed;
  record.conditions = {
      {"site", "svm"}, {"vendor", "svm"}, {"emulated", "true"}, {"exact", "icount"}};
  record::Step boot{.name = "boot"};
  const std::uint64_t serial = 3854 + console;
  boot.exits = 50677 + console;
  boot.cycles = 300000000;
  boot.reasons = {{0x400, "NPF", "page_fault", 26984, 214079654},
                  {0x7b, "IOIO", "io", 22671 + console, 15768928},
                  {0x72, "CPUID", "cpuid", 1021, 685878},
                  {0x89, "WBINVD", "instruction", 1, 500}};
  boot.causes = {
      {0x400, "first touch of RAM", "clear_page_rep", 20100, 180000000},
      {0x7b, "io 0xcf8 PCI configuration address: write 4", "pci_conf1_read", 8615, 5000000},
      {0x7b, "io 0xcfc PCI configuration data: read 4", "pci_conf1_read", 7004, 5100000},
      {0x400, "mmio 0xfee000b0 APIC EOI: write", "native_apic_mem_eoi", 5800, 30000000},
      {0x7b, "io 0x3f8 serial: write 1", "serial8250_console_putchar", serial, 2500000},
      {0x7b, "io 0x3fd serial: read 1", "wait_for_xmitr", 1800, 900000},
      {0x7b, "io 0x402 firmware's debug port: write 1", "SeaBIOS, 32-bit", 1000, 400000},
      {0x400, "(others)", "(others)", 1084, 4079654},
      {0x72, "leaf 0x4 subleaf 0x3", "cpuid4_cache_lookup_regs", 900, 600000},
      {0x7b, "io 0x70 clock: write 1", "mc146818_get_time_callback_of_a_long_name_that_goes_on",
       300, 100000},
      {0x72, "leaf 0x4ffffffc lab's own", "user, 0x5500...", 121, 85878},
      {0x7b, "io 0x64 keyboard: read 1", "i8042_flush", 58, 1000},
      {0x89, "", "", 1, 500}};
  boot.causes_lost = {{0x7b, 40}};
  record.steps = {boot};
  return record;
}

}  // namespace lab::check
