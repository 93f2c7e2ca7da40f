// SPDX-License-Identifier: MIT
#include "orchestrator/site/outer_machine.hpp"

#include "orchestrator/guest/channel.hpp"
#include "orchestrator/guest/domain.hpp"
#include "orchestrator/site/bochs.hpp"

namespace lab::site {
namespace {

class DomainMachine : public OuterMachine {
 public:
  explicit DomainMachine(const guest::DomainSpec& spec)
      : connection_(guest::connect(guest::default_uri())), domain_(connection_.get(), spec) {
    console = guest::connect_to_guest(spec.console_socket);
    stream = guest::connect_to_guest(spec.channels[0].socket);
    domain_.resume();
  }

  bool running() override { return domain_.running(); }

 private:
  guest::ConnectionPtr connection_;
  guest::Domain domain_;
};

}  // namespace

std::unique_ptr<OuterMachine> start_outer(OuterKind kind, const OuterImage& image,
                                          const guest::DomainSpec& spec,
                                          const std::filesystem::path& folder) {
  if (kind == OuterKind::vmx) return start_bochs(spec, image.boot_cd, folder / "bochs");
  return std::make_unique<DomainMachine>(spec);
}

}  // namespace lab::site
