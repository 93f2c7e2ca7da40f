// SPDX-License-Identifier: MIT
#include "orchestrator/trial/steps.hpp"

#include <fmt/format.h>

#include <future>
#include <set>

namespace lab::trial {
namespace {

using scenario::BootUntil;
using scenario::HostAction;
using scenario::Step;
using Kind = ReaderMessage::Kind;
using Phase = record::Phase::Kind;

// Adds the time that the step itself asks for to its limit.
std::chrono::milliseconds time_limit(const Step& step) {
  std::chrono::milliseconds limit = step.timeout + step.duration;
  if (step.kind == Step::Kind::host) limit += action_time(step.host);
  return limit;
}

std::string late(const Step& step) {
  const double seconds = std::chrono::duration<double>(time_limit(step)).count();
  if (step.kind == Step::Kind::boot)
    return fmt::format(
        "the guest's reader did not report ready within {:g} s (steps[0].boot.timeout or "
        "timeouts.boot)",
        seconds);
  const std::string_view which = step.kind == Step::Kind::reboot     ? "boot"
                                 : step.kind == Step::Kind::shutdown ? "shutdown"
                                                                     : "step";
  return fmt::format("step '{}' was not done within {:g} s (its timeout or timeouts.{})", step.name,
                     seconds, which);
}

// Returns whether the guest's kernel is gone after the step, or lies at other addresses.
bool ends_boot(const Step& step) {
  return step.kind == Step::Kind::reboot || step.kind == Step::Kind::shutdown ||
         (step.kind == Step::Kind::host && reboots(step.host));
}

}  // namespace

std::optional<Mark> Steps::find_mark(BootUntil until) {
  switch (until) {
    case BootUntil::kernel:
      return Mark::kernel;
    case BootUntil::init:
      return Mark::init;
    case BootUntil::console:
      return Mark::pattern;
    case BootUntil::multi_user:
    case BootUntil::reader:
    case BootUntil::cloud_init:
      return std::nullopt;
  }
  return std::nullopt;
}

bool Steps::run(const Step& step) {
  const bool boots = step.kind == Step::Kind::boot;
  if (!boots && !readers_ready_ && !await_readers()) return false;
  if (ends_boot(step)) name_causes();
  if (!boots) state_.await_moment(std::chrono::seconds(1));
  state_.begin({Phase::step, step.name});
  deadline_ = state_.deadline(time_limit(step));
  const auto doing = [&] {
    switch (step.kind) {
      case Step::Kind::boot:
        return boot(step);
      case Step::Kind::run:
        return command(step);
      case Step::Kind::sleep:
        return sleep(step);
      case Step::Kind::host:
        return host_action(step);
      case Step::Kind::reboot:
        return reboot(step);
      case Step::Kind::shutdown:
        return shutdown(step);
    }
    return false;
  };
  const bool done = doing();
  state_.end_phase();
  return done;
}

void Steps::name_causes() {
  names_.resize(guests_.size());
  // An address from a step in which the guest reboots may be the old kernel's or the new one's.
  std::set<std::string> two_boots;
  for (const Step& step : state_.plan.steps)
    if (ends_boot(step) && step.kind != Step::Kind::shutdown) two_boots.insert(step.name);
  for (std::size_t i = 0; i < guests_.size(); ++i) {
    GuestRun& guest = *guests_[i];
    if (!guest.causes().has_unnamed()) continue;
    // A guest that has ended named its causes before.
    if (!guest.session().ended())
      names_[i] = {ask_symbols(guest), causes::MemoryTree::parse(guest.machine().memory_tree())};
    if (watch_.problem()) return;
    guest.causes().name(names_[i].symbols, names_[i].tree, two_boots, guest.vendor(),
                        guest.number(), state_.record.steps);
  }
}

// Returns none where no reader runs yet, or only one that names no symbols: addresses remain then.
causes::Symbols Steps::ask_symbols(GuestRun& guest) {
  causes::Symbols symbols;
  const auto addresses = guest.causes().addresses_to_name(max_symbols);
  if (!readers_ready_ || addresses.empty()) return symbols;
  const auto add_check = [&](const std::string& note) {
    state_.add_check({.name = guest.named("places named"),
                      .ok = true,
                      .left = symbols.size(),
                      .right = addresses.size(),
                      .detail = "addresses of the guest's kernel that it named; all",
                      .note = note});
  };
  if (guest.reader_protocol() < symbols_protocol) {
    add_check(
        fmt::format("the guest's reader (protocol {}) is older than this lab and names no "
                    "functions: lab image prepare makes the image anew",
                    guest.reader_protocol()));
    return symbols;
  }
  const std::uint32_t id = state_.next_id++;
  if (!guest.session().send(symbols_request(id, addresses))) return symbols;
  std::optional<ReaderMessage> answer;
  const auto answered = [&] { return (answer = guest.session().next_message()).has_value(); };
  if (!watch_.until(answered, state_.deadline(state_.plan.timeouts.step),
                    "the guest's reader did not name the functions of its kernel"))
    return symbols;
  if (answer->kind != Kind::symbols || answer->id != id ||
      (answer->text.empty() && answer->symbols.size() != addresses.size())) {
    guest.session().refuse(*answer);
    return symbols;
  }
  for (std::size_t i = 0; i < answer->symbols.size(); ++i)
    symbols.add(addresses[i], answer->symbols[i].name, answer->symbols[i].module);
  add_check(answer->text);
  return symbols;
}

bool Steps::begin_by_snapshot(const Step& step) {
  return readers_.snapshot(
      deadline_, late(step),
      [](GuestRun& guest, const ReaderMessage& message) { guest.begin_step(*message.after); });
}

bool Steps::end_by_snapshot(const Step& step) {
  return readers_.snapshot(deadline_, late(step),
                           [&](GuestRun& guest, const ReaderMessage& message) {
                             guest.end_step(step.name, *message.after);
                           });
}

bool Steps::boot(const Step& step) {
  for (const auto& guest : guests_) {
    guest->begin_step_by_host();
    guest->session().begin_boot(step.pattern, false);
  }
  state_.await_moment(std::chrono::minutes(1));
  deadline_ = state_.deadline(time_limit(step));
  state_.since_start.restart();
  state_.sampler.add_milestone("start", 0);
  for (const auto& guest : guests_) {
    guest->begin_step_at_start();
    guest->machine().resume();
  }
  return await_boot(step, false);
}

bool Steps::await_boot(const Step& step, bool again) {
  if (const auto mark = find_mark(step.until)) return await_marks(step, *mark);
  readers_ready_ = true;
  return readers_.await(Kind::ready, deadline_, late(step),
                        [&](GuestRun& guest, const ReaderMessage& message) {
                          if (!guest.take_ready(message)) return;
                          if (again)
                            guest.end_step(step.name, *message.after);
                          else
                            guest.end_step(step.name, std::nullopt, *message.after);
                        });
}

bool Steps::await_marks(const Step& step, Mark mark) {
  readers_ready_ = false;
  std::vector<bool> seen(guests_.size());
  const auto all = [&] {
    for (std::size_t i = 0; i < guests_.size(); ++i) {
      if (seen[i] || !guests_[i]->session().seen(mark)) continue;
      seen[i] = true;
      guests_[i]->end_step_by_host(step.name);
    }
    return std::ranges::all_of(seen, std::identity());
  };
  return watch_.until(all, deadline_,
                      fmt::format("the console did not show the end of step '{}' ({}) within {} s",
                                  step.name, to_string(mark), step.timeout.count()));
}

bool Steps::await_readers() {
  readers_ready_ = true;
  state_.begin({Phase::reader, ""});
  Step wait;  // a boot's; no step gets its counts
  wait.timeout = state_.plan.timeouts.boot;
  deadline_ = state_.deadline(wait.timeout);
  const bool ready = readers_.await(Kind::ready, deadline_, late(wait),
                                    [](GuestRun& guest, const ReaderMessage& message) {
                                      if (guest.take_ready(message))
                                        guest.begin_step(*message.after);
                                    });
  state_.end_phase();
  return ready;
}

bool Steps::command(const Step& step) {
  const std::string request = run_request({.id = state_.next_id++,
                                           .command = step.command,
                                           .input = step.input,
                                           .background = step.background,
                                           .times = step.times,
                                           .duration = step.duration});
  for (const auto& guest : guests_) guest->begin_step();
  return readers_.send(request) &&
         readers_.await(Kind::step, deadline_, late(step),
                        [&](GuestRun& guest, const ReaderMessage& message) {
                          take_command(guest, step, message);
                        });
}

void Steps::take_command(GuestRun& guest, const Step& step, const ReaderMessage& message) {
  record::Step& done = guest.end_step(step.name, message.before, *message.after);
  if (message.seconds) done.seconds = message.seconds;
  // The shell may have ended earlier, while what it started went on until the step's duration was
  // over.
  if (!message.killed) done.exit_code = message.exit_code;
  // Keeps all steps' outputs together far below the limit of one event, however they escape.
  constexpr std::size_t budget = 64 << 10;
  done.output = message.text.substr(0, budget / state_.plan.steps.size() / guests_.size());
  const auto must_be_zero = [&](const char* what, const std::string& text,
                                std::optional<int> exit_code) {
    if (exit_code == 0) return;
    state_.add_check(
        {.name = guest.named(step.name + ": " + what),
         .ok = false,
         .left = static_cast<std::uint64_t>(exit_code.value_or(255)),
         .right = 0,
         .detail =
             "exit code of '" + text.substr(0, 80) + "'" +
             (step.times > 1 ? fmt::format(", run {} of {}", message.times, step.times) : "")});
  };
  if (!message.killed) must_be_zero("command", step.command, message.exit_code);
  if (message.background_exit_code)
    must_be_zero("background", step.background, message.background_exit_code);
}

// Runs nothing in the guest besides what runs there anyway.
bool Steps::sleep(const Step& step) {
  return begin_by_snapshot(step) && watch_.idle(step.duration) && end_by_snapshot(step);
}

bool Steps::host_action(const Step& step) {
  if (!begin_by_snapshot(step)) return false;
  if (reboots(step.host)) {
    for (const auto& guest : guests_) guest->session().begin_boot("", true);
    return act(step) && await_boot(step, true);
  }
  if (!act(step) || !watch_.idle(action_time(step.host))) return false;
  if (step.host.kind == HostAction::Kind::pause)
    for (const auto& guest : guests_) guest->machine().resume();
  return end_by_snapshot(step);
}

// Acts in a thread of its own: some actions take long, and guests are watched and sampled
// meanwhile.
bool Steps::act(const Step& step) {
  std::future<void> action = std::async(std::launch::async, [&] {
    for (const auto& guest : guests_) guest->machine().perform(step.host, guest->disks().plug());
  });
  const auto done = [&] {
    return action.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  };
  const bool in_time = watch_.until(done, deadline_, late(step));
  // What the action waits for in vain may be why the step is late: the machinery, not the guest.
  if (in_time || watch_.problem()->outcome == record::Outcome::timed_out) action.get();
  return in_time;
}

bool Steps::reboot(const Step& step) {
  const bool by_host = find_mark(step.until).has_value();
  if (by_host)
    for (const auto& guest : guests_) guest->begin_step_by_host();
  else if (!begin_by_snapshot(step))
    return false;
  for (const auto& guest : guests_) guest->session().begin_boot(step.pattern, true);
  return readers_.send(std::string(reboot_request)) && await_boot(step, true);
}

// The guest's reader ends with it, so the host counts this step, up to the last exit.
bool Steps::shutdown(const Step& step) {
  for (const auto& guest : guests_) {
    guest->begin_step_by_host();
    guest->session().let_end();
  }
  if (!readers_.send(std::string(poweroff_request))) return false;
  std::vector<bool> gone(guests_.size());
  const auto all = [&] {
    for (std::size_t i = 0; i < guests_.size(); ++i) {
      const auto message = guests_[i]->session().next_message();
      if (message && message->kind != Kind::bye) guests_[i]->session().refuse(*message);
      if (gone[i] || !guests_[i]->session().ended()) continue;
      gone[i] = true;
      guests_[i]->end_by_power_off(step.name);
    }
    return std::ranges::all_of(gone, std::identity());
  };
  return watch_.until(all, deadline_, late(step)) && !watch_.problem();
}

}  // namespace lab::trial
