// SPDX-License-Identifier: MIT
#include "orchestrator/guest/libvirt/cpu.hpp"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <algorithm>
#include <cstdlib>
#include <span>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/text.hpp"
#include "orchestrator/guest/xml/xml.hpp"

namespace lab::guest {
namespace {

std::vector<std::string> model_names(virConnect* connection) {
  char** list = nullptr;
  const int count = virConnectGetCPUModelNames(connection, "x86_64", &list, 0);
  if (count < 0) throw_libvirt_error("list CPU models of", "libvirt");
  std::vector<std::string> names;
  for (char* name : std::span(list, static_cast<std::size_t>(count))) {
    names.emplace_back(name);
    std::free(name);
  }
  std::free(list);
  return names;
}

std::string cpu_xml(const std::string& model, const std::string& feature) {
  pugi::xml_document document;
  pugi::xml_node cpu = add(document, "cpu", {{"match", "exact"}});
  add_text(cpu, "model", model);
  add(cpu, "feature", {{"policy", "require"}, {"name", feature}});
  return xml_text(document);
}

bool is_feature(virConnect* connection, const std::string& name) {
  const auto known = [&](const std::string& feature) {
    return virConnectCompareCPU(connection, cpu_xml("qemu64", feature).c_str(), 0) !=
           VIR_CPU_COMPARE_ERROR;
  };
  // A libvirt that cannot compare at all does not know "svm" either.
  return known(name) || !known("svm");
}

}  // namespace

void check_cpu(virConnect* connection, const std::string& model,
               const std::vector<std::string>& features) {
  const CallLimit limit(connection, "", probing_times);
  if (!model.empty()) {
    const std::vector<std::string> names = model_names(connection);
    if (!names.empty() && std::ranges::find(names, model) == names.end())
      throw base::user_error("libvirt knows no CPU model '" + model + "'",
                             "one of " + base::joined(names, ", "));
  }
  for (const std::string& feature : features)
    if (!is_feature(connection, feature.substr(1)))
      throw base::user_error(
          "libvirt knows no CPU feature '" + feature.substr(1) + "'",
          "libvirt's names are in /usr/share/libvirt/cpu_map/x86_features.xml (sse3 is 'pni')");
}

}  // namespace lab::guest
