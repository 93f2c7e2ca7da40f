// SPDX-License-Identifier: MIT
#include "orchestrator/cli/bisect/bisect_points.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/json.hpp"
#include "orchestrator/cli/trials/measure.hpp"
#include "orchestrator/cli/trials/selection.hpp"
#include "orchestrator/scenario/loader/plan_json.hpp"
#include "orchestrator/store/store.hpp"

namespace lab::cli {
namespace fs = std::filesystem;
namespace {

using bisect::Point;

std::vector<Point> list_points(const bisect::Request& request) {
  const auto commits =
      kvm::list_commits(tree_tools(), request.source, request.find_fix ? request.bad : request.good,
                        request.find_fix ? request.good : request.bad);
  std::vector<Point> points;
  std::map<std::string, std::size_t> index;
  for (const kvm::Commit& commit : commits) {
    Point point{.id = commit.id, .subject = commit.subject};
    for (const std::string& parent : commit.parents)
      if (const auto found = index.find(parent); found != index.end())
        point.parents.push_back(found->second);
    index[commit.id] = points.size();
    points.push_back(std::move(point));
  }
  return points;
}

struct RunEnd {
  std::string scenario, site, tree, commit;
};

// "" where it is the usual one, or where an older lab kept no plan.
std::string kernel_of_plan(const record::Record& record) {
  if (record.plan.empty()) return "";
  try {
    return scenario::plan_from_object(base::parse_json<nlohmann::ordered_json>(record.plan))
        .settings.kernel;
  } catch (const std::exception& error) {
    throw base::user_error(
        fmt::format("the plan of record {} is none: {}", record.id, error.what()));
  }
}

// Of the run's first trial, whose plan names the kernel.
RunEnd end_of_run(const store::Store& store, const std::string& word, const std::string& scenario) {
  const auto record = store.find(select_run(store, word, scenario).front().id);
  const std::string kernel = kernel_of_plan(*record);
  const std::size_t at = kernel.rfind('@');
  if (!kernel.starts_with("/") || at == std::string::npos)
    throw base::user_error(
        fmt::format("run {} ran on {}, not on a commit of a kernel tree", record->run,
                    kernel.empty() ? "the usual kernel" : "kernel '" + kernel + "'"),
        "lab run SCENARIO --set kvm.kernel=~/linux@COMMIT");
  return {record->scenario, record->site, kernel.substr(0, at), kernel.substr(at + 1)};
}

}  // namespace

void take_ends_of_runs(bisect::Request& request, const std::string& runs,
                       const std::string& store_file) {
  const std::size_t dots = runs.find("..");
  if (dots == std::string::npos)
    throw base::user_error("--of-runs '" + runs + "' is not A..B", "lab results list");
  const store::Store store(store_file, store::Store::Mode::read_only);
  const std::string scenario = fs::path(request.scenario).stem();
  const RunEnd a = end_of_run(store, runs.substr(0, dots), scenario),
               b = end_of_run(store, runs.substr(dots + 2), scenario);
  if (a.tree != b.tree || a.scenario != b.scenario || a.site != b.site)
    throw base::user_error(fmt::format(
        "--of-runs: {} of '{}' on {} and {} of '{}' on {} are no two states of one tree",
        a.scenario, a.tree, a.site, b.scenario, b.tree, b.site));
  request.source = a.tree;
  (request.find_fix ? request.bad : request.good) = a.commit;
  (request.find_fix ? request.good : request.bad) = b.commit;
  if (request.scenario.empty()) request.scenario = a.scenario;
  if (request.site == "auto") request.site = a.site;
}

BisectPoints find_points(const bisect::Request& request) {
  if (request.over.empty()) return {"kvm.kernel", list_points(request)};
  const std::string& over = request.over;
  const std::size_t equals = over.find('=');
  BisectPoints result{.setting = over.substr(0, equals)};
  if (equals != std::string::npos)
    for (std::string& value : words_between_commas(over.substr(equals + 1))) {
      if (std::ranges::find(result.points, value, &Point::id) != result.points.end())
        throw base::user_error("--over '" + over + "' has '" + value + "' twice");
      Point point{.id = std::move(value)};
      if (!result.points.empty()) point.parents = {result.points.size() - 1};
      result.points.push_back(std::move(point));
    }
  if (result.points.size() < 2)
    throw base::user_error("--over '" + over + "' is no list of values",
                           "--over kvm.kernel=6.1,6.12: the good one first");
  return result;
}

std::string in_words(const Point& point) {
  return point.subject.empty() ? point.id : point.id.substr(0, 12) + " " + point.subject;
}

}  // namespace lab::cli
