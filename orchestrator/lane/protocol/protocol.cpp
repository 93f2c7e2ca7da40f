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
namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t max_name = 256;  // bytes

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= max_name &&
         std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

// Slurm has names of its own, which may be several on one machine.
std::string node_name() {
  const char* slurm = std::getenv("SLURMD_NODENAME");
  if (slurm != nullptr && is_name(slurm)) return slurm;
  std::array<char, max_name> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

std::string name_from(const json& object, const char* key) {
  std::string name = base::field<std::string>(object, key);
  if (!is_name(name))
    throw base::infrastructure_error(std::string("'") + key + "' is no line of printable ASCII");
  return name;
}

}  // namespace

Greeting this_lane() {
  return {.lab = inside::version(), .node = node_name(), .host = base::this_host()};
}

std::string to_json(const Greeting& greeting) {
  const json object{{"type", "lane"},
                    {"protocol", greeting.protocol},
                    {"lab", greeting.lab},
                    {"node", greeting.node},
                    {"host", greeting.host}};
  return base::dump_json(object);
}

Greeting greeting_from_json(std::string_view line) {
  try {
    if (line.size() > max_greeting_bytes) throw base::infrastructure_error("it is too long");
    const json object = base::parse_json<json>(line);
    if (base::need(object, "type") != "lane")
      throw base::infrastructure_error("its type is not lane");
    return {.protocol = base::field<unsigned>(object, "protocol"),
            .lab = name_from(object, "lab"),
            .node = name_from(object, "node"),
            .host = name_from(object, "host")};
  } catch (const json::exception& error) {
    throw base::infrastructure_error(error.what());
  }
}

std::string to_json(const Work& work) {
  json object{{"type", "work"},
              {"provide", work.provide},
              {"site", work.site},
              {"verify_tracepoint", work.verify_tracepoint},
              {"time_scale", work.time_scale},
              {"plans", json::array()}};
  for (const scenario::TrialPlan& plan : work.plans)
    object["plans"].push_back(scenario::to_object(plan));
  return base::dump_json(object);
}

Work work_from_json(std::string_view line) {
  try {
    const json object = base::parse_json<json>(line);
    if (base::need(object, "type") != "work")
      throw base::infrastructure_error("a line that is no work");
    Work work{.provide = base::field<bool>(object, "provide"),
              .site = base::field<std::string>(object, "site"),
              .verify_tracepoint = base::field<bool>(object, "verify_tracepoint"),
              .time_scale = base::field<double>(object, "time_scale")};
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
