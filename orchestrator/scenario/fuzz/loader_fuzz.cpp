// SPDX-License-Identifier: MIT
// libFuzzer on everything that reads a scenario. The input is the file; after a zero byte come
// overrides, one a line, and after each further one a file that it extends.
//   cmake -B build/fuzz -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ -DLAB_FUZZ=ON
//   cmake --build build/fuzz --target lab_scenario_fuzz && mkdir corpus
//   build/fuzz/orchestrator/lab_scenario_fuzz -dict=orchestrator/scenario/fuzz/words.dict
//       -max_total_time=600 corpus scenarios
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/json.hpp"
#include "orchestrator/scenario/loader.hpp"

namespace {

using namespace lab;

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

void require(bool holds) {
  if (!holds) std::abort();
}

// What was good once stays good: every plan survives its JSON.
void check_plans(const scenario::Scenario& scenario) {
  const auto plans = scenario::expand(scenario);
  require(!plans.empty());
  for (const scenario::TrialPlan* plan : {&plans.front(), &plans.back()}) {
    const auto json = base::parse_json<nlohmann::ordered_json>(scenario::to_object(*plan).dump());
    require(scenario::plan_from_object(json) == *plan);
    require(plan->settings.paging.has_value());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto parts = split(input, '\0');
  const std::string text = parts.empty() ? "" : parts[0];
  std::size_t next = 2;
  const auto read = [&](const std::string& file) {
    if (next >= parts.size()) throw base::user_error("open '" + file + "': No such file");
    return parts[next++];
  };
  try {
    check_plans(scenario::parse(
        text, "fuzz.yaml", parts.size() > 1 ? split(parts[1], '\n') : std::vector<std::string>(),
        read));
  } catch (const base::Error& error) {
    require(error.kind() == base::ErrorKind::user);  // nothing else may come of an input
  }
  return 0;
}
