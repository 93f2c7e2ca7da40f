// SPDX-License-Identifier: MIT
#include "orchestrator/lane/protocol/protocol.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/json.hpp"
#include "orchestrator/base/machine/this_machine.hpp"
#include "orchestrator/inside/version.hpp"
#include "orchestrator/record/site.hpp"
#include "orchestrator/scenario/loader/plan_json.hpp"

namespace lab::lane {

LAB_JSON(Greeting, protocol, lab, node, host)
LAB_JSON(Work, provide, site, verify_tracepoint, time_scale)

namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t max_name = 256;  // bytes

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= max_name &&
         std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

// Prefers Slurm's names, as one machine may have several of them.
std::string node_name() {
  const char* slurm = std::getenv("SLURMD_NODENAME");
  if (slurm != nullptr && is_name(slurm)) return slurm;
  std::array<char, max_name> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

void check_name(const char* key, const std::string& name) {
  if (!is_name(name))
    throw base::infrastructure_error(std::string("'") + key + "' is no line of printable ASCII");
}

}  // namespace

Greeting this_lane() {
  return {.lab = inside::version(), .node = node_name(), .host = base::this_host()};
}

std::string to_json(const Greeting& greeting) {
  json object = greeting;
  object["type"] = "lane";
  return base::dump_json(object);
}

Greeting greeting_from_json(std::string_view line) {
  try {
    if (line.size() > max_greeting_bytes) throw base::infrastructure_error("it is too long");
    const json object = base::parse_json<json>(line);
    if (base::need(object, "type") != "lane")
      throw base::infrastructure_error("its type is not lane");
    auto greeting = object.get<Greeting>();
    check_name("lab", greeting.lab);
    check_name("node", greeting.node);
    check_name("host", greeting.host);
    return greeting;
  } catch (const json::exception& error) {
    throw base::infrastructure_error(error.what());
  }
}

std::string to_json(const Work& work) {
  json object = work;
  object["type"] = "work";
  object["plans"] = json::array();
  for (const scenario::TrialPlan& plan : work.plans)
    object["plans"].push_back(scenario::to_object(plan));
  return base::dump_json(object);
}

Work work_from_json(std::string_view line) {
  try {
    const json object = base::parse_json<json>(line);
    if (base::need(object, "type") != "work")
      throw base::infrastructure_error("a line that is no work");
    Work work = object.get<Work>();
    if (record::find_site(work.site) == nullptr)
      throw base::infrastructure_error("no site is called '" + work.site + "'");
    for (const json& plan : base::need(object, "plans"))
      work.plans.push_back(scenario::plan_from_object(plan));
    return work;
  } catch (const json::exception& error) {
    throw base::infrastructure_error(std::string("a piece of work: ") + error.what());
  }
}

std::string refusal(const Greeting& greeting, const Greeting& ours) {
  if (greeting.lab != ours.lab)
    return "it runs lab " + greeting.lab + ", and this is lab " + ours.lab;
  if (greeting.protocol != ours.protocol)
    return "it speaks protocol " + std::to_string(greeting.protocol) + ", and this lab " +
           std::to_string(ours.protocol);
  return "";
}

}  // namespace lab::lane
