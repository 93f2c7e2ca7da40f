// SPDX-License-Identifier: MIT
// Simulates a host for tests: its guests are threads that speak the reader's protocol and count
// exits of their own. A test can make each of its calls fail.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <tuple>
#include <utility>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/trial/host/host.hpp"
#include "orchestrator/trial/reader/reader_protocol.hpp"

namespace lab::trial {

// Sets how a guest behaves when it gets a request.
struct FakeBehaviour {
  bool answers = true;             // whether its reader answers at all
  std::string instead_of_ready;    // its reader's first line; "": the proper one
  std::string instead_of_answers;  // the answer to every request
  std::string console = "login: ";
  int exit_code = 0;             // of commands
  int signal = 0;                // that ends commands instead
  bool cut = false;              // commands take longer than they may
  bool dies = false;             // at the first request
  bool powers_off = true;        // on request; otherwise it crashes
  std::uint64_t miscounted = 0;  // exits that the host counts too many
  std::uint64_t untraced = 0;    // exits that the tracepoint misses
  std::uint64_t overtraced = 0;  // port I/O that a tracepoint sees and that did not happen
  std::uint64_t disturbed = 0;   // exits of another kind before each read of the reader's
  std::uint64_t misread = 0;     // added to the counts that its reads return
  std::uint64_t uncaused = 0;    // exits that have no cause and are not lost
  std::uint32_t protocol = reader_protocol;  // its reader's
  std::function<void()> action;              // happens during an action from outside
  std::string hidden_symbols;                // why its kernel names no address; "": it names them
  std::string memory_tree =                  // QEMU's answer
      "FlatView #0\n AS \"I/O\", root: io\n"
      "  00000000000003f8-00000000000003ff (prio 0, i/o): serial\n"
      "FlatView #1\n AS \"memory\", root: system\n"
      "  0000000000000000-000000000fffffff (prio 0, ram): pc.ram\n";
};

// Counts the exits of one guest by reason; the guest and the host's side read them.
class FakeCounts {
 public:
  static constexpr std::uint32_t cpuid = 0x72, npf = 0x400, ioio = 0x7b, intr = 0x60;

  void exit(std::uint32_t reason, std::uint64_t times = 1) {
    const std::lock_guard lock(mutex_);
    counts_[reason] += times;
  }

  // Makes what images/reader's snapshot() makes. Each read is an exit, counted before it answers.
  nlohmann::json snapshot(const FakeBehaviour& behaviour, bool mark = false) {
    const std::lock_guard lock(mutex_);
    const auto read = [&] {
      if (behaviour.disturbed > 0) counts_[intr] += behaviour.disturbed;
      ++counts_[cpuid];
    };
    read();
    nlohmann::json object{{"start_total", total()},
                          {"attempts", 1},
                          {"total_cycles", 1000},
                          {"reasons", nlohmann::json::array()}};
    const auto seen = counts_;
    std::map<std::uint32_t, std::uint64_t> then;
    for (const auto& [number, before] : seen) {
      read();
      then[number] = counts_[number] + behaviour.misread;
    }
    read();
    object["end_total"] = total();
    latch_ = counts_;
    if (mark) mark_ = counts_;
    ++latches_;
    for (const auto& [number, before] : seen) {
      read();
      object["reasons"].push_back({number, latch_[number], then[number], 10});
    }
    object["own_exits"] = seen.size() + 1;
    object["leaf_reads"] = seen.size() + 2;
    object["late_reads"] = seen.size();
    return object;
  }

