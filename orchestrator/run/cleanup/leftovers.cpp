// SPDX-License-Identifier: MIT
#include "orchestrator/run/cleanup/leftovers.hpp"

#include <spdlog/spdlog.h>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/atomic_folder.hpp"
#include "orchestrator/base/files/run_folder.hpp"
#include "orchestrator/guest/libvirt/connection.hpp"
#include "orchestrator/image/prepare/guestfs.hpp"
#include "orchestrator/inside/machine/machine_settings.hpp"
#include "orchestrator/kvm/modules/modules.hpp"

namespace lab::run {
namespace {

// libvirt destroys a dead lab's domains by itself, except where it was killed, too.
bool destroy_domains(const std::string& id) {
  try {
    const guest::ConnectionPtr connection = guest::connect(guest::default_uri());
    for (const std::string& name : guest::domains_with_prefix(connection.get(), "lab-"))
      if (name.ends_with("-" + id)) guest::destroy_domain(connection.get(), name);
    return true;
  } catch (const base::Error& error) {
    spdlog::warn("cannot look for domains that run {} left: {}", id, error.what());
    return false;
  }
}

}  // namespace

void clear_leftovers(const base::Folders& folders) {
  for (const std::string& id : base::dead_runs(folders)) {
    if (!destroy_domains(id)) continue;  // keeps its folder, which leads to the domains
    base::remove_run(folders, id);
    image::remove_dead_sockets();
    spdlog::warn("cleared what run {} left behind", id);
  }
  for (const char* cache :
       {"images", "prepared", "kernels", "modules", "buildroots", "warm", "own"})
    if (base::clear_half_made(folders.cache / cache))
      spdlog::warn("cleared what a killed lab left half-made in '{}'",
                   (folders.cache / cache).string());
  if (kvm::recover_modules(folders.runtime))
    spdlog::warn("put back the stock kvm modules that a killed lab had swapped");
  if (inside::recover_machine_settings(folders.runtime))
    spdlog::warn("put back KSM and huge pages as they were before a killed lab set them");
}

}  // namespace lab::run
