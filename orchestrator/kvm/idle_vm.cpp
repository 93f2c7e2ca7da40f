// SPDX-License-Identifier: MIT
#include "orchestrator/kvm/idle_vm.hpp"

#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>

#include <cerrno>

#include "orchestrator/base/error.hpp"

namespace lab::kvm {

base::Fd open_idle_vm() {
  const base::Fd device(::open("/dev/kvm", O_RDWR | O_CLOEXEC));
  if (!device) throw base::errno_error("open", "/dev/kvm", errno);
  base::Fd vm(::ioctl(device.get(), KVM_CREATE_VM, 0));
  if (!vm) throw base::errno_error("make a VM by", "/dev/kvm", errno);
  return vm;
}

}  // namespace lab::kvm