  exits::HostStats host_stats(std::uint64_t miscounted) const {
    const std::lock_guard lock(mutex_);
    exits::HostStats stats{.patch_version = "fake", .vendor = exits::Vendor::svm, .vcpus = 1};
    stats.total.exits = stats.kvm_exits = total() + miscounted;
    stats.latch_seq = latches_;
    for (const auto& [number, exits] : latch_) stats.latch_total += exits;
    stats.latch_total += latches_ == 0 ? 0 : miscounted;
    stats.latch_kvm_exits = stats.latch_later_kvm_exits = stats.latch_total;
    for (const auto& [number, exits] : counts_) {
      exits::HostReason reason;
      reason.number = number;
      reason.exits = exits;
      const auto latched = latch_.find(number);
      reason.latched = latched == latch_.end() ? 0 : latched->second;
      stats.reasons.push_back(reason);
    }
    return stats;
  }

  // Gives each reason one cause, and loses one exit in ten.
  exits::HostCauses host_causes(std::uint64_t uncaused) const {
    const std::lock_guard lock(mutex_);
    const auto causes = [&](const std::map<std::uint32_t, std::uint64_t>& counts) {
      exits::Causes result;
      for (const auto& [number, exits] : counts) {
        result.lost[number] = exits / 10;
        result.causes[{number, 5, 0, 0xffffffff81000000 + number}] = {
            exits - exits / 10 - (number == npf ? uncaused : 0), exits};
      }
      return result;
    };
    return {.vendor = exits::Vendor::svm,
            .vcpus = 1,
            .entries = 16,
            .now = causes(counts_),
            .latched = causes(latch_),
            .marked = causes(mark_),
            .latched_reasons = latch_};
  }
  void latch() {
    const std::lock_guard lock(mutex_);
    latch_ = counts_;
  }

  std::map<std::uint32_t, std::uint64_t> by_number() const {
    const std::lock_guard lock(mutex_);
    return counts_;
  }

 private:
  std::uint64_t total() const {
    std::uint64_t sum = 0;
    for (const auto& [number, exits] : counts_) sum += exits;
    return sum;
  }

  mutable std::mutex mutex_;
  std::map<std::uint32_t, std::uint64_t> counts_, latch_, mark_;
  std::uint64_t latches_ = 0;
};

class FakeHost : public Host {
 public:
  explicit FakeHost(FakeBehaviour behaviour = {}) : behaviour_(std::move(behaviour)) {}

  std::unique_ptr<GuestMachine> make(const guest::DomainSpec& spec) override;
  std::unique_ptr<GuestCounters> open_counters(const GuestMachine& machine) override;
  ExitTrace trace_exits(bool details) override;
  KernelLines follow_log() override;

  // Makes the call of this number fail, counted from 1 from now on.
  void fail_at(int call) { fail_at_ = call, calls_ = 0; }
  // Makes the call of this number hang and fail after its limit, as with guest::CallLimit.
  void hang_at(int call, std::chrono::milliseconds limit) { fail_at(call), limit_ = limit; }
  // Makes this happen during the call of this number, which answers.
  void happen_at(int call, std::function<void()> happens) {
    fail_at(call), happens_ = std::move(happens);
  }
  bool has_failed() const { return failed_; }
  int machines() const { return machines_; }  // that exist now

  // Every call of the interfaces begins with this. Throws an infrastructure error: "the fault".
  void call() {
    if (++calls_ != fail_at_) return;
    failed_ = true;
    if (happens_) return happens_();
    std::this_thread::sleep_for(limit_);
    throw base::infrastructure_error("the fault");
  }

 private:
  friend class FakeMachine;

  const FakeBehaviour behaviour_;
  std::map<pid_t, std::shared_ptr<FakeCounts>> counts_;
  std::atomic<int> calls_ = 0, fail_at_ = 0, machines_ = 0;
  std::atomic<bool> failed_ = false;
  std::chrono::milliseconds limit_{};
  std::function<void()> happens_;
};

class FakeMachine : public GuestMachine {
 public:
  FakeMachine(FakeHost& host, std::shared_ptr<FakeCounts> counts, pid_t process)
      : host_(host), counts_(std::move(counts)) {
    pid = process;
    std::tie(console, own_console_) = pair();
    std::tie(reader, own_reader_) = pair();
    ++host_.machines_;
  }
  ~FakeMachine() override {
    thread_ = {};  // asks it to stop, and waits for it
    --host_.machines_;
  }

