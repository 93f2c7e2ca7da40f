// SPDX-License-Identifier: MIT
#include "orchestrator/trial/trial.hpp"

#include <fmt/format.h>

#include <optional>
#include <random>

#include "orchestrator/base/error.hpp"
#include "orchestrator/record/expectations.hpp"
#include "orchestrator/record/record.hpp"
#include "orchestrator/trial/observe/exit_log.hpp"
#include "orchestrator/trial/observe/host_counts.hpp"
#include "orchestrator/trial/observer.hpp"
#include "orchestrator/trial/self_check.hpp"

namespace lab::trial {
namespace {

using record::Outcome;
namespace condition = record::condition;

std::string cpu_in_words(const scenario::Settings& settings) {
  std::string text = settings.cpu_model.empty() ? "host" : settings.cpu_model;
  for (const std::string& feature : settings.cpu_features) text += " " + feature;
  return text;
}

std::string on_or_off(bool on) {
  return on ? "on" : "off";
}

void describe_guest(const scenario::TrialPlan& plan, const GuestImage& image,
                    record::Conditions& conditions) {
  const scenario::Settings& settings = plan.settings;
  const auto set = [&](std::string_view key, auto&& value) {
    conditions[std::string(key)] = std::string(std::forward<decltype(value)>(value));
  };
  set(condition::image, image.name);
  set(condition::image_digest, image.digest);
  if (!image.kernel_file.empty()) set(condition::guest_kernel_file, image.kernel_file);
  if (!image.initrd_file.empty()) set(condition::guest_initrd_file, image.initrd_file);
  if (!image.emulator_text.empty()) set(condition::guest_qemu, image.emulator_text);
  if (!image.firmware_text.empty()) set(condition::firmware, image.firmware_text);
  set(condition::guests, std::to_string(settings.guests));
  set(condition::vcpus, std::to_string(settings.vcpus));
  set(condition::memory, fmt::format("{} MiB", settings.memory >> 20));
  set(condition::huge_pages, on_or_off(settings.huge_pages));
  set(condition::machine, to_string(settings.machine));
  set(condition::guest_cpu, cpu_in_words(settings));
  set(condition::clock, to_string(settings.clock));
  if (!settings.cmdline.empty()) set(condition::cmdline, settings.cmdline);
  set(condition::ksm, on_or_off(settings.ksm));
  set(condition::samples, std::to_string(settings.samples));
  set(condition::console, to_string(settings.console));
  set(condition::layout, to_string(settings.layout));
  if (settings.paging) set(condition::paging, to_string(*settings.paging));
  set(condition::devices, devices_in_words(plan, image));
}

void describe(TrialState& state) {
  record::Record& record = state.record;
  record.start_time = std::chrono::system_clock::now();
  record.id = record::make_id(record.start_time, std::random_device{}());
  record.scenario = state.plan.scenario;
  record.trial = state.plan.name;
  record.repeat = state.plan.repeat;
  record.conditions = state.context.conditions;
  record.site = record.conditions[std::string(condition::site)];
  describe_guest(state.plan, state.image, record.conditions);
  record.conditions[std::string(condition::start_time)] = record::format_time(record.start_time);
  record.conditions[std::string(condition::repeat)] = std::to_string(state.plan.repeat);
}

std::optional<exits::Vendor> find_vendor(const TrialState& state) {
  return record::recorded_vendor(state.record.conditions);
}

// Runs the guests, from their creation to their end.
class Running {
 public:
  explicit Running(TrialState& state) : state_(state) {
    state_.begin({record::Phase::Kind::start, ""});
    for (unsigned number = 1; number <= state.plan.settings.guests; ++number) {
      guests_.push_back(std::make_unique<GuestRun>(state, number));
      state_.created = sum(state_.created, guests_.back()->created());
    }
    state_.end_phase();
  }

  void run();

 private:
  std::vector<Session*> sessions() const;
  void keep_consoles();
  bool one_ended_by_itself() const;

