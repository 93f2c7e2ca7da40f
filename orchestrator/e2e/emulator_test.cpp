// SPDX-License-Identifier: MIT
// Tests lab's own QEMU where the packaged one is wrong (ci/emulators/qemu). Counts has shadow
// paging.
#include <chrono>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/e2e/kernel_side.hpp"
#include "orchestrator/outer/machine/emulator.hpp"

namespace lab::e2e {
namespace {

using testing::HasSubstr;

class OwnEmulator : public KernelSide {};

// Tests own-hflags: each task switch on the second processor restores an FPU state. QEMU without
// that change ends such a guest within seconds, by a triple fault that it did not cause.
TEST_F(OwnEmulator, LeavesAnotherProcessorsExitsAlone) {
  up();
  if (HasFatalFailure()) return;
  load("exit_layout=descending");
  inside("(taskset -c 1 perf bench sched pipe -l 1000000000 >/dev/null 2>&1 &)");
  const Finished fuzz = inside(
      "taskset -c 0 /run/lab/job/lab vmm fuzz --seconds 15 --vcpus 1 --seed 1; code=$?\n"
      "pkill perf; exit $code");
  EXPECT_THAT(fuzz.output, HasSubstr("\nok\n"));
  expect_a_calm_kernel();
}

// Tests interrupt-once while another processor stops this one repeatedly. The packaged QEMU
// delivers 4 to 24 of 3,000 interrupts twice (6 of 6 runs).
TEST_F(OwnEmulator, DeliversAnInjectedInterruptOnce) {
  up();
  if (HasFatalFailure()) return;
  load("exit_layout=descending");
  vmm("interrupts --times 3000");
  expect_a_calm_kernel();
}

// Tests virq-under-bql: without it the first CR8 write with a pending interrupt ended QEMU.
TEST_F(OwnEmulator, OutlivesATaskPriority) {
  up();
  if (HasFatalFailure()) return;
  load("exit_layout=descending");
  vmm("priority --times 1000");
  expect_a_calm_kernel();
}

// Tests next-rip: KVM uses it where the processor has it, and then handles interrupts between a
// guest's processors in its fastpath. All counts must agree with the tracepoint's there, too.
TEST_F(OwnEmulator, LetsKvmTakeItsFastpath) {
  const Finished run = lab({"run", write_tiny(), "--on", "svm", "--set", "guest.vcpus=2",
                            "--verify-tracepoint", "--format", "json", "--store", store()});
  EXPECT_EQ(run.exit_code, 0) << run.errors;
  const std::vector<json> trials = trials_of(run);
  ASSERT_EQ(trials.size(), 1u);
  EXPECT_GT(trials[0].at("host").at("fastpath").get<std::uint64_t>(), 0u);
  for (const json& check : trials[0].at("checks")) EXPECT_TRUE(check.at("ok")) << check.dump(1);
}

// Runs lab's QEMU as a machine whose clock is its number of instructions, with this firmware.
base::Command machine(const std::string& firmware) {
  base::Command command{.argv = {std::string(outer::emulators_folder) + "/qemu/qemu-system-x86_64",
                                 "-bios", LAB_FIRMWARE "/" + firmware}};
  std::istringstream options(
      "-accel tcg -machine pc -cpu qemu64,-apic -m 16 -nodefaults -display none -no-reboot "
      "-icount shift=0,sleep=off -rtc clock=vm -serial stdio");
  for (std::string word; options >> word;) command.argv.push_back(word);
  command.limit = std::chrono::minutes(2);
  return command;
}

// Tests counted-halt: a main loop that looked while a CPU halted made the clock jump too far.
// Without that change no two of these are equal (6 of 6 runs), and exact runs on a busy machine
// differed by 0.2 %.
TEST(Emulator, ItsClockIsTheSameHoweverBusyTheHostIs) {
  std::vector<base::Outcome> ends(4);
  {
    std::vector<std::jthread> side_by_side;
    for (base::Outcome& end : ends)
      side_by_side.emplace_back([&end] { end = base::run(machine("halts.bin")); });
  }
  for (const base::Outcome& end : ends) {
    EXPECT_EQ(end.exit_code, 0) << end.errors;
    EXPECT_EQ(end.output.size(), 9u) << end.output;
    EXPECT_EQ(end.output, ends[0].output);
  }
}

// Returns the numbers that a firmware printed in hexadecimal, with letters from 'a' as digits.
std::vector<unsigned long> numbers_from(const base::Outcome& end) {
  std::istringstream lines(end.output);
  std::vector<unsigned long> numbers;
  for (std::string line; lines >> line;) {
    for (char& c : line) c = "0123456789abcdef"[(c - 'a') & 15];
    numbers.push_back(std::stoul(line, nullptr, 16));
  }
  return numbers;
}

// Tests exit-info: QEMU without that change reports 0x403 for the first guest, the type of a
// software interrupt without the V bit.
TEST(Emulator, AnExitReportsAnEventOnlyWhereItsDeliveryWasIntercepted) {
  const base::Outcome end = base::run(machine("exit_info.bin"));
  EXPECT_THAT(numbers_from(end), testing::ElementsAre(0x78u, 0u,          // SVM_EXIT_HLT, no event
                                                      0x7fu, 0x80000020u  // SVM_EXIT_SHUTDOWN
                                                      ))
      << end.output << end.errors;
}

// Tests machine-port: the packaged QEMU lacks the port, and each loop takes 20,000 instructions.
TEST(Emulator, ItsClockStandsAndSkipsAsItsPortIsTold) {
  const base::Outcome end = base::run(machine("port.bin"));
  const std::vector<unsigned long> took = numbers_from(end);
  ASSERT_EQ(took.size(), 8u) << end.output << end.errors;
  const auto loop = testing::AllOf(testing::Ge(20'000u), testing::Le(20'100u));
  const auto wait = testing::AllOf(testing::Ge(150'000u), testing::Le(190'000u));
  EXPECT_THAT(took, testing::ElementsAre(loop, wait,     // the clock runs
                                         0u, wait, 0u,   // only waiting takes time
                                         0u, wait, loop  // it stops until the machine waits
                                         ));
}

}  // namespace
}  // namespace lab::e2e
