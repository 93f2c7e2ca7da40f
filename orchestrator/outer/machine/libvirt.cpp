// SPDX-License-Identifier: MIT
// Starts outer VMs by libvirt, as QEMU: sites svm (emulated) and kvm (nested).
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/base/process/interrupt.hpp"
#include "orchestrator/base/process/stop_check.hpp"
#include "orchestrator/guest/channel.hpp"
#include "orchestrator/guest/domain/domain.hpp"
#include "orchestrator/guest/libvirt/software.hpp"
#include "orchestrator/guest/xml/domain_spec.hpp"
#include "orchestrator/outer/machine/back_end.hpp"

namespace lab::outer {
namespace fs = std::filesystem;
namespace {

constexpr double qemu_restored_patience = 30;  // seconds: a busy machine emulates slowly
constexpr double qemu_pause_patience = 30;

class DomainMachine : public OuterMachine {
 public:
  explicit DomainMachine(const guest::DomainSpec& spec, const fs::path& state = {})
      : connection_(guest::connect(guest::default_uri())),
        domain_(connection_.get(), spec),
        pauses_itself_(spec.count_instructions) {
    console = guest::connect_to_guest(spec.console_socket);
    stream = guest::connect_to_guest(spec.channels[0].socket);
    if (spec.count_instructions) domain_.await_connections();
    if (!state.empty()) domain_.load_state(state);
    domain_.resume();
  }

  bool running() override {
    if (domain_.pid()) stop_check_.check(*domain_.pid());
    return domain_.running();
  }
  void save_state(const fs::path& file) override {
    if (pauses_itself_) wait_until_paused();
    domain_.save_state(file);
  }

 private:
  // Waits until the machine pauses itself, so that it is at the same instruction each time
  // (images/outer: lab-warm).
  void wait_until_paused() const {
    const base::Stopwatch watch;
    while (!domain_.paused()) {
      if (watch.seconds() > qemu_pause_patience || !domain_.running())
        throw base::infrastructure_error("the outer VM did not pause to be saved",
                                         "ci/setup: QEMU may be of another lab");
      base::sleep_interruptibly(0.01);
    }
  }

  guest::ConnectionPtr connection_;
  guest::Domain domain_;
  base::StopCheck stop_check_{"the outer VM's QEMU"};
  bool pauses_itself_;
};

void add_emulated_svm(guest::DomainSpec& spec, const OuterImage& image) {
  if (image.emulator)
    spec.emulator = image.emulator->program.string();
  else
    // Before QEMU 8.1 (Debian 12 has 7.2), code is translated without its page's lock, and an outer
    // VM of several processors sometimes hangs. A packaged QEMU gets one processor.
    spec.vcpus = 1;
  spec.cpu_model = "EPYC";
  spec.cpu_features = {"+svm", "+npt"};
  // Linux with several processors trusts no TSC without invtsc, which TCG cannot offer; it would
  // use the HPET as clock, and KVM would give guests no stable clock. QEMU's TSCs all run with this
  // machine's, so tsc=reliable is true. A machine that gets too little of this one's time fails
  // Linux' test of its timer, and panics.
  spec.cmdline += " tsc=reliable no_timer_check";
}

struct LibvirtBackEnd : BackEnd {
  OuterSize size_for_guests(unsigned guests, unsigned vcpus,
                            std::uint64_t memory_mib) const override {
    constexpr std::uint64_t around = 2048;  // the outer VM's own system, QEMU, the overlay's cache
    constexpr std::uint64_t qemu = 256;     // for each further guest
    constexpr unsigned enough = 8;          // more take turns; a single guest's never do
    constexpr std::uint64_t step = 1024;    // each size has saved states of its own
    const OuterSize least;
    const std::uint64_t needed = guests * memory_mib + around + (guests - 1) * qemu;
    return {.vcpus = std::max({least.vcpus, vcpus, std::min(guests * vcpus, enough)}),
            .memory_mib = std::max(least.memory_mib, (needed + step - 1) / step * step)};
  }

  void complete(guest::DomainSpec& spec, const Site& site, const OuterImage& image,
                const fs::path& disk) const override {
    spec.disks.push_back({.path = disk.string(), .format = "qcow2", .cache = "unsafe"});
    if (site.emulated) add_emulated_svm(spec, image);
  }

  std::unique_ptr<OuterMachine> start(const OuterImage&, const guest::DomainSpec& spec,
                                      const fs::path&) const override {
    return std::make_unique<DomainMachine>(spec);
  }

  std::unique_ptr<OuterMachine> restore(const OuterImage&, guest::DomainSpec spec,
                                        const fs::path& state, const fs::path&) const override {
    spec.incoming = true;
    auto machine = std::make_unique<DomainMachine>(spec, state);
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    if (!spec.count_instructions)
      base::write_all(machine->stream.get(),
                      fmt::format("go {:.3f}\n", std::chrono::duration<double>(now).count()),
                      "the outer VM's stream");
    wait_for_words(*machine, qemu_restored_patience);
    return machine;
  }

  std::string description(const guest::DomainSpec& spec) const override {
    return guest::domain_xml(spec);
  }

  std::string packaged_version() const override {
    return emulator_in_words(guest::qemu_version_text(usual_qemu));
  }
};

}  // namespace

const BackEnd& libvirt_back_end() {
  static const LibvirtBackEnd back_end;
  return back_end;
}

}  // namespace lab::outer
