// SPDX-License-Identifier: MIT
// Tests scenarios that extend others.
#include "orchestrator/scenario/yaml/yaml.hpp"

#include <map>

#include "orchestrator/scenario/loader/loader.hpp"
#include "orchestrator/scenario/loader_test.hpp"

namespace lab::scenario {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

using Files = std::map<std::string, std::string>;

const std::string base_text =
    "version: 1\n"
    "name: base\n"
    "image: tiny\n"
    "guest: {vcpus: 2, disk: {bus: scsi, cache: none}}\n"
    "matrix: {paging: [nested, shadow], guest.memory: [128 MiB, 256 MiB]}\n"
    "steps:\n"
    "  - boot: {until: reader}\n"
    "  - sleep: 1 s\n";

Scenario parse_with(const Files& files, const std::string& file) {
  const auto read = [&](const std::string& name) {
    const auto found = files.find(name);
    if (found == files.end()) throw base::user_error("open '" + name + "': No such file");
    return found->second;
  };
  return parse(files.at(file), file, {}, read);
}

std::string error_with(const Files& files, const std::string& file) {
  try {
    parse_with(files, file);
    return "";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::ErrorKind::user);
    return std::string(error.what()) + " | " + error.hint();
  }
}

TEST(Extends, MapsAreMergedListsReplacedAndNullRemoves) {
  const Scenario scenario = parse_with({{"dir/sub/base.yaml", base_text},
                                        {"dir/top.yaml",
                                         "extends: sub/base.yaml\n"
                                         "name: top\n"
                                         "guest: {disk: {bus: sata}, console: verbose}\n"
                                         "matrix: {paging: [shadow], guest.memory: }\n"
                                         "steps: [boot: {until: kernel}]\n"}},
                                       "dir/top.yaml");
  EXPECT_EQ(scenario.file, "dir/top.yaml");
  EXPECT_EQ(scenario.name, "top");
  EXPECT_EQ(scenario.settings.vcpus, 2u);
  EXPECT_EQ(scenario.settings.disk_bus, DiskBus::sata);
  EXPECT_EQ(scenario.settings.disk_cache, DiskCache::none);
  EXPECT_THAT(scenario.steps, SizeIs(1));
  const auto plans = expand(scenario);
  ASSERT_THAT(plans, SizeIs(1));
  EXPECT_EQ(plans[0].name, "top[paging=shadow]#1");
}

TEST(Extends, ErrorsNameTheFileTheValueStandsIn) {
  const std::string top = "extends: base.yaml\nname: top\n";
  EXPECT_THAT(error_with({{"base.yaml", with(base_text, "vcpus: 2", "vcpus: 0")}, {"t", top}}, "t"),
              HasSubstr("base.yaml:4:16: guest.vcpus must be"));
  EXPECT_THAT(error_with({{"base.yaml", base_text}, {"t", top + "guest: {vcpus: 0}\n"}}, "t"),
              HasSubstr("t:3:16: guest.vcpus must be"));
  EXPECT_THAT(error_with({{"base.yaml", "image: tiny\n"}, {"t", top}}, "t"),
              HasSubstr("t:1:1: scenario lacks the key 'version'"));
  EXPECT_THAT(error_with({{"t", top}}, "t"),
              HasSubstr("t:1:10: extends 'base.yaml': open 'base.yaml': No such file | the path"));
  EXPECT_THAT(error_with({{"base.yaml", "- 1\n"}, {"t", top}}, "t"),
              HasSubstr("base.yaml:1:1: scenario must be a map"));
  EXPECT_THAT(error_with({{"base.yaml", base_text}, {"t", top + "matrx:\n"}}, "t"),
              HasSubstr("t:3:1: nothing to remove: the extended file has no 'matrx' here, did you "
                        "mean 'matrix'?"));
  EXPECT_THAT(error_with({{"t", "extends: [a]\n"}}, "t"), HasSubstr("extends must be text"));
}

TEST(Extends, CirclesAndTowersAreRefused) {
  EXPECT_THAT(error_with({{"a", "extends: a\n"}}, "a"),
              HasSubstr("a:1:10: extends 'a' is a circle"));
  EXPECT_THAT(error_with({{"x/a", "extends: ../y/b\n"}, {"y/b", "extends: ../x/./a\n"}}, "x/a"),
              HasSubstr("y/b:1:10: extends '../x/./a' is a circle"));
  Files tower = {{"f0", base_text}};
  for (int i = 1; i <= 8; ++i) {
    tower["f" + std::to_string(i)] = "extends: f" + std::to_string(i - 1) + "\n";
  }
  EXPECT_EQ(error_with(tower, "f7"), "");
  EXPECT_THAT(error_with(tower, "f8"), HasSubstr("f1:1:10: extends more than 8 levels deep"));
}

}  // namespace
}  // namespace lab::scenario
