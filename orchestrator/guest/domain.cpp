// SPDX-License-Identifier: MIT
#include "orchestrator/guest/domain.hpp"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"

namespace lab::guest {
namespace {

constexpr const char* pid_folders[] = {"/run/libvirt/qemu", "/var/run/libvirt/qemu"};

std::optional<pid_t> read_pid(const std::filesystem::path& file) {
  try {
    const std::string text = base::read_file(file, 64);
    pid_t pid = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), pid);
    if (result.ec == std::errc() && pid > 0) return pid;
  } catch (const base::Error&) {
    // Not there: a session connection keeps it below its own runtime folder.
  }
  return std::nullopt;
}

std::optional<pid_t> find_pid(const std::string& name) {
  for (const char* folder : pid_folders)
    if (auto pid = read_pid(std::filesystem::path(folder) / (name + ".pid"))) return pid;
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime == nullptr) return std::nullopt;
  return read_pid(std::filesystem::path(runtime) / "libvirt/qemu/run" / (name + ".pid"));
}

int last_code() {
  const virErrorPtr error = virGetLastError();
  return error != nullptr ? error->code : VIR_ERR_OK;
}

// On a machine with AppArmor libvirt confines each domain by a profile that knows neither root's
// caches nor what backs a prepared image.
bool has_apparmor(virConnect* connection) {
  const std::unique_ptr<char, decltype(&std::free)> text(virConnectGetCapabilities(connection),
                                                         &std::free);
  return text && std::strstr(text.get(), "<model>apparmor</model>") != nullptr;
}

}  // namespace

Domain::Domain(virConnect* connection, const DomainSpec& spec, Lifetime lifetime)
    : name_(spec.name), lifetime_(lifetime) {
  unsigned flags = VIR_DOMAIN_START_PAUSED;
  if (lifetime == Lifetime::ends_with_lab) flags |= VIR_DOMAIN_START_AUTODESTROY;
  domain_.reset(
      virDomainCreateXML(connection, domain_xml(spec, has_apparmor(connection)).c_str(), flags));
  if (!domain_) throw_libvirt_error("start domain", name_);
  pid_ = find_pid(name_);
}

Domain::~Domain() {
  if (lifetime_ == Lifetime::stays) return;
  try {
    destroy();
  } catch (const std::exception& error) {
    spdlog::warn("{}", error.what());
  }
  for (int i = 0; pid_ && i < 100 && ::kill(*pid_, 0) == 0; ++i) ::usleep(50'000);
}

void Domain::resume() {
  if (virDomainResume(domain_.get()) != 0) throw_libvirt_error("resume domain", name_);
}

void Domain::pause() {
  if (virDomainSuspend(domain_.get()) != 0) throw_libvirt_error("pause domain", name_);
}

bool Domain::running() const {
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

void Domain::destroy() {
  if (virDomainDestroy(domain_.get()) == 0) return;
  const int code = last_code();
  if (code != VIR_ERR_NO_DOMAIN && code != VIR_ERR_OPERATION_INVALID)
    throw_libvirt_error("destroy domain", name_);
}

}  // namespace lab::guest
