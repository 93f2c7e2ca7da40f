// SPDX-License-Identifier: MIT
// Measures the time from command to table, of lab and of the bare minimum by hand, and trials an
// hour by the number of outer VMs at once.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/counted.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/files/run_folder.hpp"
#include "orchestrator/base/json.hpp"
#include "orchestrator/base/process/interrupt.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/base/samples.hpp"
#include "orchestrator/base/text.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/outer/job_layout.hpp"
#include "orchestrator/outer/run_job.hpp"
#include "orchestrator/report/text.hpp"
#include "orchestrator/run/outer_jobs.hpp"
#include "orchestrator/run/run.hpp"
#include "orchestrator/terminal/progress.hpp"

namespace lab::cli {
namespace {

using base::Samples;

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr const record::Site& bench_site = record::site_svm;
constexpr std::chrono::minutes run_limit{30};  // of one run

struct RunBenchOptions {
  std::string image = "tiny", against, format = "table", output;
  unsigned repeats = 3, trials = 8;
};

// Runs in the outer VM: starts the guest as one would by hand, on stock modules, up to its reader's
// first line. Changes to the guest's disk are thrown away.
constexpr const char* guest_by_hand = R"(modprobe kvm_amd
set --
for disk in {4}/guest*; do
	[ ! -e "$disk" ] || set -- -drive "file=$disk,format=raw,if=virtio,snapshot=on"
done
echo "guest starts" >{5}
exec qemu-system-x86_64 -accel kvm -cpu host -m {0} -display none -nodefaults -no-user-config \
	-kernel {6}/images/*/{1} -initrd {6}/images/*/{2} -append '{3}' -serial null "$@" \
	-device virtio-serial-pci -chardev file,id=reader,path={5} \
	-device virtserialport,chardev=reader,name=lab.reader.0)";

// The reader begins with these words where no exits are counted.
constexpr const char* first_words = "no exit counters";
constexpr const char* start_words = "guest starts";

constexpr const char* stream_file = "stream";  // receives both texts

std::string boot_scenario(const RunBenchOptions& options) {
  return fmt::format(
      "version: 1\nname: time-to-result\nimage: {}\nexact: false\n"
      "timeouts: {{trial: 30 min, boot: 25 min}}\n"
      "steps:\n  - boot: {{until: multi-user}}\n",
      options.image);
}

struct Throughput {
  unsigned at_once = 1;
  double seconds = 0;
};

// Contains times in seconds.
struct RunResults {
  Samples by_hand, by_hand_guest;  // with lab's emulator
  Samples against, against_guest;  // by hand with another one
  Samples lab, boot;
  std::vector<std::pair<std::string, Samples>> phases;  // of lab, in their order
  std::vector<Throughput> throughput;
  unsigned trials = 0;  // of each throughput
  record::Conditions conditions;
};

class Bench {
 public:
  Bench(const RunBenchOptions& options, terminal::Progress& progress)
      : options_(options),
        progress_(progress),
        folders_(base::find_folders()),
        work_(folders_),
        scenario_(work_.path() / "time-to-result.yaml") {
    base::write_file(scenario_, boot_scenario(options));
  }

  RunResults measure() {
    plans_ = scenario::expand(scenario::load(scenario_));
    outer_ = run::make_outer_job(bench_site, "", plans_, folders_, std::ref(progress_));
    progress_.phase("not measured: lab run, which makes what later runs find");
    run_lab(1, 1);
    for (unsigned i = 0; i < options_.repeats; ++i) {
      progress_.phase(fmt::format("by hand ({} of {})", i + 1, options_.repeats));
      by_hand("", results_.by_hand, results_.by_hand_guest);
      if (!options_.against.empty()) {
        progress_.phase(
            fmt::format("by hand, {} ({} of {})", options_.against, i + 1, options_.repeats));
        by_hand(options_.against, results_.against, results_.against_guest);
      }
      progress_.phase(fmt::format("lab run ({} of {})", i + 1, options_.repeats));
      take(run_lab(1, 1));
    }
    results_.trials = options_.trials;
    for (const unsigned at_once : {1u, 2u}) {
      progress_.phase(fmt::format("{}, -j {}", base::counted(options_.trials, "trial"), at_once));
      results_.throughput.push_back({at_once, run_lab(options_.trials, at_once).seconds});
    }
    return results_;
  }

 private:
  struct Run {
    double seconds = 0;
    ordered_json trials;
  };

  // Runs a new lab process from its start to its end.
  Run run_lab(unsigned trials, unsigned at_once) const {
    const fs::path result = work_.path() / "result.json";
    const base::Stopwatch watch;
    base::run_checked(
        {.argv = {base::this_program().string(), "run", scenario_.string(), "--on",
                  std::string(bench_site.name), "--repeat", std::to_string(trials), "-j",
                  std::to_string(at_once), "--store", (work_.path() / "store.sqlite").string(),
                  "--format", "json", "-o", result.string()},
         .limit = run_limit * trials});
    Run run{.seconds = watch.seconds()};
    run.trials = base::need(base::parse_json<ordered_json>(base::read_file(result)), "trials");
    return run;
  }

