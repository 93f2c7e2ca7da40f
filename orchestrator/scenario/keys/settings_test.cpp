// SPDX-License-Identifier: MIT
// Tests how settings are read, varied and refused, and which contradict each other.
#include "orchestrator/scenario/keys/settings.hpp"

#include <cstdlib>
#include <filesystem>

#include "orchestrator/base/machine/home.hpp"
#include "orchestrator/scenario/loader/loader.hpp"
#include "orchestrator/scenario/loader_test.hpp"

namespace lab::scenario {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string everything =
    "guest:\n"
    "  count: 2\n"
    "  vcpus: 4\n"
    "  memory: 1 GiB\n"
    "  huge_pages: on\n"
    "  machine: q35\n"
    "  cpu: {model: EPYC, features: \"+invtsc -x2apic\"}\n"
    "  disk: {bus: nvme, cache: none}\n"
    "  scratch: {size: 256 MiB, bus: scsi, cache: writeback}\n"
    "  nic: {model: e1000, network: none}\n"
    "  console: verbose\n"
    "  clock: kvm-clock\n"
    "  cmdline: nohz=off mitigations=off\n"
    "  kernel: /a/../bzImage\n"
    "  initrd: initrd.img\n"
    "  emulator: /qemu\n"
    "  firmware: /bios.bin\n"
    "host: {ksm: on}\n"
    "kvm: {layout: combined, paging: shadow, kernel: trixie, scope: host, parameters: {x: 1}}\n"
    "samples: 0\n"
    "exact: true";

TEST(Settings, AllAreReadAndSurviveThePlansJson) {
  const TrialPlan plan = expand(parse(before_steps(everything), "s.yaml")).at(0);
  const Settings& settings = plan.settings;
  EXPECT_EQ(settings.guests, 2u);
  EXPECT_EQ(settings.vcpus, 4u);
  EXPECT_EQ(settings.memory, 1ull << 30);
  EXPECT_TRUE(settings.huge_pages);
  EXPECT_EQ(settings.machine, Machine::q35);
  EXPECT_EQ(settings.cpu_model, "EPYC");
  EXPECT_THAT(settings.cpu_features, ElementsAre("+invtsc", "-x2apic"));
  EXPECT_EQ(settings.disk_bus, DiskBus::nvme);
  EXPECT_EQ(settings.disk_cache, DiskCache::none);
  EXPECT_EQ(settings.scratch_size, 256ull << 20);
  EXPECT_EQ(settings.scratch_bus, DiskBus::scsi);
  EXPECT_EQ(settings.scratch_cache, DiskCache::writeback);
  EXPECT_EQ(settings.nic, Nic::e1000);
  EXPECT_EQ(settings.network, Network::none);
  EXPECT_EQ(settings.console, Console::verbose);
  EXPECT_EQ(settings.clock, Clock::kvm_clock);
  EXPECT_EQ(settings.cmdline, "nohz=off mitigations=off");
  EXPECT_EQ(settings.guest_emulator, "/qemu");
  EXPECT_EQ(settings.guest_firmware, "/bios.bin");
  EXPECT_EQ(settings.guest_kernel, "/bzImage");
  EXPECT_EQ(settings.guest_initrd, (std::filesystem::current_path() / "initrd.img").string());
  EXPECT_TRUE(settings.ksm);
  EXPECT_EQ(settings.samples, 0u);
  EXPECT_EQ(settings.exact, Exact::always);
  EXPECT_EQ(settings.layout, exits::Layout::combined);
  EXPECT_EQ(settings.paging, Paging::shadow);
  EXPECT_EQ(settings.kernel, "trixie");
  EXPECT_EQ(settings.parameters.at("exit_scope"), "host");
  EXPECT_EQ(travelled(plan), plan);
}

// Returns a value other than the default, for each kind of setting.
std::string other_value(const Setting& setting) {
  if (!setting.form.words.empty()) {
    const Settings plain;
    for (std::string_view word : setting.form.words) {
      Settings settings;
      apply_setting(settings, std::string(setting.key), std::string(word), "here");
      if (settings != plain) return std::string(word);
    }
  }
  if (setting.form.max > 64ull << 20) return "128 MiB";
  if (setting.form.max != 0) return std::to_string(setting.form.max);
  return setting.key == "guest.cpu.features" ? "+invtsc" : "other";
}

TEST(Settings, EachOfTheTableVariesAndTravels) {
  for (const Setting& setting : settings_table()) {
    const std::string value = other_value(setting);
    Settings plain, changed;
    apply_setting(changed, std::string(setting.key), value, "here");
    EXPECT_NE(plain, changed) << setting.key << "=" << value;
    TrialPlan plan = expand(parse(small, "s.yaml")).at(0);
    apply_setting(plan.settings, std::string(setting.key), value, "here");
    EXPECT_EQ(travelled(plan), plan) << setting.key;
    EXPECT_TRUE(is_setting(setting.key));
  }
}

TEST(Settings, WordsForNothing) {
  EXPECT_EQ(settings_of("guest: {cpu: {model: host, features: ''}, cmdline: ''}"), settings_of(""));
  EXPECT_EQ(settings_of("guest: {scratch: {size: none, bus: scsi}}").scratch_size, 0u);
}

// A path is relative to the file that contains it, and with --set to the current folder.
TEST(Settings, PathsAreRelativeToTheirPlace) {
  const auto kernels = [](const std::string& text, std::vector<std::string> set = {}) {
    std::vector<std::string> found;
    for (const TrialPlan& plan : expand(parse(before_steps(text), "/scenarios/s.yaml", set)))
      found.push_back(plan.name + " " + plan.settings.guest_kernel);
    return found;
  };
  const std::string here = std::filesystem::current_path().string();
  ::setenv("HOME", "/home/me", 1);
  EXPECT_THAT(kernels("guest: {kernel: ../k/bzImage}"), ElementsAre("tiny-boot#1 /k/bzImage"));
  EXPECT_THAT(kernels("guest: {kernel: ~/k/bzImage}"),
              ElementsAre("tiny-boot#1 /home/me/k/bzImage"));
  ::unsetenv("HOME");  // as in services and cron's jobs
  EXPECT_THAT(kernels("guest: {kernel: ~/k/bzImage}"),
              ElementsAre("tiny-boot#1 " + (base::home_folder() / "k/bzImage").string()));
  EXPECT_THAT(kernels("guest: {kernel: a}", {"guest.kernel=b"}),
              ElementsAre("tiny-boot#1 " + here + "/b"));
  EXPECT_THAT(kernels("matrix: {guest.kernel: [image, ./a]}"),
              ElementsAre("tiny-boot[guest.kernel=image]#1 ",
                          "tiny-boot[guest.kernel=./a]#1 /scenarios/a"));
  EXPECT_THAT(kernels("matrix: {guest.kernel: [image, ./a]}", {"matrix.guest.kernel=image,k/a"}),
              ElementsAre("tiny-boot[guest.kernel=image]#1 ",
                          "tiny-boot[guest.kernel=" + here + "/k/a]#1 " + here + "/k/a"));
  EXPECT_THAT(kernels("matrix: {include: [{guest.kernel: b/../a}, {guest.kernel: /a}]}"),
              ElementsAre("tiny-boot[guest.kernel=b/../a]#1 /scenarios/a",
                          "tiny-boot[guest.kernel=/a]#1 /a"));
}

TEST(Settings, AnImageWithASlashIsAFile) {
  const auto images = [](const std::string& text) {
    std::vector<std::string> found;
    for (const TrialPlan& plan : expand(parse(before_steps(text), "/scenarios/s.yaml")))
      found.push_back(plan.name + " " + plan.settings.image);
    return found;
  };
  EXPECT_THAT(images("matrix: {image: [debian-12, ./my.qcow2]}"),
              ElementsAre("tiny-boot[image=debian-12]#1 debian-12",
                          "tiny-boot[image=./my.qcow2]#1 /scenarios/my.qcow2"));
  EXPECT_THAT(error_of(with(small, "image: tiny", "image: my disk.qcow2")),
              HasSubstr("image must be 1 to 64 letters"));
}

TEST(Settings, PathsOfAnExtendedFileAreRelativeToThat) {
  const ReadFile read = [](const std::string& file) {
    EXPECT_EQ(file, "/base/b.yaml");
    return before_steps("guest: {kernel: own}\nmatrix: {guest.initrd: [x, /y]}");
  };
  const auto plans = expand(parse("extends: ../base/b.yaml\n", "/top/s.yaml", {}, read));
  ASSERT_EQ(plans.size(), 2u);
  EXPECT_EQ(plans[0].name, "tiny-boot[guest.initrd=../base/x]#1");
  EXPECT_EQ(plans[0].settings.guest_kernel, "/base/own");
  EXPECT_EQ(plans[0].settings.guest_initrd, "/base/x");
  EXPECT_EQ(plans[1].settings.guest_initrd, "/y");
}

TEST(Settings, ScopeIsAParameter) {
  const std::string text = before_steps("matrix: {kvm.scope: [vm, host]}");
  const auto plans = expand(parse(text, "s.yaml"));
  ASSERT_EQ(plans.size(), 2u);
  EXPECT_EQ(plans[0].settings.parameters.at("exit_scope"), "vm");
  EXPECT_EQ(plans[1].settings.parameters.at("exit_scope"), "host");
  EXPECT_EQ(settings_of("kvm: {scope: host, parameters: {exit_scope: host}}"),
            settings_of("kvm: {scope: host}"));
}

TEST(Settings, BadOnesSayWhereWhatAndHowToMend) {
  const std::vector<Bad> cases = {
      {"", "guest: {disk: {buss: scsi}}",
       "s.yaml:4:16: unknown key 'buss' in guest.disk, did you mean 'bus'? | keys of guest.disk: "
       "bus, cache"},
      {"", "guest: {dis: 1}", "did you mean 'disk'? | keys of guest: count, vcpus, memory, "},
      {"", "kvm: {parameter: {}}", "did you mean 'parameters'?"},
      {"", "guest: {disk: scsi}", "s.yaml:4:15: guest.disk must be a map"},
      {"", "guest: {disk: {bus: ide}}",
       "s.yaml:4:21: guest.disk.bus must be one of virtio, scsi, sata, nvme, not 'ide'"},
      {"", "guest: {count: 9}", "guest.count must be a whole number from 1 to 8, not '9'"},
      {"", "guest: {huge_pages: yes}", "guest.huge_pages must be one of on, off, not 'yes'"},
      {"", "guest: {machine: q36}", "did you mean 'q35'?"},
      {"", "guest: {cpu: {features: invtsc}}", "has 'invtsc' | each with its sign"},
      {"", "guest: {cpu: {features: +a -a}}", "names one twice"},
      {"", "guest: {cpu: {features: +a<b}}", "has '+a<b'"},
      {"", "guest: {cpu: {model: <x>}}", "guest.cpu.model must be 1 to 64 letters"},
      {"", "guest: {scratch: {size: 512 KiB}}", "whole MiB from 1 MiB to 64 GiB, not '512 KiB'"},
      {"", "guest: {cmdline: \"a\\nb\"}", "guest.cmdline must be one line of printable ASCII"},
      {"", "guest: {cmdline: " + std::string(1025, 'a') + "}", "0 to 1024 bytes"},
      {"", "guest: {kernel: \"a\\tb\"}", "guest.kernel must be a path without control characters"},
      {"", "guest: {kernel: ''}", "guest.kernel must have 1 to 1024 bytes"},
      {"", "guest: {nic: {model: rtl8139}}", "must be one of none, virtio, e1000"},
      {"", "guest: {clock: pit}", "automatic, kvm-clock, tsc, hpet, acpi_pm"},
      {"", "host: {ksn: on}", "unknown key 'ksn' in host, did you mean 'ksm'?"},
      {"", "host:", "s.yaml:4:1: host must be a map of keys and values, not nothing"},
      {"", "samples: 101", "samples must be a whole number from 0 to 100"},
      {"", "exact: maybe", "exact must be one of auto, true, false"},
      {"", "kvm: {scope: all}", "kvm.scope must be one of vm, host"},
      {"", "kvm: {parameters: {exit_scope: all}}", "exit_scope must be one of vm, host"},
      {"", "warmup: 101", "warmup must be a whole number from 0 to 100"},
      {"", "timeouts: {shutdown: 500 ms}", "from 1 s to 24 h, not '500 ms'"},
  };
  for (const Bad& bad : cases) {
    EXPECT_THAT(error_of(before_steps(bad.to)), HasSubstr(bad.message)) << bad.to;
  }
}

TEST(Settings, ContradictionsAreFoundAtLoad) {
  const std::vector<Bad> cases = {
      {"", "matrix: {paging: [nested, shadow], kvm.parameters.npt: [1, 0]}",
       "s.yaml:4:36: kvm.parameters.npt = 0 contradicts nested paging (in "
       "tiny-boot[paging=nested,kvm.parameters.npt=0]) | say it once, by kvm.paging"},
      {"", "kvm: {scope: vm, parameters: {exit_scope: host}}",
       "s.yaml:4:43: kvm.parameters.exit_scope = host contradicts kvm.scope vm | say it once"},
      {"", "kvm: {parameters: {exit_scope: vm}}\nmatrix: {kvm.scope: [vm, host]}",
       "s.yaml:4:32: kvm.parameters.exit_scope = vm contradicts kvm.scope host (in"},
      {"", "guest: {memory: 129 MiB, huge_pages: on}",
       "s.yaml:4:17: guest.memory 129 MiB is no multiple of a huge page | with guest.huge_pages"},
      {"", "matrix: {guest.memory: [128 MiB, 129 MiB], guest.huge_pages: [off, on]}",
       "s.yaml:4:10: guest.memory 129 MiB is no multiple of a huge page (in tiny-boot[guest."},
      {"", "guest: {scratch: {bus: scsi}}",
       "s.yaml:4:24: guest.scratch.bus without guest.scratch.size | say how large"},
      {"", "guest: {clock: tsc, cmdline: clocksource=hpet}",
       "clocksource= in guest.cmdline beside"},
      {"", "guest: {console: verbose, cmdline: a quiet b}", "quiet in guest.cmdline contradicts"},
      {"", "guest: {initrd: a}", "s.yaml:4:17: guest.initrd without guest.kernel | an initrd is"},
      {"", "guest: {console: none, cmdline: console=ttyS0}", "contradicts guest.console none"},
  };
  for (const Bad& bad : cases) {
    EXPECT_THAT(error_of(before_steps(bad.to)), HasSubstr(bad.message)) << bad.to;
  }
  EXPECT_EQ(error_of(before_steps("guest: {console: verbose, cmdline: quietly}")), "");
  EXPECT_EQ(error_of(before_steps("guest: {clock: tsc, cmdline: xclocksource=hpet}")), "");
}

}  // namespace
}  // namespace lab::scenario
