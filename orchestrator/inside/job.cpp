// SPDX-License-Identifier: MIT
#include "orchestrator/inside/job.hpp"

#include <nlohmann/json.hpp>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/json.hpp"
#include "orchestrator/scenario/loader/plan_json.hpp"

namespace lab::trial {

LAB_JSON(GuestImage, name, digest, disk, disk_format, disk_is_block, kernel, initrd, cmdline,
         kernel_file, initrd_file, emulator, firmware, firmware_is_flash, emulator_text,
         firmware_text)

}  // namespace lab::trial

namespace lab::inside {

LAB_JSON(Job, modules, verify_tracepoint, capabilities, seed, exact, thrown_away, images)

using json = nlohmann::ordered_json;

std::string kernel_additions(const scenario::Settings& settings) {
  std::string words;
  if (settings.clock != scenario::Clock::automatic)
    words = "clocksource=" + std::string(scenario::to_string(settings.clock));
  // Otherwise the kernel first watches the TSC for a while, and may refuse it.
  if (settings.clock == scenario::Clock::tsc) words += " tsc=reliable";
  if (!settings.cmdline.empty()) words += (words.empty() ? "" : " ") + settings.cmdline;
  return words;
}

scenario::BootUntil reader_starts(const scenario::TrialPlan& plan) {
  const scenario::BootUntil until = plan.steps.front().until;
  const bool by_reader =
      until == scenario::BootUntil::reader || until == scenario::BootUntil::cloud_init;
  return by_reader ? until : scenario::BootUntil::multi_user;
}

std::string image_key(const scenario::TrialPlan& plan) {
  const scenario::Settings& settings = plan.settings;
  std::string key = settings.image + "/" + std::string(scenario::to_string(settings.console)) +
                    "/" + std::string(scenario::to_string(reader_starts(plan)));
  const std::string additions = kernel_additions(settings);
  if (!additions.empty()) key += "/" + additions;
  if (!settings.guest_emulator.empty()) key += "/emulator " + settings.guest_emulator;
  if (!settings.guest_firmware.empty()) key += "/firmware " + settings.guest_firmware;
  if (settings.guest_kernel.empty()) return key;
  // The name of a disk without partitions depends on its bus, and is part of the command line.
  return key + "/kernel " + settings.guest_kernel + "/initrd " + settings.guest_initrd + "/" +
         std::string(scenario::to_string(settings.disk_bus));
}

kvm::Parameters module_parameters(const scenario::Settings& settings, exits::Vendor vendor) {
  kvm::Parameters parameters = settings.parameters;
  // Omits it where causes are not counted, so that older modules still load.
  if (settings.causes != 0) parameters["exit_causes"] = std::to_string(settings.causes);
  parameters["exit_layout"] = std::string(exits::to_string(settings.layout));
  if (settings.paging) {
    const bool nested = *settings.paging == scenario::Paging::nested;
    parameters[vendor == exits::Vendor::svm ? "npt" : "ept"] = nested ? "1" : "0";
  }
  // Guests with APICv crash in Bochs 3.0, which seems to interrupt them while interrupts are off.
  if (settings.processor != scenario::Processor::haswell) parameters.emplace("enable_apicv", "0");
  return parameters;
}

bool has_own_clock(const Job& job) {
  return job.site->own_clock || job.exact;
}

std::string to_json(const Job& job) {
  json object = job;
  object["site"] = job.site->name;
  object["plans"] = json::array();
  for (const scenario::TrialPlan& plan : job.plans)
    object["plans"].push_back(scenario::to_object(plan));
  return object.dump(1);
}

Job job_from_json(std::string_view text) {
  try {
    const json object = base::parse_json<json>(text);
    Job job = object.get<Job>();
    job.site = record::find_site(base::field<std::string>(object, "site"));
    if (job.site == nullptr) throw base::infrastructure_error("job file: unknown site");
    for (const json& plan : base::need(object, "plans"))
      job.plans.push_back(scenario::plan_from_object(plan));
    return job;
  } catch (const json::exception& error) {
    throw base::infrastructure_error(std::string("job file: ") + error.what());
  }
}

}  // namespace lab::inside
