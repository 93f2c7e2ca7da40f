// SPDX-License-Identifier: MIT
// Saves a machine's state in a file and restores it (class Domain), by QEMU's migration and not by
// libvirt's virDomainSave: what that restores does not end with lab.
#include <spdlog/fmt/fmt.h>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/account.hpp"
#include "orchestrator/base/process/interrupt.hpp"
#include "orchestrator/guest/domain/domain.hpp"
#include "orchestrator/guest/domain/qmp.hpp"

namespace lab::guest {
namespace {

constexpr double patience = 120;  // seconds

// Leaves out of the state what is in a file of its own (DomainSpec::memory_file, memory_disks). The
// capability mapped-ram must stay off with this one: together they make QEMU 10 write from address
// 0 ("Bad address").
void leave_files_out(virDomain* domain) {
  ask_qemu(domain, "migrate-set-capabilities",
           {{"capabilities", {{{"capability", "x-ignore-shared"}, {"state", true}}}}});
}

void migrate(virDomain* domain, const std::string& command, const std::filesystem::path& file) {
  ask_qemu(domain, command, {{"uri", "file:" + file.string()}});
  const base::Stopwatch watch;
  for (;;) {
    const nlohmann::json answer = ask_qemu(domain, "query-migrate");
    const std::string status = answer.value("status", "none");
    if (status == "completed") return;
    if (status == "failed" || watch.seconds() > patience)
      throw base::infrastructure_error(fmt::format(
          "QEMU's {} with '{}': {}", command, file.string(),
          answer.value("error-desc",
                       status + " after " + std::to_string(int(watch.seconds())) + " s")));
    base::sleep_interruptibly(0.01);
  }
}

}  // namespace

void Domain::save_state(const std::filesystem::path& file) {
  if (account_) base::give(file, *account_);
  pause();
  ask_qemu(domain_.get(), "migrate-set-parameters", {{"max-bandwidth", 1ull << 40}});
  leave_files_out(domain_.get());
  migrate(domain_.get(), "migrate", file);
}

void Domain::load_state(const std::filesystem::path& file) {
  leave_files_out(domain_.get());
  migrate(domain_.get(), "migrate-incoming", file);
}

}  // namespace lab::guest