  void take(const Run& run) {
    const ordered_json& trial = run.trials.at(0);
    results_.lab.add(run.seconds);
    results_.boot.add(base::field<double>(base::need(trial, "steps").at(0), "seconds"));
    results_.conditions = base::field<record::Conditions>(trial, "conditions");
    double known = 0;
    for (const auto& [phase, seconds] : base::need(trial, "timings").items()) {
      if (phase == "trial") continue;  // the sum of others
      known += seconds.get<double>();
      find_times(phase).add(seconds.get<double>());
    }
    find_times("start and end of lab, the outer VM's end").add(run.seconds - known);
  }

  Samples& find_times(const std::string& phase) {
    auto& phases = results_.phases;
    const auto found = std::ranges::find(phases, phase, &std::pair<std::string, Samples>::first);
    return found != phases.end() ? found->second : phases.emplace_back(phase, Samples()).second;
  }

  // Adds the seconds from QEMU's start to the first line of the guest's reader to `whole`, and
  // those of the guest alone to `guest`. A given `emulator` replaces the one that lab takes.
  void by_hand(const std::string& emulator, Samples& whole, Samples& guest) const {
    const trial::GuestImage& image = outer_.job.images.at(inside::image_key(plans_[0]));
    const std::string start =
        fmt::format(guest_by_hand, plans_[0].settings.memory >> 20,
                    image.kernel.filename().string(), image.initrd.filename().string(),
                    image.cmdline, inside::devices_place, inside::stream_place, inside::job_place);
    const base::RunFolder run(folders_);
    guest::DomainSpec spec =
        outer::lay_out_outer(outer_.image, outer_.job, "by-hand", run.path(), run.sockets(), start);
    if (!emulator.empty()) spec.emulator = emulator;
    const base::Stopwatch watch;
    base::Process machine({.argv = machine_by_hand(spec), .folder = run.path()});
    const double started = wait_for_words(start_words, run.path() / stream_file, machine, watch);
    const double ready = wait_for_words(first_words, run.path() / stream_file, machine, watch);
    whole.add(ready);
    guest.add(ready - started);
  }

  // Waits until the stream contains the words, and returns the seconds until then.
  static double wait_for_words(const char* words, const fs::path& stream, base::Process& machine,
                               const base::Stopwatch& watch) {
    while (!fs::exists(stream) || base::read_file(stream).find(words) == std::string::npos) {
      if (!machine.running())
        throw base::infrastructure_error("QEMU by hand ended: " + machine.output());
      if (watch.seconds() > std::chrono::duration<double>(run_limit).count())
        throw base::Error(base::ErrorKind::timed_out, "the guest by hand did not boot");
      base::sleep_interruptibly(0.02);
    }
    return watch.seconds();
  }

  // Returns the command of the outer VM as libvirt would start it, with only what it needs.
  static std::vector<std::string> machine_by_hand(const guest::DomainSpec& spec) {
    constexpr const char* fixed =
        "-accel tcg -cpu EPYC,svm=on,npt=on -display none -nodefaults -serial null -no-user-config "
        "-device virtio-scsi-pci -device virtio-serial-pci";
    std::vector<std::string> argv{spec.emulator.empty() ? "qemu-system-x86_64" : spec.emulator};
    for (const std::string_view word : base::split_words(fixed)) argv.emplace_back(word);
    const auto add = [&](const char* option, const std::string& value) {
      argv.insert(argv.end(), {option, value});
    };
    add("-smp", std::to_string(spec.vcpus));
    add("-m", std::to_string(spec.memory_mib));
    add("-kernel", spec.kernel);
    add("-initrd", spec.initrd);
    add("-append", spec.cmdline);
    add("-chardev", fmt::format("file,id=stream,path={}", stream_file));
    add("-device", fmt::format("virtserialport,chardev=stream,name={}", outer::stream_port));
    for (std::size_t i = 0; i < spec.disks.size(); ++i) {
      const guest::Disk& disk = spec.disks[i];
      add("-drive", fmt::format("if=none,id=disk{},file={},format={}{}", i, disk.path, disk.format,
                                disk.read_only ? ",readonly=on" : ""));
      add("-device", disk.serial.empty()
                         ? fmt::format("virtio-blk-pci,drive=disk{}", i)
                         : fmt::format("scsi-hd,drive=disk{},serial={}", i, disk.serial));
    }
    return argv;
  }

