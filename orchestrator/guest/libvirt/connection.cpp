// SPDX-License-Identifier: MIT
#include "orchestrator/guest/libvirt/connection.hpp"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <mutex>
#include <span>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/process/interrupt.hpp"
#include "orchestrator/base/process/stop_check.hpp"
#include "orchestrator/guest/libvirt/apparmor.hpp"
#include "orchestrator/guest/libvirt/call_limit.hpp"

namespace lab::guest {
namespace {

// Stops libvirt from printing errors by itself.
void silence_libvirt() {
  static std::once_flag once;
  std::call_once(once, [] { virSetErrorFunc(nullptr, [](void*, virErrorPtr) {}); });
}

// libvirt's messages name no daemon, or only libvirtd. These are Debian's, and newer ones.
constexpr std::array<std::string_view, 3> daemons{"libvirtd", "virtqemud", "virtlogd"};

constexpr const char* where_stopped =
    "is it stopped (SIGSTOP), or does it wait for a disk? ps -o pid,stat,wchan,args -C "
    "libvirtd,virtqemud,virtlogd,qemu-system-x86_64 shows it; then start it anew: "
    "systemctl restart libvirtd";

// A user who waits for an answer may have stopped lab meanwhile.
[[noreturn]] void throw_hung(std::string what) {
  what += daemons_at_fault();
  try {
    base::throw_if_interrupted();
  } catch (const base::Error& stopped) {
    throw base::Error(stopped.kind(), std::string(stopped.what()) + "; " + what, where_stopped);
  }
  throw base::infrastructure_error(what, where_stopped);
}

}  // namespace

void ConnectionCloser::operator()(virConnect* connection) const {
  close_connection(connection);
}
void DomainFreer::operator()(virDomain* domain) const {
  virDomainFree(domain);
}

void TextFreer::operator()(char* text) const {
  std::free(text);
}

std::string default_uri() {
  const char* uri = std::getenv("LAB_LIBVIRT_URI");
  if (uri != nullptr && uri[0] != '\0') return uri;
  return ::geteuid() == 0 ? "qemu:///system" : "qemu:///session";
}

std::string daemons_at_fault(const std::filesystem::path& proc) {
  std::string faults;
  bool logs = false, serves = false;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(proc, ignored)) {
    const std::string pid = entry.path().filename();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string name = base::process_name(entry.path());
    if (std::ranges::find(daemons, name) == daemons.end()) continue;
    (name == "virtlogd" ? logs : serves) = true;
    if (base::is_stopped(entry.path()))
      faults += "; " + name + " (process " + pid + ") was stopped by a signal: kill -CONT " + pid;
  }
  if (serves && !logs) faults += "; virtlogd, which it may need, does not run: virtlogd -d";
  return faults;
}

bool nobody_answered() {
  const virErrorPtr error = virGetLastError();
  return error != nullptr && error->domain == VIR_FROM_RPC;
}

void throw_libvirt_error(const std::string& operation, const std::string& object) {
  const virErrorPtr error = virGetLastError();
  const std::string limit = reached_limit();
  const std::string what = operation + " '" + object + "': ";
  std::string cause = "no error was reported";
  if (error != nullptr)
    cause = std::string(error->message != nullptr ? error->message : "unknown error") + " (code " +
            std::to_string(error->code) + ", domain " + std::to_string(error->domain) + ")";
  if (nobody_answered())
    throw_hung(what + "libvirtd does not answer, or has ended: " + cause +
               (limit.empty() ? "" : "; " + limit));
  if (!limit.empty()) throw_hung(what + limit);
  throw base::infrastructure_error(what + cause);
}

ConnectionPtr connect(const std::string& uri, const std::optional<Patience>& patience) {
  silence_libvirt();
  if (patience) limit_calls(*patience);
  const auto turn = take_turn();
  const CallLimit limit(nullptr);
  ConnectionPtr connection(open_connection(uri));
  if (connection) return connection;
  try {
    throw_libvirt_error("connect to libvirt", uri);
  } catch (const base::Error& error) {
    if (error.kind() == base::ErrorKind::interrupted || !reached_limit().empty()) throw;
    throw base::infrastructure_error(
        error.what(),
        "start it: systemctl start libvirtd, or without systemd: virtlogd -d; libvirtd -d");
  }
}

std::vector<std::string> domains_with_prefix(virConnect* connection, const std::string& prefix) {
  const CallLimit limit(connection);
  virDomainPtr* list = nullptr;
  const int count = virConnectListAllDomains(connection, &list, 0);
  if (count < 0) throw_libvirt_error("list domains of", "libvirt");
  std::vector<std::string> names;
  for (virDomainPtr domain : std::span(list, static_cast<std::size_t>(count))) {
    const std::string name = virDomainGetName(domain);
    if (name.starts_with(prefix)) names.push_back(name);
    virDomainFree(domain);
  }
  std::free(list);
  return names;
}

void destroy_domain(virConnect* connection, const std::string& name) {
  const CallLimit limit(connection, name);
  const DomainPtr domain(virDomainLookupByName(connection, name.c_str()));
  if (!domain) return;
  virDomainDestroy(domain.get());
  virDomainUndefine(domain.get());  // fails for a transient domain, which is gone by then
  remove_profile(name);
}

}  // namespace lab::guest
