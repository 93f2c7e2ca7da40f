// SPDX-License-Identifier: MIT
#include "orchestrator/outer/machine/bochs.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <limits>
#include <sstream>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/account.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/interrupt.hpp"
#include "orchestrator/base/process/stop_check.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/outer/machine/back_end.hpp"

namespace lab::outer {
namespace fs = std::filesystem;
namespace {

constexpr const char* log_name = "bochs.log";
// Folders in the machine's folder: where its state is saved, and from which it is restored.
constexpr const char* saved_name = "state";  // ci/emulators/bochs/lab-port.h
constexpr const char* restored_name = "restored";
constexpr double state_patience = 120;           // seconds, while it writes its state
constexpr double bochs_restored_patience = 180;  // seconds
constexpr const char* folder_name = "bochs";     // in the run's folder

bool is_packaged(const guest::DomainSpec& spec) {
  return spec.emulator.empty();
}

// Fills master and slave of each channel, in the order of their names in Linux; the CD is last.
std::string ata_device(std::size_t index, const std::string& what) {
  return fmt::format("ata{}-{}: {}\n", index / 2, index % 2 == 0 ? "master" : "slave", what);
}

// The file of the changes to the system's disk, in a saved state.
constexpr const char* system_image = "hard_drive.0.drive0.image";
bool is_disk_image(const fs::path& file) {
  return file.filename().string().starts_with("hard_drive.") && file.extension() == ".image";
}

base::Fd make_pipe(const fs::path& path) {
  if (::mkfifo(path.c_str(), 0600) != 0) throw base::errno_error("make", path.string(), errno);
  // Opens it also for writing, so that it has no end before Bochs opens it.
  base::Fd fd(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!fd) throw base::errno_error("open", path.string(), errno);
  return fd;
}

// Returns the lines in which Bochs reports that it cannot go on: bad settings, a missing file, a
// full disk.
std::string panics_in(std::istream& stream) {
  std::string panics;
  for (std::string line; std::getline(stream, line) && panics.size() < 4096;)
    if (line.find(">>PANIC<<") != std::string::npos) panics += line + "\n";
  return panics;
}

// Runs in `folder`, which contains its configuration, or the state to restore.
base::Command bochs_command(const guest::DomainSpec& spec, const fs::path& folder) {
  base::Command command{
      .argv = {spec.emulator, "-q", "-f", "bochsrc"},
      .environment = {{"SDL_VIDEODRIVER", "dummy"}, {"BXSHARE", "/usr/share/bochs"}},
      .folder = folder,
      .keep = 4096};
  if (fs::exists(folder / restored_name)) {
    command.argv = {spec.emulator, "-q", "-r", restored_name};
  } else if (is_packaged(spec)) {
    base::write_file(folder / "debugger", "continue\n");  // Debian's debugger asks for commands
    command.argv = {bochs_program, "-q", "-f", "bochsrc", "-rc", "debugger"};
  }
  return command;
}

// Runs Bochs as a user of its own where lab is root: a guest that breaks out is then not root. It
// still dies with lab; a change of the user alone would undo that.
base::Command confined(base::Command command, const std::vector<fs::path>& read_files) {
  const auto account = base::account_for_emulators();
  if (!account) return command;
  base::give_folder(command.folder, *account);  // and the path to it, with the disks
  if (!base::can_read_all(*account, read_files, "Bochs")) return command;
  command.argv.insert(command.argv.begin(),
                      {"setpriv", "--reuid=" + std::to_string(account->user),
                       "--regid=" + std::to_string(account->group), "--clear-groups",
                       "--no-new-privs", "--pdeathsig=KILL"});
  return command;
}

// Leaves the saved state unchanged: links to its files, and puts this machine's configuration
// beside.
void lay_out_state(const fs::path& state, const std::string& configuration, const fs::path& to) {
  fs::create_directory(to);
  for (const auto& entry : fs::directory_iterator(state))
    fs::create_symlink(fs::absolute(entry.path()), to / entry.path().filename());
  base::write_file(to / "config", configuration);
}

class Bochs : public OuterMachine {
 public:
  // Restores the state where one is given; otherwise boots.
  Bochs(const guest::DomainSpec& spec, const fs::path& boot_cd, const fs::path& folder,
        const fs::path& state = {})
      : folder_(folder) {
    fs::remove_all(folder);
    fs::create_directories(folder / saved_name);
    if (state.empty())
      base::write_file(folder / "bochsrc", bochs_configuration(spec));
    else
      lay_out_state(state, bochs_configuration(spec), folder / restored_name);
    fs::create_symlink(boot_cd, folder / "boot.iso");
    for (std::size_t i = 0; i < spec.disks.size(); ++i)
      fs::create_symlink(fs::absolute(spec.disks[i].path), folder / fmt::format("disk{}", i));
    console = make_pipe(folder / "console");
    stream = make_pipe(folder / "stream");
    std::vector<fs::path> read_files{boot_cd};
    for (const guest::Disk& disk : spec.disks) read_files.emplace_back(disk.path);
    if (!state.empty()) read_files.push_back(state);
    process_ = std::make_unique<base::Process>(confined(bochs_command(spec, folder), read_files));
  }

