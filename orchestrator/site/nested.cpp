// SPDX-License-Identifier: MIT
#include "orchestrator/site/nested.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <map>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/interrupt.hpp"
#include "orchestrator/image/overlay.hpp"

namespace lab::site {
namespace fs = std::filesystem;
namespace {

using trial::Event;

constexpr double silence_limit = 180;    // seconds
constexpr double outer_allowance = 600;  // outer boot, module swaps, domain start and end
constexpr std::uint64_t max_stream_bytes = 1ull << 30;

const fs::path job_folder = "/run/lab/job";  // where the outer VM mounts the job disk

constexpr const char* run_script =
    "#!/bin/sh\n"
    "exec /run/lab/job/lab job /run/lab/job/job.json /dev/virtio-ports/lab.stream.0\n";

void link_or_copy(const fs::path& from, const fs::path& to) {
  fs::create_directories(to.parent_path());
  std::error_code error;
  fs::create_hard_link(from, to, error);
  if (error) fs::copy_file(from, to);
}

// A prepared guest's disk becomes one of the outer VM's.
void add_guest_disk(trial::GuestImage& image, guest::DomainSpec& spec) {
  constexpr std::size_t most_disks = 20;  // of the PCI bus' 32 places
  const std::string serial = fmt::format("labguest{}", spec.disks.size());
  if (spec.disks.size() >= most_disks)
    throw base::user_error(
        fmt::format("the trials have more than {} different guest disks (by image, console, end "
                    "of the boot, clock and command line)",
                    most_disks - 1),
        "run the scenarios one by one, or a part of the matrix: -f REGEX");
  spec.disks.push_back({.path = image.disk.string(),
                        .format = image.disk_format,
                        .serial = serial,
                        .read_only = true});
  image.disk = "/dev/disk/by-id/virtio-" + serial;
  image.disk_format = "raw";
  image.disk_is_block = true;
}

// Rewrites a job's paths to what they are inside, laying the files out below `folder` and the
// guests' disks as disks of the outer VM.
Job lay_out(const Job& job, const fs::path& folder, guest::DomainSpec& spec) {
  Job inside = job;
  for (const auto& entry : fs::directory_iterator(job.modules))
    link_or_copy(entry.path(), folder / "modules" / entry.path().filename());
  inside.modules = job_folder / "modules";
  std::map<fs::path, fs::path> places;  // images often differ by their kernel's parameters only
  for (auto& [key, image] : inside.images) {
    for (fs::path* file : {&image.kernel, &image.initrd}) {
      if (file->empty()) continue;
      const auto [found, is_new] = places.emplace(
          *file, fs::path("images") / std::to_string(places.size()) / file->filename());
      if (is_new) link_or_copy(*file, folder / found->second);
      *file = job_folder / found->second;
    }
    if (!image.disk.empty()) add_guest_disk(image, spec);
  }
  return inside;
}

void write_script(const fs::path& file, const std::string& text) {
  base::write_file(file, text);
  fs::permissions(file, fs::perms(0755));
}

void write_job(const Job& inside, const fs::path& folder, const fs::path& disk,
               const std::string& start) {
  base::write_file(folder / "job.json", to_json(inside));
  write_script(folder / "run", run_script);
  write_script(folder / "start", "#!/bin/sh\n" + start + "\n");
  fs::copy_file("/proc/self/exe", folder / "lab");
  make_job_disk(folder, disk);
}

double time_limit(const Job& job) {
  double limit = outer_allowance * job.time_scale;
  for (const scenario::TrialPlan& plan : job.plans)
    limit += static_cast<double>(plan.timeouts.trial.count()) + 60 * job.time_scale;
  return limit;
}

// Follows the outer VM's stream to its end.
class Follower {
 public:
  Follower(guest::Domain& domain, const guest::DomainSpec& spec, const trial::Sink& sink,
           const Job& job)
      : domain_(domain),
        console_(guest::connect_to_guest(spec.console_socket)),
        stream_(guest::connect_to_guest(spec.channels[0].socket), trial::max_event_bytes,
                max_stream_bytes),
        sink_(sink),
        silence_limit_(silence_limit * job.time_scale),
        time_limit_(time_limit(job)) {}

  void follow() {
    try {
      while (!ended_) step();
    } catch (const guest::ChannelAbuse& abuse) {
      throw base::infrastructure_error("the outer VM's stream: " + abuse.message);
    }
    if (failure_) throw base::Error(*failure_);
  }

