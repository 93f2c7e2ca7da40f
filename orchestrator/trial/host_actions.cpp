// SPDX-License-Identifier: MIT
#include "orchestrator/trial/host_actions.hpp"

namespace lab::trial {

using scenario::HostAction;
using std::chrono::milliseconds;

void perform(const HostAction& action, guest::Domain& domain, const GuestDisks& disks) {
  const bool disk = action.device == HostAction::Device::disk;
  switch (action.kind) {
    case HostAction::Kind::pause:
      return domain.pause();
    case HostAction::Kind::pin:
      return domain.pin(action.vcpu, action.cpus);
    case HostAction::Kind::balloon:
      return domain.set_memory(action.memory >> 20);
    case HostAction::Kind::plug:
      return disk ? domain.attach_disk(disks.plug().string(), disk_format) : domain.attach_nic();
    case HostAction::Kind::unplug:
      return disk ? domain.detach_disk() : domain.detach_nic();
    case HostAction::Kind::key:
      return domain.press(action.keys);
    case HostAction::Kind::save_restore:
      return domain.save_and_restore();
  }
}

// Returns how long lab waits after an action before it counts, as what the host does takes effect
// late: 2 s after plugging, 1 s after a key, 5 s after a balloon.
milliseconds time_of(const HostAction& action) {
  switch (action.kind) {
    case HostAction::Kind::pause:
      return action.duration;
    case HostAction::Kind::balloon:
      return milliseconds(5000);
    case HostAction::Kind::plug:
      return milliseconds(2000);
    case HostAction::Kind::key:
      return milliseconds(1000);
    case HostAction::Kind::pin:
    case HostAction::Kind::unplug:
    case HostAction::Kind::save_restore:
      return milliseconds(0);
  }
  return milliseconds(0);
}

}  // namespace lab::trial
