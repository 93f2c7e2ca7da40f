// SPDX-License-Identifier: MIT
#include "orchestrator/inside/job.hpp"

#include <nlohmann/json.hpp>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/json.hpp"
#include "orchestrator/scenario/plan_json.hpp"

namespace lab::inside {
namespace {

using json = nlohmann::ordered_json;

json image_to_json(const trial::GuestImage& image) {
  return {{"name", image.name},
          {"digest", image.digest},
          {"disk", image.disk.string()},
          {"disk_format", image.disk_format},
          {"disk_is_block", image.disk_is_block},
          {"kernel", image.kernel.string()},
          {"initrd", image.initrd.string()},
          {"cmdline", image.cmdline}};
}

trial::GuestImage image_from_json(const json& object) {
  return {.name = object.at("name"),
          .digest = object.at("digest"),
          .disk = object.at("disk").get<std::string>(),
          .disk_format = object.at("disk_format"),
          .disk_is_block = object.at("disk_is_block"),
          .kernel = object.at("kernel").get<std::string>(),
          .initrd = object.at("initrd").get<std::string>(),
          .cmdline = object.at("cmdline")};
}

}  // namespace

std::string kernel_additions(const scenario::Settings& settings) {
  std::string words;
  if (settings.clock != scenario::Clock::automatic)
    words = "clocksource=" + std::string(scenario::to_string(settings.clock));
  // Otherwise the kernel first watches the TSC for a while, and may not take it.
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
  const std::string additions = kernel_additions(plan.settings);
  return plan.settings.image + "/" + std::string(scenario::to_string(plan.settings.console)) + "/" +
         std::string(scenario::to_string(reader_starts(plan))) +
         (additions.empty() ? "" : "/" + additions);
}

kvm::Parameters module_parameters(const scenario::Settings& settings, exits::Vendor vendor) {
  kvm::Parameters parameters = settings.parameters;
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
  json object{{"site", job.site->name},
              {"modules", job.modules.string()},
              {"verify_tracepoint", job.verify_tracepoint},
              {"capabilities", job.capabilities.string()},
              {"seed", job.seed},
              {"exact", job.exact},
              {"thrown_away", job.thrown_away},
              {"images", json::object()},
              {"plans", json::array()}};
  for (const auto& [key, image] : job.images) object["images"][key] = image_to_json(image);
  for (const scenario::TrialPlan& plan : job.plans)
    object["plans"].push_back(scenario::to_object(plan));
  return object.dump(1);
}

Job job_from_json(std::string_view text) {
  try {
    const json object = base::parse_json<json>(text);
    const Site* site = record::find_site(object.at("site").get<std::string>());
    if (site == nullptr) throw base::infrastructure_error("job file: unknown site");
    Job job{.site = site,
            .modules = object.at("modules").get<std::string>(),
            .verify_tracepoint = object.at("verify_tracepoint"),
            .capabilities = object.at("capabilities").get<std::string>(),
            .seed = object.at("seed"),
            .exact = object.at("exact"),
            .thrown_away = object.at("thrown_away")};
    for (const auto& [key, image] : object.at("images").items())
      job.images[key] = image_from_json(image);
    for (const json& plan : object.at("plans"))
      job.plans.push_back(scenario::plan_from_object(plan));
    return job;
  } catch (const json::exception& error) {
    throw base::infrastructure_error(std::string("job file: ") + error.what());
  }
}

}  // namespace lab::inside