  bool running() override {
    // Looks now, as the files that Bochs wrote are removed when it ends.
    std::error_code unknown;
    const fs::space_info space = fs::space(folder_, unknown);
    if (!unknown) least_free_ = std::min(least_free_, space.free);
    stop_check_.check(process_->pid());
    return process_->running();
  }

  // Waits: the machine itself asks to be saved (images/outer: lab-warm), so that it is at the same
  // instruction each time; Bochs then ends.
  void save_state(const fs::path& to) override {
    const base::Stopwatch watch;
    while (running()) {
      if (watch.seconds() > state_patience)
        throw base::infrastructure_error("Bochs did not save its state");
      base::sleep_interruptibly(0.1);
    }
    const fs::path saved = folder_ / saved_name;
    // Keeps nothing of disks that the machine has detached.
    for (const auto& entry : fs::directory_iterator(saved))
      if (is_disk_image(entry.path()) && entry.path().filename() != system_image)
        fs::remove(entry.path());
    if (!fs::exists(saved / system_image) || !fs::exists(saved / "memory.ram"))
      throw base::infrastructure_error("Bochs ended without a whole state: " + last_words());
    fs::remove(saved / "config");
    fs::rename(saved, to);
  }

  std::string last_words() const override {
    std::ifstream log(folder_ / log_name);
    std::istringstream printed(process_->output());
    return panics_in(printed) + panics_in(log) + full_disk();
  }

 private:
  // Bochs writes the machine's changes to its disks into journals here, and treats a full disk as a
  // broken one.
  std::string full_disk() const {
    constexpr std::uintmax_t little = 16 << 20;  // written between two looks
    if (least_free_ >= little) return "";
    return fmt::format(
        "the disk of '{}' was full ({} KiB free); free space there, or set "
        "XDG_CACHE_HOME to a larger disk",
        folder_.string(), least_free_ >> 10);
  }

