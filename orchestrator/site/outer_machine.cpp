// SPDX-License-Identifier: MIT
#include "orchestrator/site/outer_machine.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <chrono>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/base/interrupt.hpp"
#include "orchestrator/guest/channel.hpp"
#include "orchestrator/guest/domain.hpp"
#include "orchestrator/site/bochs.hpp"

namespace lab::site {
namespace {

constexpr double restored_patience = 30;  // seconds: a busy machine emulates slowly
constexpr double bochs_patience = 180;

class DomainMachine : public OuterMachine {
 public:
  explicit DomainMachine(const guest::DomainSpec& spec, const std::filesystem::path& state = {})
      : connection_(guest::connect(guest::default_uri())), domain_(connection_.get(), spec) {
    console = guest::connect_to_guest(spec.console_socket);
    stream = guest::connect_to_guest(spec.channels[0].socket);
    if (!state.empty()) domain_.load_state(state);
    domain_.resume();
  }

  bool running() override { return domain_.running(); }
  void save_state(const std::filesystem::path& file) override { domain_.save_state(file); }

 private:
  guest::ConnectionPtr connection_;
  guest::Domain domain_;
};

void wait_for_words(OuterMachine& machine, double patience) {
  const base::Stopwatch watch;
  pollfd words{machine.stream.get(), POLLIN, 0};
  while (::poll(&words, 1, 250) <= 0) {
    base::throw_if_interrupted();
    if (!machine.running() || watch.seconds() > patience)
      throw base::infrastructure_error("the restored outer VM does not go on. " +
                                       machine.last_words());
  }
}

std::unique_ptr<OuterMachine> restore_domain(guest::DomainSpec spec,
                                             const std::filesystem::path& state) {
  spec.incoming = true;
  auto machine = std::make_unique<DomainMachine>(spec, state);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  if (!spec.count_instructions)
    base::write_all(machine->stream.get(),
                    fmt::format("go {:.3f}\n", std::chrono::duration<double>(now).count()),
                    "the outer VM's stream");
  return machine;
}

}  // namespace

std::unique_ptr<OuterMachine> restore_outer(const Site& site, const OuterImage& image,
                                            guest::DomainSpec spec,
                                            const std::filesystem::path& state,
                                            const std::filesystem::path& folder) {
  const bool bochs = site.machine == Site::Machine::bochs;
  auto machine = bochs ? restore_bochs(spec, image.boot_cd, state, folder / "bochs")
                       : restore_domain(std::move(spec), state);
  wait_for_words(*machine, bochs ? bochs_patience : restored_patience);
  return machine;
}

std::unique_ptr<OuterMachine> start_outer(const Site& site, const OuterImage& image,
                                          const guest::DomainSpec& spec,
                                          const std::filesystem::path& folder) {
  if (site.machine == Site::Machine::bochs)
    return start_bochs(spec, image.boot_cd, folder / "bochs");
  return std::make_unique<DomainMachine>(spec);
}

}  // namespace lab::site
