// SPDX-License-Identifier: MIT
#include "orchestrator/outer/warm.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/account.hpp"
#include "orchestrator/base/files/atomic_folder.hpp"
#include "orchestrator/guest/xml/domain_spec.hpp"
#include "orchestrator/image/overlay.hpp"
#include "orchestrator/kvm/kits/build.hpp"
#include "orchestrator/kvm/modules/modules.hpp"
#include "orchestrator/outer/job_layout.hpp"
#include "orchestrator/outer/stream/read_stream.hpp"

namespace lab::outer {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t most_states = 6;  // up to half a GB each; the one used longest ago goes first
constexpr std::uintmax_t room_mib = 1024;  // free space to make one

// A state consists of the machine's memory, which is a file with QEMU, its devices (with Bochs a
// folder that also contains memory and disk) and its disk.
constexpr const char* memory_file = "memory";
constexpr const char* devices_file = "devices";
constexpr const char* disk_file = "system.qcow2";

// Returns some guest, for which libvirt and QEMU read what they will read for the trials' guests.
std::string some_guest() {
  guest::DomainSpec spec;
  spec.name = "warm";
  spec.memory_mib = 64;
  spec.channels.push_back({"lab.reader.0", "/run/lab/warm-reader"});
  spec.console_socket = "/run/lab/warm-console";
  return guest::domain_xml(spec, {.account = base::Account{0, 0}});  // as for trials' guests there
}

std::string file_here(const std::string& path, const std::string& text) {
  return "cat >" + path + " <<'END'\n" + text + "\nEND\n";
}

// Returns the shell commands that make the machine ready and then wait (images/outer: lab-warm).
// lab itself takes no part, so that machines made ready by different builds of it are equal. The
// machine begins with the modules' default parameters, whatever the trials need: loading them anew
// takes a second, another state a minute and half a GB.
std::string warming_script(const inside::Job& job) {
  scenario::Settings settings;
  settings.paging = scenario::Paging::nested;
  settings.processor = job.plans.front().settings.processor;
  const exits::Vendor vendor = *job.site->vendor;
  const kvm::Parameters parameters = inside::module_parameters(settings, vendor);
  const kvm::SplitParameters split = kvm::split_by_modules(job.modules, vendor, parameters);
  const kvm::ModuleState state{.vendor_module = kvm::vendor_module(vendor),
                               .stock_was_loaded = false,
                               .kept = true,
                               .patch = kvm::open_modules(job.modules).patch,
                               .parameters = parameters};
  return "mkdir -p /run/lab\n" + file_here("/run/lab/modules.json", kvm::state_text(state)) +
         file_here("/run/lab/guest.xml", some_guest()) +
         fmt::format("exec lab-warm {} '{}' '{}'", state.vendor_module,
                     kvm::options_text(split.kvm), kvm::options_text(split.vendor));
}

std::string state_digest(const OuterImage& image, const inside::Job& job, const std::string& script,
                         guest::DomainSpec spec) {
  spec.name = spec.console_socket = spec.agent_socket = spec.channels[0].socket = "";
  if (spec.disks.size() > 2) spec.disks.resize(2);  // the system's and the job's
  for (guest::Disk& disk : spec.disks) disk.path = "";
  for (guest::MemoryDisk& disk : spec.memory_disks) disk.path = "";
  return base::sha256(back_end(*job.site).description(spec) + image.digest +
                      in_words(*image.emulator) + job.modules.string() + script);
}

// Returns the files' digests, a line each, which the file `digests` contains.
std::string digests_in(const fs::path& state) {
  std::set<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(state))
    if (entry.is_regular_file()) files.insert(entry.path().lexically_relative(state));
  files.erase("digests");
  std::string text;
  for (const fs::path& file : files)
    text += base::sha256_sparse(state / file) + " " + file.string() + "\n";
  return text;
}

bool is_whole(const fs::path& state) {
  try {
    return base::read_file(state / "digests") == digests_in(state);
  } catch (const base::Error&) {
    return false;
  } catch (const fs::filesystem_error&) {
    return false;
  }
}

// Requires room: a machine stops where its memory does not fit into its file.
void check_room(const fs::path& folder) {
  const std::uintmax_t free_mib = fs::space(folder).available >> 20;
  if (free_mib < room_mib)
    throw base::infrastructure_error(
        fmt::format("the disk of '{}' has {} MiB free; a state of an outer VM needs {}",
                    folder.string(), free_mib, room_mib),
        "free some space, or set XDG_CACHE_HOME to a larger disk");
}

class Warmer {
 public:
  Warmer(const OuterImage& image, const inside::Job& job, const guest::DomainSpec& spec,
         const base::Folders& folders, const base::RunFolder& run, const trial::Sink& sink)
      : image_(image),
        back_end_(back_end(*job.site)),
        job_(job),
        script_(warming_script(job)),
        patience_(back_end_.saving_patience * job.time_scale),
        spec_(spec),
        folder_(folders.cache / "warm" / state_digest(image, job, script_, spec)),
        run_(run),
        sink_(sink) {}

