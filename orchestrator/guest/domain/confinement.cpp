// SPDX-License-Identifier: MIT
#include "orchestrator/guest/domain/domain.hpp"

#include <libvirt/libvirt.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <pugixml.hpp>
#include <vector>

#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/guest/libvirt/apparmor.hpp"

namespace lab::guest {
namespace fs = std::filesystem;
namespace {

base::Account lab_itself() {
  return {::geteuid(), ::getegid()};
}

std::vector<fs::path> written_files(const DomainSpec& spec) {
  std::vector<fs::path> files;
  for (const Disk& disk : spec.disks)
    if (!disk.read_only) files.emplace_back(disk.path);
  for (const MemoryDisk& disk : spec.memory_disks)
    if (!disk.read_only) files.emplace_back(disk.path);
  if (!spec.memory_file.empty() && !spec.incoming) files.emplace_back(spec.memory_file);
  return files;
}

std::vector<fs::path> read_files(const DomainSpec& spec) {
  std::vector<fs::path> files;
  for (const std::string& file :
       {spec.emulator, spec.kernel, spec.initrd, spec.firmware, spec.memory_file})
    if (!file.empty()) files.emplace_back(file);
  for (const Disk& disk : spec.disks) files.emplace_back(disk.path);
  for (const MemoryDisk& disk : spec.memory_disks) files.emplace_back(disk.path);
  return files;
}

// Includes what later steps plug and save, and what the images of overlays lie on.
ProfileFiles profile_files(const DomainSpec& spec) {
  const base::Folders folders = base::find_folders();
  ProfileFiles files{.read = read_files(spec), .written = written_files(spec)};
  for (const char* kind : {"images", "kernels", "own", "prepared"})
    files.read.push_back(folders.cache / kind);
  for (const char* kind : {"runs", "warm"}) files.written.push_back(folders.cache / kind);
  files.written.push_back(folders.runtime);
  return files;
}

}  // namespace

Confinement confinement_in(const std::string& capabilities, bool accelerated) {
  Confinement confinement;
  pugi::xml_document document;
  document.load_string(capabilities.c_str());
  for (const pugi::xml_node model :
       document.child("capabilities").child("host").children("secmodel")) {
    const std::string name = model.child_value("model");
    if (name == "apparmor") confinement.apparmor = true;
    if (name != "dac") continue;
    const pugi::xml_node label =
        model.find_child_by_attribute("baselabel", "type", accelerated ? "kvm" : "qemu");
    base::Account account;
    if (std::sscanf(label.child_value(), "+%u:+%u", &account.user, &account.group) == 2)
      confinement.account = account;
  }
  return confinement;
}

Confinement usual_confinement(virConnect* connection, bool accelerated) {
  const TextPtr text(virConnectGetCapabilities(connection));
  return confinement_in(text ? text.get() : "", accelerated);
}

Confinement confine(virConnect* connection, const DomainSpec& spec) {
  Confinement confinement = usual_confinement(connection, spec.accelerated);
  if (!confinement.account) return confinement;
  const base::Account usual = *confinement.account;
  confinement.account = lab_itself();
  if (spec.as_lab || ::geteuid() != 0) return confinement;
  if (confinement.apparmor) {
    confinement.profile = load_profile(spec.name, profile_files(spec));
    if (!confinement.profile.empty()) confinement.uuid = domain_uuid(spec.name);
  }
  if (usual.user == 0) return confinement;
  for (const fs::path& file : written_files(spec)) base::give(file, usual);
  if (base::can_read_all(usual, read_files(spec), "QEMU of '" + spec.name + "'"))
    confinement.account = usual;
  return confinement;
}

}  // namespace lab::guest
