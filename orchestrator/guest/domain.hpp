// SPDX-License-Identifier: MIT
// A running domain that ends with its owner: transient, and destroyed by libvirt itself when the
// connection closes, even by kill -9.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "orchestrator/guest/connection.hpp"
#include "orchestrator/guest/domain_xml.hpp"

namespace lab::guest {

enum class Lifetime { ends_with_lab, stays };

class Domain {
 public:
  // Creates the domain paused, so that nothing of it is missed before its sockets are read.
  // `connection` must outlive it. Error (infrastructure) with libvirt's message.
  Domain(virConnect* connection, const DomainSpec& spec,
         Lifetime lifetime = Lifetime::ends_with_lab);
  Domain(const Domain&) = delete;
  Domain& operator=(const Domain&) = delete;
  // Destroys the domain (Lifetime::ends_with_lab), then waits until QEMU is gone.
  ~Domain();

  void resume();
  void pause();
  // False as soon as it shut down, crashed or vanished. Error (infrastructure) where QEMU paused
  // it because a disk of this machine is full or fails, or where libvirt cannot tell.
  bool running() const;
  void destroy();  // now; nothing where it has ended
  // The QEMU process; nullopt where it cannot be found.
  std::optional<pid_t> pid() const { return pid_; }
  const std::string& name() const { return name_; }

 private:
  std::string name_;
  Lifetime lifetime_;
  DomainPtr domain_;
  std::optional<pid_t> pid_;
};

}  // namespace lab::guest