  std::unique_ptr<OuterMachine> start() const {
    make_where_missing();
    const auto written = when_written();
    if (auto machine = try_to_restore()) return machine;
    throw_away(written);
    make_where_missing();
    return restore();
  }

  void make_where_missing() const {
    const auto make = [&](const fs::path& folder) { this->make(folder); };
    if (base::make_folder_once(folder_, make)) forget_old();
    std::error_code ignored;
    fs::last_write_time(folder_, fs::file_time_type::clock::now(), ignored);
  }

 private:
  std::optional<fs::file_time_type> when_written() const {
    std::error_code error;
    const auto time = fs::last_write_time(folder_ / "digests", error);
    return error ? std::nullopt : std::optional(time);
  }

  // Removes the state, but not one that another lab has made anew meanwhile.
  void throw_away(std::optional<fs::file_time_type> written) const {
    const base::Fd lock = base::lock_folder(folder_.parent_path());
    if (fs::exists(folder_) && when_written() == written) base::remove_folder(folder_);
  }

  // Makes the state in the cache's unfinished folder.
  void make(const fs::path& folder) const {
    sink_(trial::other_phase("outer VM's first boot"));
    check_room(folder);
    fs::create_directory(folder / "parts");
    guest::DomainSpec spec = lay_out_without_job(image_, job_, "lab-warming-" + run_.id(),
                                                 folder / "parts", run_.sockets(), script_);
    spec.vcpus = spec_.vcpus;
    spec.memory_mib = spec_.memory_mib;
    spec.memory_file = (folder / memory_file).string();
    save_when_warm(*back_end_.start(image_, spec, folder / "parts"), folder / devices_file);
    const fs::path overlay = folder / "parts" / overlay_name;
    if (fs::exists(overlay)) fs::rename(overlay, folder / disk_file);
    fs::remove_all(folder / "parts");
    base::take_back(folder);
    base::write_file(folder / "digests", digests_in(folder));
  }

  // Saves the machine while its stream is still read, as the machine would notice the stream's end.
  void save_when_warm(OuterMachine& machine, const fs::path& devices) const {
    const auto take = [&](const std::string& line) {
      if (line != warm_line)
        throw base::infrastructure_error("the outer VM could not be made ready: " + line);
      machine.save_state(devices);
      return true;
    };
    read_stream(machine, {.silence = patience_, .whole = patience_}, take);
  }

  // Returns null where the state is of no use.
  std::unique_ptr<OuterMachine> try_to_restore() const {
    try {
      return restore();
    } catch (const base::Error& error) {
      if (error.kind() == base::ErrorKind::interrupted) throw;
      spdlog::warn("the saved state of the outer VM is of no use, and made anew: {}", error.what());
      return nullptr;
    }
  }

  std::unique_ptr<OuterMachine> restore() const {
    if (!is_whole(folder_))
      throw base::infrastructure_error("'" + folder_.string() + "' is not as it was written");
    sink_({.what = trial::PhaseBegun{{record::Phase::Kind::outer_vm}, ""}});
    if (fs::exists(folder_ / disk_file)) {
      fs::remove(spec_.disks[0].path);
      image::create_overlay(folder_ / disk_file, "qcow2", spec_.disks[0].path);
    }
    guest::DomainSpec spec = spec_;
    spec.memory_file = (folder_ / memory_file).string();
    return back_end_.restore(image_, spec, folder_ / devices_file, run_.path());
  }

  void forget_old() const {
    const auto lock = base::try_lock_folder(folder_.parent_path());
    if (!lock) return;  // the lab that makes another state now forgets them
    std::vector<std::pair<fs::file_time_type, fs::path>> states;
    for (const auto& entry : fs::directory_iterator(folder_.parent_path()))
      if (entry.is_directory()) states.emplace_back(entry.last_write_time(), entry.path());
    std::ranges::sort(states, std::greater());
    for (std::size_t i = most_states; i < states.size(); ++i) base::remove_folder(states[i].second);
  }

  const OuterImage& image_;
  const BackEnd& back_end_;
  const inside::Job& job_;
  const std::string script_;
  const double patience_;  // seconds
  const guest::DomainSpec& spec_;
  const fs::path folder_;
  const base::RunFolder& run_;
  const trial::Sink& sink_;
};

}  // namespace

bool can_be_warm(const Site& site, const OuterImage& image) {
  return site.emulated && image.emulator.has_value();
}

std::unique_ptr<OuterMachine> start_warm(const OuterImage& image, const inside::Job& job,
                                         const guest::DomainSpec& spec,
                                         const base::Folders& folders, const base::RunFolder& run,
                                         const trial::Sink& sink) {
  return Warmer(image, job, spec, folders, run, sink).start();
}

void make_warm_state(const OuterImage& image, const inside::Job& job, const guest::DomainSpec& spec,
                     const base::Folders& folders, const base::RunFolder& run,
                     const trial::Sink& sink) {
  Warmer(image, job, spec, folders, run, sink).make_where_missing();
}

}  // namespace lab::outer
