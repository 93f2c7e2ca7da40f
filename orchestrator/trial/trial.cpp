// SPDX-License-Identifier: MIT
#include "orchestrator/trial/trial.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <random>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/image/overlay.hpp"
#include "orchestrator/kvm/host_counters.hpp"
#include "orchestrator/kvm/tracepoint.hpp"
#include "orchestrator/trial/session.hpp"

namespace lab::trial {
namespace {

namespace fs = std::filesystem;
using record::Outcome;
using std::chrono::steady_clock;

constexpr const char* reader_port = "lab.reader.0";

guest::DomainSpec guest_spec(const scenario::TrialPlan& plan, const GuestImage& image,
                             const TrialContext& context, const fs::path& overlay) {
  guest::DomainSpec spec;
  spec.name = "lab-guest-" + context.run_id;
  spec.vcpus = plan.settings.vcpus;
  spec.memory_mib = plan.settings.memory >> 20;
  spec.kernel = image.kernel.string();
  spec.initrd = image.initrd.string();
  spec.cmdline = image.cmdline;
  if (!overlay.empty())
    spec.disks.push_back({.path = overlay.string(), .format = "qcow2", .cache = "unsafe"});
  spec.channels.push_back({reader_port, (context.sockets / "reader").string()});
  spec.console_socket = (context.sockets / "console").string();
  return spec;
}

// Deletes the overlay at its end.
class Overlay {
 public:
  Overlay(const GuestImage& image, const fs::path& folder) {
    if (image.disk.empty()) return;
    path_ = folder / "overlay.qcow2";
    image::create_overlay(image.disk, image.disk_format, path_);
  }
  Overlay(const Overlay&) = delete;
  Overlay& operator=(const Overlay&) = delete;
  ~Overlay() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

class Trial {
 public:
  Trial(const scenario::TrialPlan& plan, const GuestImage& image, const TrialContext& context)
      : plan_(plan), image_(image), context_(context) {
    describe();
  }

  record::Record run();

 private:
  void describe();
  void phase(const std::string& text);
  void end_phase(const std::string& name);
  void run_guest(const fs::path& overlay);
  std::optional<exits::HostStats> host_stats() const;
  bool run_boot(const scenario::Step& step);
  bool run_command(const scenario::Step& step);
  void take_ready(const scenario::Step& step, const ReaderMessage& message);
  void add_step(const std::string& name, const std::optional<exits::Snapshot>& before,
                const exits::Snapshot& after);
  void add_check(exits::Check check) { record_.checks.push_back(std::move(check)); }
  void check_at_rest();
  void check_tracepoint(const exits::HostStats& stats);
  void check_expectations();
  void judge();
  Deadline deadline(std::chrono::seconds limit) const {
    return std::min(trial_end_, steady_clock::now() + limit);
  }

