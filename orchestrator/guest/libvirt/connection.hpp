// SPDX-License-Identifier: MIT
// A connection to libvirt, and the one checker through which every libvirt call goes.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/guest/libvirt/call_limit.hpp"

// libvirt's own handle type; its header stays out of ours.
extern "C" {
typedef struct _virDomain virDomain;  // NOLINT(bugprone-reserved-identifier)
}

namespace lab::guest {

struct ConnectionCloser {
  void operator()(virConnect* connection) const;
};
struct DomainFreer {
  void operator()(virDomain* domain) const;
};
struct TextFreer {
  void operator()(char* text) const;
};
using ConnectionPtr = std::unique_ptr<virConnect, ConnectionCloser>;
using DomainPtr = std::unique_ptr<virDomain, DomainFreer>;
using TextPtr = std::unique_ptr<char, TextFreer>;  // what libvirt allocated for its caller

// The URI that lab uses: LAB_LIBVIRT_URI, else qemu:///system as root and qemu:///session
// otherwise.
std::string default_uri();

// "; virtlogd (process 7) was stopped by a signal: …": the daemons of libvirt that can be why it
// does not answer, as a folder like /proc shows them. "" where none can.
std::string daemons_at_fault(const std::filesystem::path& proc = "/proc");

// Opens a connection. Error (infrastructure) where libvirtd does not answer, with the command
// that starts it. Without patience, calls have no limits, and no thread runs for them: in an outer
// VM, whose guests are counted and whose own limits stand outside.
ConnectionPtr connect(const std::string& uri, const std::optional<Patience>& patience = Patience());

// Throws Error (infrastructure) "operation 'object': libvirt's message (code N, domain M)" from
// the last libvirt error of this thread; where a CallLimit was reached, what that did. To be called
// directly after the failed call, under its limit.
[[noreturn]] void throw_libvirt_error(const std::string& operation, const std::string& object);

// Whether the last failed call of this thread got no answer: what it asked for may be done or not.
bool nobody_answered();

// Names of all domains, running or not, that begin with a prefix.
std::vector<std::string> domains_with_prefix(virConnect* connection, const std::string& prefix);

// Ends and undefines a domain by name; quietly nothing where there is none.
void destroy_domain(virConnect* connection, const std::string& name);

}  // namespace lab::guest