  TrialState& state_;
  Guests guests_;
};

std::vector<Session*> Running::sessions() const {
  std::vector<Session*> sessions;
  for (const auto& guest : guests_) sessions.push_back(&guest->session());
  return sessions;
}

bool Running::one_ended_by_itself() const {
  return std::ranges::any_of(guests_, [](const auto& guest) {
    return !guest->session().may_end() && !guest->machine().running();
  });
}

void Running::run() {
  Observer observer(state_, guests_);
  Watch watch(sessions(), [&] { return observer.act(); });
  ExitTrace trace;
  if (state_.context.verify_tracepoint)
    trace = state_.context.host->trace_exits(state_.plan.settings.causes != 0);
  KernelLines log;
  if (exit_log_every(state_.plan.settings.parameters) != 0) log = state_.context.host->follow_log();
  try {
    Steps steps(state_, guests_, watch);
    if (std::ranges::all_of(state_.plan.steps,
                            [&](const scenario::Step& step) { return steps.run(step); })) {
      steps.name_causes();
      check_at_rest(state_, guests_, watch, trace, log);
    }
  } catch (const base::Error& error) {
    keep_consoles();
    // The call failed because a guest has just ended: this is the guest's failure, not lab's.
    if (error.kind() == base::ErrorKind::interrupted || !one_ended_by_itself()) throw;
    state_.record.outcome = Outcome::guest_failed;
    state_.record.message = std::string("the guest ended meanwhile: ") + error.what();
  }
  if (const auto problem = watch.problem()) {
    state_.record.outcome = problem->outcome;
    state_.record.message = problem->message;
  }
  keep_consoles();
}

// Keeps the console of the guest that has a problem, or else of the first guest.
void Running::keep_consoles() {
  const auto bad = std::ranges::find_if(
      guests_, [](const auto& guest) { return guest->session().problem().has_value(); });
  state_.record.console_tail =
      (bad == guests_.end() ? guests_.front() : *bad)->session().console_tail();
}

void judge(TrialState& state) {
  record::Record& record = state.record;
  if (!record.message.empty()) return;
  if (const auto vendor = find_vendor(state))
    for (exits::Check& check : record::judge_expectations(state.plan, record.steps, *vendor))
      state.add_check(std::move(check));
  std::string failed;
  for (const exits::Check& check : record.checks)
    if (!check.ok) failed += (failed.empty() ? "" : "; ") + check.name;
  record.outcome = failed.empty() ? Outcome::passed : Outcome::failed;
  if (failed.empty())
    record.console_tail.clear();
  else
    record.message = "failed checks: " + failed;
}

// Sorts the steps in the scenario's order, and each step's guests by number; they came as they
// ended.
void sort_steps(const scenario::TrialPlan& plan, std::vector<record::Step>& steps) {
  const auto place = [&](const record::Step& step) {
    return std::pair(std::ranges::find(plan.steps, step.name, &scenario::Step::name), step.guest);
  };
  std::ranges::stable_sort(steps, {}, place);
}

void run_guests(TrialState& state) {
  {
    Running running(state);
    running.run();
    state.begin({record::Phase::Kind::cleanup, ""});
  }
  state.end_phase();
}

}  // namespace

record::Record run_trial(const scenario::TrialPlan& plan, const GuestImage& image,
                         const TrialContext& context) {
  TrialState state(plan, image, context);
  const base::Stopwatch watch;
  describe(state);
  try {
    run_guests(state);
  } catch (const base::Error& error) {
    if (error.kind() == base::ErrorKind::interrupted) throw;
    state.record.outcome = Outcome::infrastructure;
    state.record.message = error.what();
  }
  state.record.timings.push_back({{record::Phase::Kind::trial, ""}, watch.seconds()});
  if (plan.settings.samples != 0) state.record.timeline = state.sampler.finish();
  sort_steps(plan, state.record.steps);
  record::bound_causes(state.record);
  judge(state);
  return std::move(state.record);
}

}  // namespace lab::trial
