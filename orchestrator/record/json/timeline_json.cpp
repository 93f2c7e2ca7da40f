// SPDX-License-Identifier: MIT
#include "orchestrator/record/json/json_fields.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace lab::record {
namespace {

constexpr std::size_t timeline_numbers_limit = 256;  // either vendor has fewer reasons
constexpr std::size_t milestones_limit = 1024;

// Writes the counts of one reason, with -n for n zeros in a row and without zeros at the end.
ordered_json column_json(const Timeline& timeline, std::size_t column) {
  ordered_json values = ordered_json::array();
  std::int64_t zeros = 0;
  for (const Timeline::Sample& sample : timeline.samples) {
    const std::uint64_t exits = column < sample.exits.size() ? sample.exits[column] : 0;
    if (exits == 0) {
      ++zeros;
      continue;
    }
    if (zeros > 0) values.push_back(-std::exchange(zeros, 0));
    values.push_back(exits);
  }
  return values;
}

std::vector<Timeline::Sample> times_from(const ordered_json& object, std::size_t columns) {
  const ordered_json& times = list(object, "milliseconds");
  if (times.size() > Timeline::max_samples) fail("the timeline has too many samples");
  std::vector<Timeline::Sample> samples;
  std::uint64_t now = 0;
  for (const ordered_json& time : times) {
    now += count(time, "milliseconds", std::uint64_t(seconds_limit * 1000));
    const double at = double(now) / 1000;
    if (at > seconds_limit) fail("'milliseconds' is no time");
    samples.push_back({at, std::vector<std::uint64_t>(columns)});
  }
  return samples;
}

void read_column(const ordered_json& values, std::size_t column,
                 std::vector<Timeline::Sample>& samples) {
  if (!values.is_array()) fail("the timeline's 'exits' are not lists");
  std::size_t at = 0;
  for (const ordered_json& value : values) {
    if (at >= samples.size()) fail("the timeline has more counts than samples");
    if (value.is_number_integer() && !value.is_number_unsigned()) {
      const std::int64_t zeros = value.get<std::int64_t>();
      if (zeros < -std::int64_t(samples.size() - at)) fail("the timeline has too many zeros");
      at += std::size_t(-zeros);
    } else {
      samples[at++].exits[column] = count(value, "exits");
    }
  }
}

void read_milestones(const ordered_json& object, Timeline& timeline) {
  const ordered_json& milestones = list(object, "milestones");
  if (milestones.size() > milestones_limit) fail("the timeline has too many milestones");
  for (const ordered_json& milestone : milestones)
    timeline.milestones.push_back(
        {text(milestone, "name"), seconds(need(milestone, "seconds"), "seconds")});
  if (!std::ranges::is_sorted(timeline.milestones, {}, &Timeline::Milestone::seconds))
    fail("the timeline's milestones are not in order");
}

}  // namespace

ordered_json timeline_json(const Timeline& timeline) {
  ordered_json times = ordered_json::array();
  std::int64_t before = 0;
  for (const Timeline::Sample& sample : timeline.samples) {
    const auto now = std::int64_t(std::llround(sample.seconds * 1000));
    times.push_back(now - std::exchange(before, now));
  }
  ordered_json exits = ordered_json::array();
  for (std::size_t column = 0; column < timeline.numbers.size(); ++column)
    exits.push_back(column_json(timeline, column));
  ordered_json milestones = ordered_json::array();
  for (const Timeline::Milestone& milestone : timeline.milestones)
    milestones.push_back(
        {{"name", milestone.name}, {"seconds", std::round(milestone.seconds * 1000) / 1000}});
  return {{"milliseconds", times},
          {"numbers", timeline.numbers},
          {"exits", exits},
          {"milestones", milestones}};
}

Timeline timeline_from(const ordered_json& object) {
  Timeline timeline;
  for (const ordered_json& number : list(object, "numbers"))
    timeline.numbers.push_back(
        std::uint32_t(count(number, "numbers", std::numeric_limits<std::uint32_t>::max())));
  if (timeline.numbers.size() > timeline_numbers_limit ||
      std::ranges::adjacent_find(timeline.numbers, std::greater_equal()) != timeline.numbers.end())
    fail("the timeline's 'numbers' are too many or not ascending");
  timeline.samples = times_from(object, timeline.numbers.size());
  const ordered_json& exits = list(object, "exits");
  if (exits.size() != timeline.numbers.size())
    fail("the timeline's 'exits' do not fit its numbers");
  for (std::size_t column = 0; column < exits.size(); ++column)
    read_column(exits[column], column, timeline.samples);
  read_milestones(object, timeline);
  return timeline;
}

}  // namespace lab::record
