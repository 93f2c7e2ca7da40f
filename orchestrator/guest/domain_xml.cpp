// SPDX-License-Identifier: MIT
#include "orchestrator/guest/domain_xml.hpp"

#include <unistd.h>

#include <pugixml.hpp>
#include <sstream>

namespace lab::guest {
namespace {

using pugi::xml_node;

xml_node add(xml_node parent, const char* name) {
  return parent.append_child(name);
}

void add_text(xml_node parent, const char* name, const std::string& text) {
  add(parent, name).text().set(text.c_str());
}

void set(xml_node node, const char* name, const std::string& value) {
  node.append_attribute(name).set_value(value.c_str());
}

void add_os(xml_node domain, const DomainSpec& spec) {
  xml_node os = add(domain, "os");
  xml_node type = add(os, "type");
  set(type, "arch", "x86_64");
  set(type, "machine", spec.machine);
  type.text().set("hvm");
  if (spec.kernel.empty()) return;
  add_text(os, "kernel", spec.kernel);
  if (!spec.initrd.empty()) add_text(os, "initrd", spec.initrd);
  add_text(os, "cmdline", spec.cmdline);
}

void add_cpu(xml_node domain, const DomainSpec& spec) {
  xml_node features = add(domain, "features");
  add(features, "acpi");
  add(features, "apic");
  xml_node cpu = add(domain, "cpu");
  if (spec.cpu_model.empty()) {
    set(cpu, "mode", "host-passthrough");
    return;
  }
  set(cpu, "mode", "custom");
  set(cpu, "match", "exact");
  set(cpu, "check", "none");  // TCG lacks some features of every named model
  xml_node model = add(cpu, "model");
  set(model, "fallback", "forbid");
  model.text().set(spec.cpu_model.c_str());
  for (const std::string& feature : spec.cpu_features) {
    xml_node node = add(cpu, "feature");
    set(node, "policy", "require");
    set(node, "name", feature);
  }
}

void add_disk(xml_node devices, const Disk& disk, std::size_t index) {
  xml_node node = add(devices, "disk");
  set(node, "type", disk.block ? "block" : "file");
  set(node, "device", "disk");
  xml_node driver = add(node, "driver");
  set(driver, "name", "qemu");
  set(driver, "type", disk.format);
  if (disk.discard_writes) set(driver, "cache", "unsafe");
  set(add(node, "source"), disk.block ? "dev" : "file", disk.path);
  xml_node target = add(node, "target");
  set(target, "dev", std::string("vd") + static_cast<char>('a' + index));
  set(target, "bus", "virtio");
  if (!disk.serial.empty()) add_text(node, "serial", disk.serial);
  if (disk.read_only) add(node, "readonly");
}

void add_socket_channel(xml_node devices, const std::string& name, const std::string& socket) {
  xml_node node = add(devices, "channel");
  set(node, "type", "unix");
  xml_node source = add(node, "source");
  set(source, "mode", "bind");
  set(source, "path", socket);
  xml_node target = add(node, "target");
  set(target, "type", "virtio");
  set(target, "name", name);
}

void add_console(xml_node devices, const std::string& socket) {
  xml_node node = add(devices, "serial");
  set(node, "type", "unix");
  xml_node source = add(node, "source");
  set(source, "mode", "bind");
  set(source, "path", socket);
  set(add(node, "target"), "port", "0");
}

// Devices that libvirt or QEMU would add by themselves are switched off: each costs exits.
void add_devices(xml_node domain, const DomainSpec& spec) {
  xml_node devices = add(domain, "devices");
  if (!spec.emulator.empty()) add_text(devices, "emulator", spec.emulator);
  std::size_t index = 0;
  for (const Disk& disk : spec.disks) add_disk(devices, disk, index++);
  xml_node usb = add(devices, "controller");
  set(usb, "type", "usb");
  set(usb, "model", "none");
  if (!spec.console_socket.empty()) add_console(devices, spec.console_socket);
  for (const Channel& channel : spec.channels)
    add_socket_channel(devices, channel.name, channel.socket);
  if (!spec.agent_socket.empty())
    add_socket_channel(devices, "org.qemu.guest_agent.0", spec.agent_socket);
  set(add(devices, "memballoon"), "model", "none");
}

// libvirt has no element for it.
void add_instruction_count(xml_node domain) {
  set(domain, "xmlns:qemu", "http://libvirt.org/schemas/domain/qemu/1.0");
  xml_node arguments = add(domain, "qemu:commandline");
  set(add(arguments, "qemu:arg"), "value", "-icount");
  set(add(arguments, "qemu:arg"), "value", "shift=0");
}

void add_owner_label(xml_node domain) {
  xml_node label = add(domain, "seclabel");
  set(label, "type", "static");
  set(label, "model", "dac");
  set(label, "relabel", "no");
  const std::string owner = "+" + std::to_string(::geteuid()) + ":+" + std::to_string(::getegid());
  add_text(label, "label", owner);
}

}  // namespace

std::string domain_xml(const DomainSpec& spec, bool apparmor) {
  pugi::xml_document document;
  xml_node domain = document.append_child("domain");
  set(domain, "type", spec.accelerated ? "kvm" : "qemu");
  add_text(domain, "name", spec.name);
  xml_node memory = add(domain, "memory");
  set(memory, "unit", "MiB");
  memory.text().set(static_cast<unsigned long long>(spec.memory_mib));
  add(domain, "vcpu").text().set(spec.vcpus);
  add_os(domain, spec);
  add_cpu(domain, spec);
  add_text(domain, "on_reboot", "destroy");
  add_text(domain, "on_crash", "destroy");
  add_devices(domain, spec);
  add_owner_label(domain);
  if (spec.count_instructions) add_instruction_count(domain);
  if (apparmor) {
    xml_node label = add(domain, "seclabel");
    set(label, "type", "none");
    set(label, "model", "apparmor");
  }
  std::ostringstream text;
  document.save(text, "  ", pugi::format_default | pugi::format_no_declaration);
  return text.str();
}

}  // namespace lab::guest