  void resume() override {
    host_.call();
    if (!thread_.joinable()) thread_ = std::jthread([this](std::stop_token stop) { run(stop); });
  }
  void pause() override { host_.call(); }
  bool running() const override {
    host_.call();
    return !ended_;
  }
  bool powered_off() const override {
    host_.call();
    return host_.behaviour_.powers_off;
  }
  void perform(const scenario::HostAction&, const std::filesystem::path&) override {
    host_.call();
    if (host_.behaviour_.action) host_.behaviour_.action();
  }
  std::string memory_tree() override {
    host_.call();
    return host_.behaviour_.memory_tree;
  }

 private:
  static std::pair<base::Fd, base::Fd> pair() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
      throw base::errno_error("make", "a pair of sockets", errno);
    return {base::Fd(ends[0]), base::Fd(ends[1])};
  }

  // Ignores errors: the other end may already be closed.
  static void write(const base::Fd& to, const std::string& text) {
    (void)!::send(to.get(), text.data(), text.size(), MSG_NOSIGNAL);
  }
  void say(const std::string& line) { write(own_reader_, line + "\n"); }

  void run(const std::stop_token& stop) {
    const FakeBehaviour& behaviour = host_.behaviour_;
    counts_->exit(FakeCounts::npf, 300);
    counts_->exit(FakeCounts::ioio, 20);
    write(own_console_, behaviour.console);
    if (behaviour.answers)
      say(behaviour.instead_of_ready.empty() ? ready() : behaviour.instead_of_ready);
    std::string text;
    while (!stop.stop_requested() && !ended_) {
      pollfd asked{own_reader_.get(), POLLIN, 0};
      if (::poll(&asked, 1, 1) <= 0) continue;
      char bytes[4096];
      const ssize_t count = ::read(own_reader_.get(), bytes, sizeof bytes);
      if (count <= 0) return;
      text.append(bytes, std::size_t(count));
      take(text);
    }
  }

  // Takes a complete request: its first line and, for `run`, the bytes that this line announces.
  void take(std::string& text) {
    const std::size_t end = text.find('\n');
    if (end == std::string::npos) return;
    std::istringstream words(text.substr(0, end));
    std::string what;
    std::uint32_t id = 0;
    std::size_t command = 0, input = 0, background = 0;
    words >> what >> id >> command >> input >> background;
    if (text.size() < end + 1 + command + input + background) return;
    const std::string first = text.substr(end + 1, command);
    text.erase(0, end + 1 + command + input + background);
    answer(what, id, first);
  }

  // `first` contains the first bytes after the line, of a command or of addresses.
  void answer(const std::string& what, std::uint32_t id, const std::string& first) {
    const FakeBehaviour& behaviour = host_.behaviour_;
    if (behaviour.dies) {
      ended_ = true;
    } else if (!behaviour.answers) {
    } else if (!behaviour.instead_of_answers.empty()) {
      say(behaviour.instead_of_answers);
    } else if (what == "snapshot") {
      say(nlohmann::json{
          {"event", "snapshot"}, {"id", id}, {"snapshot", counts_->snapshot(host_.behaviour_)}}
              .dump());
    } else if (what == "run") {
      nlohmann::json step{
          {"event", "step"}, {"id", id}, {"before", counts_->snapshot(host_.behaviour_, true)}};
      counts_->exit(FakeCounts::npf, 7);
      step.update({{"after", counts_->snapshot(host_.behaviour_)},
                   {"times", 1},
                   {"cut", behaviour.cut},
                   {"seconds", 0.5},
                   {"output", "out"}});
      if (behaviour.signal != 0)
        step["signal"] = behaviour.signal;
      else
        step["exit_code"] = behaviour.exit_code;
      say(step.dump());
    } else if (what == "symbols") {
      say(symbols(id, first));
    } else if (what == "reboot") {
      counts_->exit(FakeCounts::npf, 100);
      say(ready());
    } else if (what == "poweroff") {
      say(R"({"event":"bye"})");
      ended_ = true;
    }
  }

