// SPDX-License-Identifier: MIT
// Tests the patched modules alone, on the default kernel.
#include "orchestrator/e2e/kernel_side.hpp"

#include "orchestrator/base/files/folders.hpp"

namespace lab::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST_F(KernelSide, ProvesItselfUnderEachSetting) {
  up();
  if (HasFatalFailure()) return;
  prove_each_setting();
}

// An upgrade, or `apt autoremove`, deletes the files of a kernel that still runs.
TEST_F(KernelSide, LeavesKvmInPlaceWhereTheKernelsOwnModulesAreGone) {
  up();
  if (HasFatalFailure()) return;
  const std::string words = R"sh(set -eu
lab=/run/lab/job/lab own=/lib/modules/$(uname -r)
load() { $lab kvm load --modules /run/lab/job/modules; }
is() { test -c /dev/kvm; $lab kvm status | grep "^kvm: $1"; }
refused() { if "$@" 2>/tmp/error; then exit 1; fi; grep 'could not be loaded again' /tmp/error; }
)sh";
  inside(words + "$lab kvm restore; modprobe kvm_amd; is stock");
  inside(words + "mv $own /lib/away; refused load; is stock; mv /lib/away $own");
  // lab's copies of them come back.
  inside(words + "load; mv $own /lib/away; is patched; $lab kvm restore; is stock");
  inside(words + "mv /lib/away $own; modprobe -r kvm_amd; modprobe kvm_amd; is stock");
  // Without copies the patched ones stay until the files are there again.
  inside(words +
         "load; mv $own /lib/away; mv /run/lab/stock-modules /run/away; "
         "refused $lab kvm restore; is patched; mv /lib/away $own; $lab kvm restore; is stock");
  expect_a_calm_kernel();
}

// Takes long, so it runs nightly (label "nightly") and not for every change.
TEST_F(KernelSide, NightlyFuzzesForMinutesAndMakesManyVms) {
  up();
  if (HasFatalFailure()) return;
  load("exit_layout=descending");
  vmm("fuzz --seconds 180 --seed 11", 900);
  vmm("create --times 1000", 3000);
  load("exit_layout=combined npt=0 exit_histograms=on");
  vmm("fuzz --seconds 120 --seed 12", 900);
  vmm("nested --exits 100000", 900);
  vmm("create --times 500", 1800);
  vmm("reload --times 100", 1800);
  expect_a_calm_kernel();
}

// Each read of a total visits all vCPUs of the VM, and lets others run meanwhile.
TEST_F(KernelSide, NightlyReadsTheCountsOfAThousandVcpus) {
  up();
  if (HasFatalFailure()) return;
  for (const char* parameters : {"exit_layout=descending", "exit_causes=16"}) {
    load(parameters);
    vmm("reading --vcpus 2 --idle 1000 --times 5", 900);
  }
  expect_a_calm_kernel();
}

// Builds modules to which every vCPU is too large for the room before its counts. With a size that
// the slab allocator takes, KVM would start and write beyond its objects.
TEST_F(KernelSide, NightlyAVcpuThatIsTooLargeKeepsKvmFromStarting) {
  const fs::path share = folder() / "share", cache = folder() / "cache";
  fs::create_directories(share);
  for (const char* part : {"ci", "images", "orchestrator", "scenarios"})
    fs::create_symlink(fs::path(LAB_SOURCE_DIR) / part, share / part);
  fs::copy(LAB_SOURCE_DIR "/kvm-patch", share / "kvm-patch", fs::copy_options::recursive);
  const fs::path file = share / "kvm-patch/exit_stats.c";
  std::string text = contents(file);
  const std::string condition = "vcpu_size > EXIT_STATS_OFFSET";
  ASSERT_THAT(text, HasSubstr(condition));
  text.replace(text.find(condition), condition.size(), "vcpu_size > 0");
  base::write_file(file, text);
  make_cache_without("modules", cache);

  up({}, {{"LAB_SHARE", share}, {"XDG_CACHE_HOME", cache}});
  if (HasFatalFailure()) return;
  inside("! /run/lab/job/lab kvm load --modules /run/lab/job/modules");
  const std::string log = inside("dmesg").output;
  EXPECT_THAT(log, HasSubstr("exit_stats_reserve"));
  for (const char* word : {"BUG", "Oops", "general protection"})
    EXPECT_THAT(log, Not(HasSubstr(word)));
  inside("modprobe kvm_amd; test -c /dev/kvm");
  EXPECT_THAT(inside("/run/lab/job/lab kvm status").output, HasSubstr("kvm: stock"));
}

// Sets the outer VM's TSC back while a guest runs. The kernel's next tick is due at a TSC that
// comes later then, so the guest has the processor until that, and its cycles grow by as many; if
// those of the step counted as negative ones, both would cancel out. lab's QEMU ignores such
// writes, Bochs does not.
TEST_F(KernelSide, NightlyATscThatIsSetBackCostsNoCycles) {
  constexpr const char* set_tsc_back = R"sh(set -eu
modprobe msr
/run/lab/job/lab kvm load --modules /run/lab/job/modules
step=$((1 << 29))
read_tsc() { dd if=/dev/cpu/0/msr bs=8 skip=2 count=1 2>/dev/null | od -An -tu8; } # MSR 0x10
set_back() {
	rest=$(($(read_tsc) - step)) bytes= byte=0
	while [ $byte -lt 8 ]; do
		bytes=$bytes\\$(printf %03o $((rest & 255))) rest=$((rest >> 8)) byte=$((byte + 1))
	done
	printf "$bytes" | dd of=/dev/cpu/0/msr bs=8 seek=2 conv=notrunc 2>/dev/null
}
# Prints all cycles that the VM's vCPUs had, handled or until the next entry.
cycles() {
	sed -n 's/^total .* cycles=\([0-9]*\) to_entry=\([0-9]*\) .*/\1 \2/p' /sys/kernel/debug/kvm/*-*/exit_stats |
		{ read -r handled to_entry && echo $((handled + to_entry)); }
}
/run/lab/job/lab vmm fuzz --seconds 4 --seed 1 >/tmp/fuzz 2>&1 &
until before=$(cycles 2>/dev/null); do sleep 0.1; done
for time in 1 2 3 4; do set_back; done
grown=$(($(cycles) - before))
echo "cycles grew by $grown, 4 steps are $((4 * step))"
[ $grown -gt $((3 * step)) ]
wait $!
cat /tmp/fuzz)sh";
  const Finished run =
      lab({"outer", "run", "--on", "vmx", set_tsc_back}, {.limit = std::chrono::minutes(30)});
  EXPECT_EQ(run.exit_code, 0) << run.output << run.errors;
  EXPECT_THAT(run.output, HasSubstr("\nok\n"));
}

}  // namespace
}  // namespace lab::e2e
