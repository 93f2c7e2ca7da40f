// SPDX-License-Identifier: MIT
#include "orchestrator/cli/bisect/bisect_points.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/text.hpp"
#include "orchestrator/cli/trials/measure.hpp"
#include "orchestrator/scenario/keys/settings.hpp"

namespace lab::cli {
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

// Returns "VALUE,VALUE" with paths from the root.
std::string list_in_full(const std::string& setting, const std::vector<std::string>& values) {
  std::vector<std::string> whole;
  for (const std::string& value : values) {
    whole.push_back(scenario::in_any_folder(setting, value));
    if (whole.back().find(',') != std::string::npos)
      throw base::user_error(setting + ": the path '" + whole.back() + "' in a list has a comma",
                             "a link to it from a folder without one will do");
  }
  return fmt::format("{}", fmt::join(whole, ","));
}

}  // namespace

BisectPoints find_points(const bisect::Request& request) {
  if (request.over.empty()) return {"kvm.kernel", list_points(request)};
  const std::string& over = request.over;
  const std::size_t equals = over.find('=');
  BisectPoints result{.setting = over.substr(0, equals)};
  if (equals != std::string::npos)
    for (const std::string_view word :
         base::split(std::string_view(over).substr(equals + 1), ',')) {
      std::string value(word);
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

std::string over_in_full(const bisect::Request& request) {
  const BisectPoints over = find_points(request);
  const std::string setting = scenario::canonical_key(over.setting);
  std::vector<std::string> values;
  for (const Point& point : over.points) values.push_back(point.id);
  return setting + "=" + list_in_full(setting, values);
}

std::string set_in_full(const std::string& set) {
  const std::size_t equals = set.find('=');
  if (equals == std::string::npos) return set;
  constexpr std::string_view matrix = "matrix.";
  const std::string key = set.substr(0, equals), value = set.substr(equals + 1);
  if (!key.starts_with(matrix)) return key + "=" + scenario::in_any_folder(key, value);
  const auto values = base::split(value, ',');
  return key + "=" + list_in_full(key.substr(matrix.size()), {values.begin(), values.end()});
}

std::string in_words(const Point& point) {
  return point.subject.empty() ? point.id : point.id.substr(0, 12) + " " + point.subject;
}

}  // namespace lab::cli