  fs::path folder_;
  std::unique_ptr<base::Process> process_;
  base::StopCheck stop_check_{"the outer VM's Bochs"};
  std::uintmax_t least_free_ = std::numeric_limits<std::uintmax_t>::max();  // bytes, seen
};

}  // namespace

const char* bochs_cpu_model(scenario::Processor processor) {
  return processor == scenario::Processor::skylake_x ? "corei7_skylake_x" : "corei7_haswell_4770";
}

std::string bochs_configuration(const guest::DomainSpec& spec) {
  std::string text = fmt::format(
      "plugin_ctrl: unmapped=1, biosdev=1, extfpuirq=1, parallel=1, serial=1, speaker=0\n"
      "config_interface: textconfig\n"
      "display_library: {4}\n"
      "memory: guest={0}, host={0}\n"
      "romimage: file=/usr/share/bochs/BIOS-bochs-latest, options=fastboot\n"
      "vgaromimage: file=/usr/share/vgabios/vgabios.bin\n"
      "vga: extension=none, update_freq=1, realtime=0\n"
      "cpu: model={1}, count=1, ips={2}, reset_on_triple_fault=0, ignore_bad_msrs=1\n"
      // Its own clock begins at the same moment each time: 2026-01-01 00:00 UTC.
      "clock: sync=none, time0=1767225600\n"
      "pci: enabled=1, chipset=i440fx\n"
      "boot: cdrom\n"
      "com1: enabled=1, mode=file, dev=console\n"
      "parport1: enabled=1, file=stream\n"
      "mouse: enabled=0\n"
      "log: {3}\n"
      "panic: action=fatal\n"
      "error: action=ignore\n"
      "info: action=ignore\n"
      "debug: action=ignore\n",
      spec.memory_mib, spec.cpu_model, instructions_per_second, log_name,
      is_packaged(spec) ? "sdl2" : "nogui");
  constexpr unsigned ports[] = {0x1f0, 0x170}, irqs[] = {14, 15};
  for (std::size_t channel = 0; channel <= spec.disks.size() / 2; ++channel)
    text += fmt::format("ata{}: enabled=1, ioaddr1={:#x}, ioaddr2={:#x}, irq={}\n", channel,
                        ports[channel], ports[channel] + 0x200, irqs[channel]);
  for (std::size_t i = 0; i < spec.disks.size(); ++i)
    text += ata_device(
        i, fmt::format("type=disk, mode=volatile, path=disk{0}, journal=changes{0}, model=\"{1}\"",
                       i, spec.disks[i].serial));
  return text + ata_device(spec.disks.size(), "type=cdrom, path=boot.iso, status=inserted");
}

std::string try_bochs(const std::string& emulator) {
  const base::TemporaryFolder folder(fs::temp_directory_path(), "lab-probe");
  const fs::path log = folder.path() / log_name;
  guest::DomainSpec spec;
  spec.memory_mib = 32;
  spec.cpu_model = bochs_cpu_model(scenario::Processor::haswell);
  spec.emulator = emulator;
  std::string settings = bochs_configuration(spec);
  const std::string quiet = "info: action=ignore";
  settings.replace(settings.find(quiet), quiet.size(), "info: action=report");
  base::write_file(folder.path() / "bochsrc", settings);
  try {
    base::Process process(bochs_command(spec, folder.path()));
    // At the reset Bochs logs the processor's features, a word a line, and goes on. It ends where
    // its BIOS finds no disk: lab's own within a tenth of a second.
    const auto shows_vmx = [&] {
      return fs::exists(log) && base::read_file(log).find("\tvmx\n") != std::string::npos;
    };
    const base::Stopwatch watch;
    while (process.running() && watch.seconds() < 10 && !shows_vmx())
      base::sleep_interruptibly(0.1);
    if (shows_vmx()) return "";
    std::istringstream printed(process.output());
    const std::string panics = panics_in(printed);
    return panics.empty() ? "its processor shows no VMX" : panics;
  } catch (const base::Error& error) {
    if (error.kind() == base::ErrorKind::interrupted) throw;
    return error.what();
  }
}

namespace {

// Returns the version, which Bochs prints only when it gives up: it has no option for it.
std::string version_text() {
  const base::Outcome outcome = base::run({.argv = {bochs_program, "-q", "-f", "/dev/null/none"},
                                           .limit = std::chrono::seconds(30),
                                           .keep = 4096});
  return outcome.output + outcome.errors;
}

struct BochsBackEnd : BackEnd {
  BochsBackEnd() {
    needs_overlay = takes_guest_disks = false;  // Bochs knows none of QEMU's formats
    most_vcpus = 1;                             // one is fast enough
    most_packaged_mib = 2048;
    saving_patience = 1800;
  }

  OuterSize size_for_guests(unsigned guests, unsigned, std::uint64_t memory_mib) const override {
    constexpr std::uint64_t around = 768, least = 1024, most = 3072;  // its "memory: host"
    const std::uint64_t needed = guests * memory_mib + around;
    if (needed > most)
      throw base::user_error(
          "site vmx has at most " + std::to_string(most) + " MiB, of which " +
              std::to_string(most - around) + " for guests; the scenario's have " +
              std::to_string(guests * memory_mib),
          "--set guest.memory='" + std::to_string((most - around) / guests) + " MiB', or --on svm");
    constexpr std::uint64_t step = 512;  // each size needs its own saved states
    return {.vcpus = most_vcpus, .memory_mib = std::max((needed + step - 1) / step * step, least)};
  }

  void complete(guest::DomainSpec& spec, const Site&, const OuterImage& image,
                const fs::path& disk) const override {
    spec.disks.push_back({.path = disk.string(), .serial = "system"});
    spec.cpu_model = bochs_cpu_model(image.processor);
    if (image.emulator) spec.emulator = image.emulator->program.string();
  }

  std::unique_ptr<OuterMachine> start(const OuterImage& image, const guest::DomainSpec& spec,
                                      const fs::path& folder) const override {
    if (!fs::exists(image.boot_cd))
      throw base::infrastructure_error(
          "site vmx boots from a CD, which needs the unpacked kernel; '" + image.boot_cd.string() +
              "' was not made",
          "another kernel: --set kvm.kernel=6.1");
    return std::make_unique<Bochs>(spec, image.boot_cd, folder / folder_name);
  }

  std::unique_ptr<OuterMachine> restore(const OuterImage& image, guest::DomainSpec spec,
                                        const fs::path& state,
                                        const fs::path& folder) const override {
    auto machine = std::make_unique<Bochs>(spec, image.boot_cd, folder / folder_name, state);
    wait_for_words(*machine, bochs_restored_patience);
    return machine;
  }

  std::string description(const guest::DomainSpec& spec) const override {
    return spec.emulator + bochs_configuration(spec);
  }

  std::string packaged_version() const override { return emulator_in_words(version_text()); }
};

}  // namespace

const BackEnd& bochs_back_end() {
  static const BochsBackEnd back_end;
  return back_end;
}

}  // namespace lab::outer