 private:
  void step() {
    std::array<pollfd, 2> fds{{{console_open_ ? console_.fd() : -1, POLLIN, 0},
                               {stream_open_ ? stream_.fd() : -1, POLLIN, 0}}};
    ::poll(fds.data(), fds.size(), 250);
    base::throw_if_interrupted();
    if (console_open_) console_open_ = console_.read();
    if (stream_open_) stream_open_ = stream_.read();
    while (const auto line = stream_.next_line()) take(trial::event_from_json(*line));
    if (!ended_) check_alive();
  }

  void take(const Event& event) {
    heard_.restart();
    if (event.kind == Event::Kind::end) {
      ended_ = true;
    } else if (event.kind == Event::Kind::error) {
      failure_.emplace(event.error_kind, "in the outer VM: " + event.text, event.hint);
    } else {
      sink_(event);
    }
  }

  void check_alive() {
    if (console_.panicked()) fail("the outer VM's kernel panicked");
    if (!domain_.running()) fail("the outer VM ended in the middle of its job");
    if (heard_.seconds() > silence_limit_)
      fail(fmt::format("the outer VM was silent for {:.0f} s: it hangs", silence_limit_));
    if (alive_.seconds() > time_limit_)
      fail(fmt::format("the outer VM was not done within {:.0f} s, its job's time limits together",
                       time_limit_));
  }

  [[noreturn]] void fail(const std::string& what) {
    throw base::infrastructure_error(what + "; the end of its console:\n" + console_.tail(),
                                     "run it again: outer VMs are thrown away and made anew");
  }

  guest::Domain& domain_;
  guest::Console console_;
  guest::LineChannel stream_;
  const trial::Sink& sink_;
  double silence_limit_, time_limit_;  // seconds
  base::Stopwatch heard_, alive_;
  bool console_open_ = true, stream_open_ = true, ended_ = false;
  std::optional<base::Error> failure_;
};

// The processors that "0", "0-1" or "0,2" needs; at most eight, which is what pins are for.
unsigned cpus_named(const std::string& cpus) {
  unsigned most = 0, number = 0;
  for (const char c : cpus) {
    number = c >= '0' && c <= '9' ? std::min(number * 10 + unsigned(c - '0'), 7u) : 0;
    most = std::max(most, number + 1);
  }
  return most;
}

unsigned cpus_for_pins(const scenario::TrialPlan& plan) {
  unsigned most = 0;
  for (const scenario::Step& step : plan.steps)
    if (step.host.kind == scenario::HostAction::Kind::pin)
      most = std::max(most, cpus_named(step.host.cpus));
  return most;
}

OuterSize size_for(const Job& job) {
  OuterSize size;
  for (const scenario::TrialPlan& plan : job.plans) {
    const OuterSize one =
        size_for_guests(plan.settings.guests, plan.settings.vcpus, plan.settings.memory >> 20);
    size.vcpus = std::max({size.vcpus, one.vcpus, cpus_for_pins(plan)});
    size.memory_mib = std::max(size.memory_mib, one.memory_mib);
  }
  return size;
}

}  // namespace

guest::DomainSpec lay_out_outer(OuterKind kind, const OuterImage& image, const Job& job,
                                const std::string& name, const fs::path& folder,
                                const fs::path& sockets, const std::string& start) {
  const fs::path system_disk = folder / "outer.qcow2", job_disk = folder / "job.img";
  guest::DomainSpec spec = outer_spec(kind, image, size_for(job), name, system_disk, sockets);
  image::create_overlay(image.disk, "raw", system_disk);
  write_job(lay_out(job, folder / "job", spec), folder / "job", job_disk, start);
  fs::remove_all(folder / "job");
  spec.disks.push_back({.path = job_disk.string(), .format = "raw", .read_only = true});
  return spec;
}

void run_nested(OuterKind kind, const OuterImage& image, const Job& job, const base::RunFolder& run,
                const trial::Sink& sink) {
  sink({.kind = Event::Kind::phase, .text = "job disk"});
  const guest::DomainSpec spec = lay_out_outer(kind, image, job, "lab-outer-" + run.id(),
                                               run.path(), run.sockets(), start_job);
  sink({.kind = Event::Kind::phase, .text = outer_vm_phase});
  const guest::ConnectionPtr connection = guest::connect(guest::default_uri());
  guest::Domain domain(connection.get(), spec);
  Follower follower(domain, spec, sink, job);
  domain.resume();
  follower.follow();
}

}  // namespace lab::site
