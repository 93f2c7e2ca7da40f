// SPDX-License-Identifier: MIT
#include "orchestrator/guest/xml/domain_spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "orchestrator/guest/xml/device_xml.hpp"
#include "orchestrator/guest/xml/xml.hpp"

namespace lab::guest {
namespace {

using pugi::xml_node;

void add_os(xml_node domain, const DomainSpec& spec) {
  xml_node os = add(domain, "os");
  add(os, "type", {{"arch", "x86_64"}, {"machine", spec.machine}}).text().set("hvm");
  if (!spec.firmware.empty()) {
    xml_node loader = add(
        os, "loader", {{"readonly", "yes"}, {"type", spec.firmware_is_flash ? "pflash" : "rom"}});
    if (spec.firmware_is_flash) loader.append_attribute("stateless").set_value("yes");
    loader.text().set(spec.firmware.c_str());
  }
  if (spec.kernel.empty()) return;
  add_text(os, "kernel", spec.kernel);
  if (!spec.initrd.empty()) add_text(os, "initrd", spec.initrd);
  add_text(os, "cmdline", spec.cmdline);
}

void add_cpu(xml_node domain, const DomainSpec& spec) {
  xml_node features = add(domain, "features");
  add(features, "acpi");
  add(features, "apic");
  xml_node cpu;
  if (spec.cpu_model.empty()) {
    cpu = add(domain, "cpu", {{"mode", "host-passthrough"}});
  } else {
    // TCG lacks some features of every named model, so none is checked.
    cpu = add(domain, "cpu", {{"mode", "custom"}, {"match", "exact"}, {"check", "none"}});
    add(cpu, "model", {{"fallback", "forbid"}}).text().set(spec.cpu_model.c_str());
  }
  for (const std::string& feature : spec.cpu_features)
    add(cpu, "feature",
        {{"policy", feature.starts_with('-') ? "disable" : "require"},
         {"name", feature.substr(1)}});
}

void add_clock(xml_node domain, const DomainSpec& spec) {
  if (!spec.count_instructions) return;
  constexpr const char* start = "1767225600";  // 2026-01-01 00:00 UTC
  xml_node clock = add(domain, "clock", {{"offset", "absolute"}, {"start", start}});
  add(clock, "timer", {{"name", "rtc"}, {"track", "guest"}});
}

void add_memory(xml_node domain, const DomainSpec& spec) {
  add(domain, "memory", {{"unit", "MiB"}})
      .text()
      .set(static_cast<unsigned long long>(spec.memory_mib));
  if (!spec.huge_pages) return;
  xml_node backing = add(domain, "memoryBacking");
  add(add(backing, "hugepages"), "page", {{"size", "2048"}, {"unit", "KiB"}});
  add(backing, "source", {{"type", "memfd"}});  // needs no mounted hugetlbfs
}

std::vector<std::string> memory_file_arguments(const DomainSpec& spec) {
  if (spec.memory_file.empty()) return {};
  const char* use = spec.incoming ? "share=off,readonly=on,rom=off" : "share=on";
  return {"-object",
          "memory-backend-file,id=lab-ram,size=" + std::to_string(spec.memory_mib) + "M," + use +
              ",mem-path=" + escaped(spec.memory_file),
          "-machine", "memory-backend=lab-ram"};
}

std::vector<std::string> memory_disk_arguments(const DomainSpec& spec) {
  if (spec.memory_disks.empty()) return {};
  std::uint64_t most = spec.memory_mib;
  std::vector<std::string> disks;
  for (std::size_t i = 0; i < spec.memory_disks.size(); ++i) {
    const MemoryDisk& disk = spec.memory_disks[i];
    most += disk.mib;
    disks.insert(
        disks.end(),
        {"-object",
         fmt::format("memory-backend-file,id=lab-disk{},share=on,readonly={},size={}M,"
                     "mem-path={}",
                     i, disk.read_only ? "on" : "off", disk.mib, escaped(disk.path)),
         "-device",
         fmt::format("nvdimm,memdev=lab-disk{},unarmed={}", i, disk.read_only ? "on" : "off")});
  }
  std::vector<std::string> arguments{
      "-machine", "nvdimm=on", "-m",
      fmt::format("slots={},maxmem={}M", spec.memory_disks.size(), most)};
  std::ranges::move(disks, std::back_inserter(arguments));
  return arguments;
}

// Adds what libvirt has no elements for.
void add_qemu_details(xml_node domain, const DomainSpec& spec) {
  domain.append_attribute("xmlns:qemu").set_value("http://libvirt.org/schemas/domain/qemu/1.0");
  std::vector<std::string> arguments = nvme_arguments(spec);
  std::ranges::copy(network_arguments(spec), std::back_inserter(arguments));
  std::ranges::copy(memory_file_arguments(spec), std::back_inserter(arguments));
  if (spec.count_instructions)
    arguments.insert(arguments.end(),
                     {"-icount", "shift=0,sleep=off", "-global", "virtio-serial-pci.ioeventfd=off",
                      "-global", "virtio-blk-pci.ioeventfd=off",
                      // The machine would see the uuid that libvirt chose.
                      "-smbios", "type=1,uuid=6c61626c-6162-4000-8000-000000000000"});
  std::ranges::copy(memory_disk_arguments(spec), std::back_inserter(arguments));
  if (spec.incoming) arguments.insert(arguments.end(), {"-incoming", "defer"});
  if (!arguments.empty()) {
    xml_node node = add(domain, "qemu:commandline");
    for (const std::string& argument : arguments) add(node, "qemu:arg", {{"value", argument}});
  }
  add_network_overrides(domain, spec);
  // Before a domain starts, libvirt 9.0 queries each of 400 CPU properties from QEMU: ten seconds
  // of fourteen where QEMU is emulated. Without this capability it reads the CPUID words at once,
  // and Domain checks for missing features later.
  add(add(domain, "qemu:capabilities"), "qemu:del", {{"capability", "cpu-unavailable-features"}});
}

void add_labels(xml_node domain, const Confinement& confinement) {
  if (confinement.account)
    add_text(add(domain, "seclabel", {{"type", "static"}, {"model", "dac"}, {"relabel", "no"}}),
             "label",
             fmt::format("+{}:+{}", confinement.account->user, confinement.account->group));
  if (!confinement.profile.empty())
    add_text(
        add(domain, "seclabel", {{"type", "static"}, {"model", "apparmor"}, {"relabel", "no"}}),
        "label", confinement.profile);
  else if (confinement.apparmor)
    add(domain, "seclabel", {{"type", "none"}, {"model", "apparmor"}});
}

}  // namespace

std::string domain_xml(const DomainSpec& spec, const Confinement& confinement) {
  pugi::xml_document document;
  xml_node domain = add(document, "domain", {{"type", spec.accelerated ? "kvm" : "qemu"}});
  add_text(domain, "name", spec.name);
  if (!confinement.uuid.empty()) add_text(domain, "uuid", confinement.uuid);
  add_memory(domain, spec);
  add(domain, "vcpu").text().set(spec.vcpus);
  add_os(domain, spec);
  add_cpu(domain, spec);
  add_clock(domain, spec);
  add_text(domain, "on_reboot", spec.on_reboot_restart ? "restart" : "destroy");
  add_text(domain, "on_crash", "destroy");
  add_devices(domain, spec);
  add_labels(domain, confinement);
  add_qemu_details(domain, spec);
  return xml_text(document);
}

}  // namespace lab::guest