  const scenario::TrialPlan& plan_;
  const GuestImage& image_;
  const TrialContext& context_;
  record::Record record_;
  base::Stopwatch watch_, phase_watch_;
  Deadline trial_end_ = steady_clock::now() + plan_.timeouts.trial;
  std::optional<exits::Vendor> vendor_;
  std::optional<kvm::VmCounters> counters_;
  exits::Counts created_;      // the host's counts when the guest had not run yet
  exits::Counts host_before_;  // those, then the ones at each step's end
  std::optional<kvm::ExitTracepoint> tracepoint_;
  guest::Domain* domain_ = nullptr;
  Session* session_ = nullptr;
  std::vector<std::pair<std::string, exits::StepCounts>> counts_;  // by step
  std::uint32_t next_id_ = 1;
};

void Trial::describe() {
  namespace condition = record::condition;
  record_.start_time = std::chrono::system_clock::now();
  record_.id = record::make_id(record_.start_time, std::random_device{}());
  record_.scenario = plan_.scenario;
  record_.trial = plan_.name;
  record_.repeat = plan_.repeat;
  record_.conditions = context_.conditions;
  const auto set = [&](std::string_view key, std::string value) {
    record_.conditions[std::string(key)] = std::move(value);
  };
  record_.site = record_.conditions[std::string(condition::site)];
  set(condition::image, image_.name);
  set(condition::image_digest, image_.digest);
  set(condition::vcpus, std::to_string(plan_.settings.vcpus));
  set(condition::memory, fmt::format("{} MiB", plan_.settings.memory >> 20));
  set(condition::console, std::string(scenario::to_string(plan_.settings.console)));
  set(condition::layout, std::string(exits::to_string(plan_.settings.layout)));
  if (plan_.settings.paging)
    set(condition::paging, std::string(scenario::to_string(*plan_.settings.paging)));
  set(condition::devices,
      image_.disk.empty() ? "pc, serial, virtio-serial" : "pc, serial, virtio-blk, virtio-serial");
  set(condition::start_time, record::format_time(record_.start_time));
  set(condition::repeat, std::to_string(plan_.repeat));
}

void Trial::phase(const std::string& text) {
  phase_watch_.restart();
  context_.sink({.kind = Event::Kind::phase, .trial = plan_.name, .text = text});
}

void Trial::end_phase(const std::string& name) {
  record_.timings.emplace_back(name, phase_watch_.seconds());
}

record::Record Trial::run() {
  try {
    const Overlay overlay(image_, context_.folder);
    run_guest(overlay.path());
    phase("cleanup");
  } catch (const base::Error& error) {
    if (error.kind() == base::ErrorKind::interrupted) throw;
    record_.outcome = Outcome::infrastructure;
    record_.message = error.what();
  }
  if (record_.outcome != Outcome::infrastructure) end_phase("cleanup");
  record_.timings.emplace_back("trial", watch_.seconds());
  judge();
  return std::move(record_);
}

// For samples: that the VM has just gone is no failure of theirs.
std::optional<exits::HostStats> Trial::host_stats() const {
  try {
    return counters_->read();
  } catch (const base::Error&) {
    return std::nullopt;
  }
}

void Trial::run_guest(const fs::path& overlay) {
  phase("start");
  const guest::DomainSpec spec = guest_spec(plan_, image_, context_, overlay);
  guest::Domain domain(context_.connection, spec);
  domain_ = &domain;
  if (!domain.pid())
    throw base::infrastructure_error("find the QEMU process of domain '" + spec.name + "'");
  counters_ = kvm::VmCounters::find(*domain.pid());
  host_before_ = created_ = exits::counts_now(counters_->read());
  guest::Console console(guest::connect_to_guest(spec.console_socket));
  guest::LineChannel reader(guest::connect_to_guest(spec.channels[0].socket), max_reader_line,
                            max_reader_bytes);
  Session session(
      domain, std::move(console), std::move(reader), [this] { return host_stats(); },
      [this](std::uint64_t exits) {
        context_.sink({.kind = Event::Kind::sample, .trial = plan_.name, .exits = exits});
      });
  session_ = &session;
  if (context_.verify_tracepoint) tracepoint_.emplace();
  end_phase("start");
  domain.resume();
  try {
    const bool done = std::ranges::all_of(plan_.steps, [this](const scenario::Step& step) {
      return step.kind == scenario::Step::Kind::boot ? run_boot(step) : run_command(step);
    });
    if (done) check_at_rest();
  } catch (const base::Error& error) {
    record_.console_tail = session.console_tail();
    // Its counters cannot be read because it has just ended: the guest's doing, not lab's.
    if (error.kind() == base::ErrorKind::interrupted || domain.running()) throw;
    record_.outcome = Outcome::guest_failed;
    record_.message = std::string("the guest ended while it was being read: ") + error.what();
  }
  if (session.problem()) {
    record_.outcome = session.problem()->outcome;
    record_.message = session.problem()->message;
  }
  record_.console_tail = session.console_tail();
  tracepoint_.reset();
  counters_.reset();
  domain.destroy();
}

bool Trial::run_boot(const scenario::Step& step) {
  phase("boot");
  const auto message = session_->wait(
      deadline(step.timeout), fmt::format("the guest's reader did not report ready within {} s "
                                          "(steps[0].boot.timeout or timeouts.boot)",
                                          step.timeout.count()));
  end_phase(step.name);
  if (!message) return false;
  take_ready(step, *message);
  return vendor_.has_value();
}

void Trial::take_ready(const scenario::Step& step, const ReaderMessage& message) {
  vendor_ = exits::parse_vendor(message.vendor);
  if (message.kind != ReaderMessage::Kind::ready || !vendor_) {
    record_.outcome = Outcome::failed;
    record_.message = "the guest's reader began with something else than ready";
    vendor_.reset();
    return;
  }
  record_.conditions[std::string(record::condition::guest_kernel)] = message.kernel;
  const std::string_view layout = exits::to_string(plan_.settings.layout);
  add_check({.name = "layout",
             .ok = message.layout == layout,
             .detail = fmt::format("the guest found '{}', the modules were loaded with '{}'",
                                   message.layout, layout)});
  add_step(step.name, std::nullopt, *message.after);
}

bool Trial::run_command(const scenario::Step& step) {
  phase("step " + step.name);
  const std::uint32_t id = next_id_++;
  if (!session_->send(run_request(id, step.command))) return false;
  const auto message = session_->wait(
      deadline(step.timeout),
      fmt::format("step '{}' was not done within {} s (its timeout or timeouts.step)", step.name,
                  step.timeout.count()));
  end_phase(step.name);
  if (!message) return false;
  if (message->kind != ReaderMessage::Kind::step || message->id != id) {
    record_.outcome = Outcome::failed;
    record_.message = "the guest's reader answered something else than step " + std::to_string(id);
    return false;
  }
  add_step(step.name, message->before, *message->after);
  record::Step& done = record_.steps.back();
  done.exit_code = message->exit_code;
  // All steps' outputs together stay far below what one event may have, however they escape.
  constexpr std::size_t budget = 64 << 10;
  done.output = message->text.substr(0, budget / plan_.steps.size());
  if (message->exit_code != 0)
    add_check({.name = step.name + ": command",
               .ok = false,
               .left = static_cast<std::uint64_t>(message->exit_code.value_or(255)),
               .right = 0,
               .detail = "exit code of '" + step.command.substr(0, 80) + "'"});
  return true;
}

// The reader has just read T for the last time, so the kernel's latch stands at that very exit.
void Trial::add_step(const std::string& name, const std::optional<exits::Snapshot>& before,
                     const exits::Snapshot& after) {
  const exits::HostStats stats = counters_->read();
  const exits::Counts latch = exits::counts_at_latch(stats);
  const exits::StepCounts counts =
      exits::step_counts(before, after, *vendor_, {host_before_, latch});
  host_before_ = latch;
  record_.steps.push_back(record::make_step(name, *vendor_, counts));
  counts_.emplace_back(name, counts);
  record_.conditions[std::string(record::condition::patch_version)] = stats.patch_version;
  add_check(exits::check_sum(name + ": sum of reasons = total", counts, stats.vcpus));
  add_check(exits::check_guest_host(name + ": guest = host", after, stats));
  add_check(exits::check_kvm_statistic(name + ": total = KVM's own", stats));
}

// With its vCPUs paused nothing counts any more: every view must stand still at the same number.
void Trial::check_at_rest() {
  phase("self-check");
  domain_->pause();
  const exits::HostStats stats = counters_->read();
  add_check(exits::check_kvm_file("at rest: total = KVM's exits file", stats,
                                  counters_->read_kvm_exits()));
  add_check(exits::check_sum("at rest: sum of reasons = total", exits::counts_now(stats)));
  record_.host = record::make_host(stats);
  if (tracepoint_) check_tracepoint(stats);
  end_phase("self-check");
}

void Trial::check_tracepoint(const exits::HostStats& stats) {
  const std::map<std::uint32_t, std::uint64_t> traced = tracepoint_->read();
  std::map<std::uint32_t, std::uint64_t> ours;
  for (const exits::HostReason& reason : stats.reasons) ours[reason.number] = reason.exits;
  for (const exits::ReasonCount& preset : created_.reasons) ours[preset.number] -= preset.exits;
  std::string differences;
  std::map<std::uint32_t, std::uint64_t> all = ours;
  all.insert(traced.begin(), traced.end());
  std::uint64_t sum = 0;
  for (const auto& [number, ignored] : all) {
    const auto left = ours.find(number);
    const auto right = traced.find(number);
    const std::uint64_t a = left == ours.end() ? 0 : left->second;
    const std::uint64_t b = right == traced.end() ? 0 : right->second;
    sum += b;
    if (a != b)
      differences += fmt::format(" {}: {} against {};", exits::reason_name(*vendor_, number), a, b);
  }
  add_check(
      {.name = "at rest: every reason = tracepoint",
       .ok = differences.empty(),
       .left = stats.total.exits - created_.total,
       .right = sum,
       .detail = differences.empty()
                     ? fmt::format("{} reasons equal in a histogram of kvm:kvm_exit", all.size())
                     : "lab against a histogram of kvm:kvm_exit:" + differences});
}

void Trial::check_expectations() {
  for (const scenario::Expectation& expect : plan_.expect) {
    const std::string name = fmt::format("expect {} of {}", expect.reason, expect.step);
    const auto step =
        std::ranges::find(counts_, expect.step, &std::pair<std::string, exits::StepCounts>::first);
    const auto value = step == counts_.end()
                           ? std::nullopt
                           : exits::count_of(step->second, *vendor_, expect.reason);
    add_check(exits::check_bounds(name, value, expect.min, expect.max));
  }
}

void Trial::judge() {
  if (!record_.message.empty()) return;
  check_expectations();
  std::string failed;
  for (const exits::Check& check : record_.checks)
    if (!check.ok) failed += (failed.empty() ? "" : "; ") + check.name;
  record_.outcome = failed.empty() ? Outcome::passed : Outcome::failed;
  if (failed.empty())
    record_.console_tail.clear();
  else
    record_.message = "failed checks: " + failed;
}

}  // namespace

record::Record run_trial(const scenario::TrialPlan& plan, const GuestImage& image,
                         const TrialContext& context) {
  return Trial(plan, image, context).run();
}

}  // namespace lab::trial