  // Names each address as the start of a function: "at_ffffffff81000000".
  std::string symbols(std::uint32_t id, const std::string& addresses) const {
    nlohmann::json answer{{"event", "symbols"}, {"id", id}};
    if (!host_.behaviour_.hidden_symbols.empty()) {
      answer["hidden"] = host_.behaviour_.hidden_symbols;
      return answer.dump();
    }
    nlohmann::json names = nlohmann::json::array();
    std::istringstream words(addresses);
    for (std::string address; words >> address;) names.push_back({"at_" + address});
    answer.update({{"from", 0}, {"symbols", names}, {"more", false}});
    return answer.dump();
  }

  std::string ready() {
    return nlohmann::json{
        {"event", "ready"},       {"protocol", host_.behaviour_.protocol},
        {"reader", "fake"},       {"kernel", "6.1-fake"},
        {"vendor", "svm"},        {"vcpus", 1},
        {"layout", "descending"}, {"snapshot", counts_->snapshot(host_.behaviour_)}}
        .dump();
  }

  FakeHost& host_;
  std::shared_ptr<FakeCounts> counts_;
  base::Fd own_console_, own_reader_;
  std::atomic<bool> ended_ = false;
  std::jthread thread_;
};

class FakeCounters : public GuestCounters {
 public:
  FakeCounters(FakeHost& host, std::shared_ptr<FakeCounts> counts, const FakeBehaviour& behaviour)
      : host_(host),
        counts_(std::move(counts)),
        miscounted_(behaviour.miscounted),
        uncaused_(behaviour.uncaused) {}

  exits::HostStats read() const override {
    host_.call();
    return counts_->host_stats(miscounted_);
  }
  std::string text() const override {
    host_.call();
    return "";
  }
  std::uint64_t read_kvm_exits() const override {
    host_.call();
    return counts_->host_stats(0).total.exits;
  }
  exits::HostCauses read_causes() const override {
    host_.call();
    return counts_->host_causes(uncaused_);
  }
  exits::HostCauses latch_causes() const override {
    host_.call();
    counts_->latch();
    return counts_->host_causes(uncaused_);
  }

 private:
  FakeHost& host_;
  std::shared_ptr<FakeCounts> counts_;
  std::uint64_t miscounted_, uncaused_;
};

inline std::unique_ptr<GuestMachine> FakeHost::make(const guest::DomainSpec&) {
  call();
  const pid_t none = std::numeric_limits<pid_t>::max() - pid_t(counts_.size());  // nobody's
  counts_[none] = std::make_shared<FakeCounts>();
  return std::make_unique<FakeMachine>(*this, counts_[none], none);
}

inline std::unique_ptr<GuestCounters> FakeHost::open_counters(const GuestMachine& machine) {
  call();
  return std::make_unique<FakeCounters>(*this, counts_.at(machine.pid), behaviour_);
}

inline ExitTrace FakeHost::trace_exits(bool details) {
  call();
  return [this, details] {
    call();
    TracedExits all;
    for (const auto& [pid, counts] : counts_)
      for (const auto& [number, exits] : counts->by_number()) all.reasons[number] += exits;
    if (details)
      all.details = {.pio = {{0, all.reasons[FakeCounts::ioio] + behaviour_.overtraced}},
                     .cpuid = {{0, all.reasons[FakeCounts::cpuid]}},
                     .page_faults = {{{0, 0}, all.reasons[FakeCounts::npf]}}};
    all.reasons[FakeCounts::npf] -= behaviour_.untraced;
    return all;
  };
}

inline KernelLines FakeHost::follow_log() {
  call();
  return [this] {
    call();
    return kvm::KernelLog::Lines{};
  };
}

}  // namespace lab::trial
