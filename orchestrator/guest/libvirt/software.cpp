// SPDX-License-Identifier: MIT
#include "orchestrator/guest/libvirt/software.hpp"

#include <fmt/format.h>
#include <libvirt/libvirt.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <pugixml.hpp>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/base/text.hpp"

namespace lab::guest {
namespace fs = std::filesystem;
namespace {

std::string usual_emulator(virConnect* connection) {
  const TextPtr text(
      virConnectGetDomainCapabilities(connection, nullptr, "x86_64", nullptr, "kvm", 0));
  pugi::xml_document document;
  if (!text || !document.load_string(text.get())) return "";
  return document.child("domainCapabilities").child("path").text().get();
}

std::string libvirt_version(virConnect* connection) {
  unsigned long version = 0;  // 1000000 * major + 1000 * minor + release
  if (virConnectGetLibVersion(connection, &version) != 0) return "";
  return fmt::format("{}.{}.{}", version / 1000000, version / 1000 % 1000, version % 1000);
}

// Looks where Debian's QEMU finds it, and where its own package installs it.
std::string firmware() {
  constexpr const char* name = "bios-256k.bin";
  for (const char* folder : {"/usr/share/seabios", "/usr/share/qemu"}) {
    const fs::path file = fs::path(folder) / name;
    if (fs::exists(file)) return name + (" " + base::sha256_file(file).substr(0, 12));
  }
  return "";
}

}  // namespace

std::string qemu_version_text(const std::string& emulator) {
  return base::run({.argv = {emulator, "--version"}, .limit = std::chrono::seconds(30)}).output;
}

std::string qemu_version(const std::string& said) {
  constexpr std::string_view before = "version ";
  constexpr std::size_t most = 128;
  const std::size_t at = said.find(before);
  if (at == std::string::npos) return "";
  std::string version = said.substr(at + before.size());
  version = version.substr(0, std::min(version.find('\n'), most));
  return base::printable_ascii(version) == version ? version : "";
}

Software software(virConnect* connection) {
  const CallLimit limit(connection, "", probing_times);
  const std::string emulator = usual_emulator(connection);
  return {.qemu = emulator.empty() ? "" : qemu_version(qemu_version_text(emulator)),
          .libvirt = libvirt_version(connection),
          .firmware = firmware()};
}

}  // namespace lab::guest