  const RunBenchOptions& options_;
  terminal::Progress& progress_;
  const base::Folders folders_;
  const base::RunFolder work_;
  const fs::path scenario_;
  std::vector<scenario::TrialPlan> plans_;
  run::OuterJob outer_;
  RunResults results_;
};

std::string line(const std::string& name, const std::string& median, const std::string& range) {
  static const report::Columns columns({{.least = 48, .gap = 0}, {report::on_right, 8, 0}, {}});
  return columns.line({name, median, range}) + "\n";
}

std::string row(const std::string& name, const Samples& times) {
  return line(name, fmt::format("{:.1f}", times.median()),
              fmt::format("{:.1f} … {:.1f}", times.least(), times.most()));
}

double an_hour(unsigned trials, const Throughput& throughput) {
  return 3600 * trials / throughput.seconds;
}

std::string run_table(const RunResults& results, const RunBenchOptions& options) {
  const auto& conditions = results.conditions;
  std::string text = fmt::format(
      "image {}, site {} (emulated), outer kernel {}, lab {}, {} processors, {}\n\n", options.image,
      bench_site.name, conditions.at("outer_kernel"), conditions.at("lab_version"),
      std::thread::hardware_concurrency(), conditions.at("start_time").substr(0, 10));
  text +=
      line(fmt::format("seconds, {} of each in turn", options.repeats), "median", "least … most");
  text += row("by hand: outer VM's and guest's boot", results.by_hand);
  text += row("  the guest's boot in it", results.by_hand_guest);
  const bool beside = !results.against.values().empty();
  if (beside) {
    text += row("  with " + options.against, results.against);
    text += row("  the guest's boot in it", results.against_guest);
  }
  text += row("lab run, warm: from command to table and end", results.lab);
  text += row("  the guest's boot in it", results.boot);
  text += fmt::format("\nlab run ÷ by hand           {:.2f}\nlab run ÷ its guest's boot  {:.2f}\n",
                      results.lab.median() / results.by_hand.median(),
                      results.lab.median() / results.boot.median());
  if (beside)
    text += fmt::format("lab's emulator ÷ the other, the guest's boot by hand  {:.2f}\n",
                        results.by_hand_guest.median() / results.against_guest.median());
  text += "\nwhere lab's seconds are, phase by phase\n";
  for (const auto& [phase, times] : results.phases) text += row("  " + phase, times);
  text += "\n";
  const double one = an_hour(results.trials, results.throughput.front());
  for (const Throughput& throughput : results.throughput)
    text +=
        fmt::format("-j {}: {} in {:.1f} s, {:.0f} an hour, {:.2f} times as many as -j 1\n",
                    throughput.at_once, base::counted(results.trials, "trial"), throughput.seconds,
                    an_hour(results.trials, throughput), an_hour(results.trials, throughput) / one);
  return text;
}

std::string run_json(const RunResults& results, const RunBenchOptions& options) {
  ordered_json document{{"schema", 1},
                        {"benchmark", "run"},
                        {"unit", "seconds"},
                        {"image", options.image},
                        {"processors", std::thread::hardware_concurrency()},
                        {"conditions", results.conditions},
                        {"by_hand", results.by_hand.values()},
                        {"by_hand_guest", results.by_hand_guest.values()},
                        {"lab", results.lab.values()},
                        {"guest_boot", results.boot.values()}};
  if (!options.against.empty())
    document["against"] = {{"emulator", options.against},
                           {"seconds", results.against.values()},
                           {"guest", results.against_guest.values()}};
  for (const auto& [phase, times] : results.phases) document["phases"][phase] = times.values();
  for (const Throughput& throughput : results.throughput)
    document["throughput"].push_back({{"at_once", throughput.at_once},
                                      {"trials", results.trials},
                                      {"seconds", throughput.seconds},
                                      {"an_hour", an_hour(results.trials, throughput)}});
  return base::dump_json(document, 1) + "\n";
}

int bench_run(const RunBenchOptions& options) {
  terminal::Progress progress;
  const RunResults results = Bench(options, progress).measure();
  progress.clear();
  write_output(options.output,
               options.format == "json" ? run_json(results, options) : run_table(results, options));
  return base::exit_ok;
}

}  // namespace

void add_bench_run(const Command& bench) {
  const auto options = std::make_shared<RunBenchOptions>();
  const Command command = bench.add_subcommand(
      "run", "Seconds from command to table, beside QEMU by hand; trials an hour (minutes)");
  command.add_option("--image", options->image, "The guest's").shows_default();
  command.add_number("--repeats", options->repeats, "Runs of each", 1, 100);
  command.add_option("--against", options->against,
                     "Another QEMU, which runs the machines by hand in turn with lab's");
  command.add_number("--trials", options->trials, "For the trials an hour", 1, 1000);
  add_bench_output(command, options->format, options->output);
  command.runs([options] { return bench_run(*options); });
}

}  // namespace lab::cli
