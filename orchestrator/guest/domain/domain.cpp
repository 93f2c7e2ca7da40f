// SPDX-License-Identifier: MIT
#include "orchestrator/guest/domain/domain.hpp"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <poll.h>
#include <signal.h>
#include <spdlog/spdlog.h>
extern "C" {
#include <sys/pidfd.h>  // missing in glibc 2.36
}
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/run_folder.hpp"
#include "orchestrator/base/json.hpp"
#include "orchestrator/base/process/interrupt.hpp"
#include "orchestrator/guest/domain/qmp.hpp"
#include "orchestrator/guest/libvirt/apparmor.hpp"
#include "orchestrator/guest/libvirt/call_limit.hpp"
#include "orchestrator/guest/libvirt/qemu_process.hpp"

namespace lab::guest {
namespace {

int last_code() {
  const virErrorPtr error = virGetLastError();
  return error != nullptr ? error->code : VIR_ERR_OK;
}

// Returns whether the guest's processor finally has the feature; nullopt where QEMU names it
// differently.
std::optional<bool> has_feature(virDomain* domain, const std::string& feature) {
  try {
    const nlohmann::json cpus = ask_qemu(domain, "query-cpus-fast");
    const nlohmann::json value = ask_qemu(
        domain, "qom-get", {{"path", base::need(cpus.at(0), "qom-path")}, {"property", feature}});
    return value.is_boolean() ? std::optional(value.get<bool>()) : std::nullopt;
  } catch (const nlohmann::json::exception&) {
  } catch (const base::Error&) {
    if (!reached_limit().empty()) throw;
  }
  return std::nullopt;
}

// Compares the features after the start: libvirt requests CPU features and drops those that QEMU
// lacks, and QEMU omits what the processor lacks and reports it only in its log.
void check_features(virDomain* domain, const DomainSpec& spec) {
  for (const std::string& feature : spec.cpu_features) {
    const std::string name = feature.substr(1);
    const bool wanted = !feature.starts_with('-');
    if (has_feature(domain, name).value_or(wanted) != wanted)
      throw base::infrastructure_error(
          "domain '" + spec.name + "' cannot have CPU feature " + feature,
          wanted ? "the processor that runs it lacks '" + name + "', or KVM does" : "");
  }
}

constexpr int shutdown_polls = 600;  // of 50 ms: QEMU's end takes seconds where it is emulated

// Waits at most 5 s. A process that ended holds nothing any more, even before its parent collects
// it.
void wait_until_gone(const base::Fd& process) {
  pollfd ended{process.get(), POLLIN, 0};
  if (process) ::poll(&ended, 1, 5000);
}

bool is_saveable(const Disk& disk) {
  return disk.format == "qcow2" && !disk.read_only;
}

}  // namespace

Domain::Domain(virConnect* connection, const DomainSpec& spec, Lifetime lifetime)
    : connection_(connection),
      name_(spec.name),
      lifetime_(lifetime),
      defined_(spec.preserve_on_poweroff),
      can_be_saved_(std::ranges::any_of(spec.disks, is_saveable)) {
  const CallLimit limit(connection, name_, probing_times);
  const Confinement confinement = confine(connection, spec);
  account_ = confinement.account;
  const std::string xml = domain_xml(spec, confinement);
  unsigned flags = VIR_DOMAIN_START_PAUSED;
  if (lifetime == Lifetime::ends_with_lab) flags |= VIR_DOMAIN_START_AUTODESTROY;
  // libvirt forgets a transient domain as soon as it ends, and also how it ended.
  domain_.reset(defined_ ? virDomainDefineXML(connection, xml.c_str())
                         : virDomainCreateXML(connection, xml.c_str(), flags));
  try {
    if (!domain_) throw_libvirt_error("start domain", name_);
    if (defined_ && virDomainCreateWithFlags(domain_.get(), flags) != 0)
      throw_libvirt_error("start domain", name_);
    pid_ = find_qemu(name_);
    if (pid_) process_ = base::Fd(::pidfd_open(*pid_, 0));
    check_features(domain_.get(), spec);
  } catch (const base::Error&) {
    if (domain_)
      end();
    else
      end_unknown();
    throw;
  }
}

Domain::~Domain() {
  if (lifetime_ == Lifetime::ends_with_lab) end();
}

// Kills QEMU, as libvirt alone would ask it to end and check five times a second. Nothing of this
// machine is needed any more.
void Domain::end() {
  const CallLimit limit(connection_, name_);
  if (process_) ::pidfd_send_signal(process_.get(), SIGKILL, nullptr, 0);
  try {
    destroy();
  } catch (const std::exception& error) {
    base::keep_run_folders();
    spdlog::warn("{}; the next lab clears what libvirt still has of it", error.what());
  }
  if (defined_) virDomainUndefine(domain_.get());
  wait_until_gone(process_);
  remove_profile(name_);
}

// Ends a domain that libvirtd may have created without an answer.
void Domain::end_unknown() {
  if (nobody_answered()) {
    base::keep_run_folders();
    end_qemu(name_);
  }
  remove_profile(name_);
}

void Domain::resume() {
  const CallLimit limit(connection_, name_);
  if (virDomainResume(domain_.get()) != 0) throw_libvirt_error("resume domain", name_);
}

void Domain::pause() {
  const CallLimit limit(connection_, name_);
  if (virDomainSuspend(domain_.get()) != 0) throw_libvirt_error("pause domain", name_);
}

bool Domain::running() const {
  const CallLimit limit(connection_, name_);
  int state = 0, reason = 0;
  if (virDomainGetState(domain_.get(), &state, &reason, 0) != 0) {
    if (last_code() == VIR_ERR_NO_DOMAIN) return false;
    throw_libvirt_error("ask for the state of domain", name_);
  }
  if (state == VIR_DOMAIN_PAUSED && reason == VIR_DOMAIN_PAUSED_IOERROR)
    throw base::infrastructure_error(
        "domain '" + name_ + "' was paused: a disk below it is full or fails",
        "free some space, or set XDG_CACHE_HOME to a larger disk");
  return state == VIR_DOMAIN_RUNNING || state == VIR_DOMAIN_PAUSED || state == VIR_DOMAIN_BLOCKED;
}

void Domain::await_connections() const {
  constexpr int polls = 1000;  // of 10 ms
  for (int i = 0; i < polls; ++i) {
    // QEMU reports "disconnected:fd:27,server=on" until somebody connects.
    const nlohmann::json devices = ask_qemu(domain_.get(), "query-chardev");
    const bool waits = std::ranges::any_of(devices, [](const nlohmann::json& device) {
      return device.value("filename", "").starts_with("disconnected:");
    });
    if (!waits) return;
    base::sleep_interruptibly(0.01);
  }
  throw base::infrastructure_error("QEMU of domain '" + name_ + "' took no connection");
}

bool Domain::paused() const {
  const CallLimit limit(connection_, name_);
  int state = 0;
  return virDomainGetState(domain_.get(), &state, nullptr, 0) == 0 && state == VIR_DOMAIN_PAUSED;
}

bool Domain::powered_off() const {
  int state = 0, reason = 0;
  // Between the guest's power-off and the end of QEMU, the domain is neither running nor off.
  for (int i = 0; i < shutdown_polls; ++i) {
    const CallLimit limit(connection_, name_);
    if (virDomainGetState(domain_.get(), &state, &reason, 0) != 0) {
      if (last_code() == VIR_ERR_NO_DOMAIN) return false;
      throw_libvirt_error("ask for the state of domain", name_);
    }
    if (state != VIR_DOMAIN_SHUTDOWN) break;
    base::sleep_interruptibly(0.05);
  }
  return state == VIR_DOMAIN_SHUTOFF && reason == VIR_DOMAIN_SHUTOFF_SHUTDOWN;
}

void Domain::destroy() {
  const CallLimit limit(connection_, name_);
  if (virDomainDestroy(domain_.get()) == 0) return;
  const int code = last_code();
  if (code != VIR_ERR_NO_DOMAIN && code != VIR_ERR_OPERATION_INVALID)
    throw_libvirt_error("destroy domain", name_);
}

}  // namespace lab::guest
