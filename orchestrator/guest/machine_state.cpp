// SPDX-License-Identifier: MIT
// A machine's state in a file, and back (class Domain). By QEMU's migration and not by libvirt's
// virDomainSave: what that restores does not end with lab.
#include <spdlog/fmt/fmt.h>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/base/interrupt.hpp"
#include "orchestrator/guest/domain.hpp"
#include "orchestrator/guest/qmp.hpp"

namespace lab::guest {
namespace {

constexpr double patience = 120;  // seconds

// mapped-ram: pages have fixed places in the file, and those that are all zero none (QEMU 9.0).
// x-ignore-shared: what lies in a file of its own (DomainSpec::memory_disk) is not in it. QEMU 10
// cannot do both at once: it then writes from address 0.
void set_capability(virDomain* domain, bool has_memory_disk) {
  const char* name = has_memory_disk ? "x-ignore-shared" : "mapped-ram";
  ask_qemu(domain, "migrate-set-capabilities",
           {{"capabilities", {{{"capability", name}, {"state", true}}}}});
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
  pause();
  ask_qemu(domain_.get(), "migrate-set-parameters", {{"max-bandwidth", 1ull << 40}});
  set_capability(domain_.get(), has_memory_disk_);
  migrate(domain_.get(), "migrate", file);
}

void Domain::load_state(const std::filesystem::path& file) {
  set_capability(domain_.get(), has_memory_disk_);
  migrate(domain_.get(), "migrate-incoming", file);
}

}  // namespace lab::guest
