// SPDX-License-Identifier: MIT
#include "orchestrator/guest/connection.hpp"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <unistd.h>

#include <cstdlib>
#include <mutex>
#include <span>

#include "orchestrator/base/error.hpp"

namespace lab::guest {
namespace {

// libvirt prints errors by itself unless told otherwise.
void silence_libvirt() {
  static std::once_flag once;
  std::call_once(once, [] { virSetErrorFunc(nullptr, [](void*, virErrorPtr) {}); });
}

}  // namespace

void ConnectionCloser::operator()(virConnect* connection) const {
  virConnectClose(connection);
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

void throw_libvirt_error(const std::string& operation, const std::string& object) {
  const virErrorPtr error = virGetLastError();
  std::string cause = "no error was reported";
  if (error != nullptr)
    cause = std::string(error->message != nullptr ? error->message : "unknown error") + " (code " +
            std::to_string(error->code) + ", domain " + std::to_string(error->domain) + ")";
  throw base::infrastructure_error(operation + " '" + object + "': " + cause);
}

ConnectionPtr connect(const std::string& uri) {
  silence_libvirt();
  ConnectionPtr connection(virConnectOpen(uri.c_str()));
  if (connection) return connection;
  try {
    throw_libvirt_error("connect to libvirt", uri);
  } catch (const base::Error& error) {
    throw base::infrastructure_error(
        error.what(),
        "start it: systemctl start libvirtd, or without systemd: virtlogd -d; libvirtd -d");
  }
}

std::vector<std::string> domains_with_prefix(virConnect* connection, const std::string& prefix) {
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
  const DomainPtr domain(virDomainLookupByName(connection, name.c_str()));
  if (!domain) return;
  virDomainDestroy(domain.get());
  virDomainUndefine(domain.get());  // fails for a transient domain, which is gone by then
}

}  // namespace lab::guest
