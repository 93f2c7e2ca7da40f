// SPDX-License-Identifier: MIT
// Opens connections to libvirt, and checks the results of all libvirt calls in one place.
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

// Returns lab's URI: LAB_LIBVIRT_URI, else qemu:///system as root and qemu:///session otherwise.
std::string default_uri();

// Returns "; virtlogd (process 7) was stopped by a signal: …", naming libvirt's daemons that may be
// why it does not answer, from a folder like /proc; "" where there are none.
std::string daemons_at_fault(const std::filesystem::path& proc = "/proc");

// Opens a connection. Throws an infrastructure error where libvirtd does not answer, with the
// command that starts it. Without patience, calls have no limits and no thread runs for them: in an
// outer VM, whose guests are counted and whose own limits are outside.
ConnectionPtr connect(const std::string& uri, const std::optional<Patience>& patience = Patience());

// Throws an infrastructure error "operation 'object': libvirt's message (code N, domain M)" from
// the last libvirt error of this thread; where a CallLimit was reached, with what that did. Call it
// directly after the failed call, under its limit.
[[noreturn]] void throw_libvirt_error(const std::string& operation, const std::string& object);

// Returns whether the last failed call of this thread got no answer, so that its effect is unknown.
bool nobody_answered();

// Returns the names of all domains, running or not, that begin with a prefix.
std::vector<std::string> domains_with_prefix(virConnect* connection, const std::string& prefix);

// Ends and undefines a domain by name; does nothing where there is none.
void destroy_domain(virConnect* connection, const std::string& name);

}  // namespace lab::guest
