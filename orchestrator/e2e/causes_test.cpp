// SPDX-License-Identifier: MIT
// Tests causes of exits in real trials: they add up, agree with KVM's tracepoints and have names.
#include <algorithm>
#include <functional>
#include <map>

#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/e2e/lab_test.hpp"

namespace lab::e2e {
namespace {

using testing::HasSubstr;

// Fails as a step's command where the kernel runs at the address where it was linked.
constexpr const char* is_at_random =
    "grep -q ' T _text$' /proc/kallsyms && ! grep -q '^ffffffff81000000 T _text$' /proc/kallsyms";

class Causes : public LabTest {
 protected:
  std::vector<json> run(const std::string& more, std::vector<std::string> options = {}) const {
    std::vector<std::string> command{
        "run",      write_tiny(more), "--on",    "svm",  "--causes", "--verify-tracepoint",
        "--format", "json",           "--store", store()};
    command.insert(command.end(), options.begin(), options.end());
    const Finished finished = lab(command);
    EXPECT_EQ(finished.exit_code, 0) << finished.errors;
    return trials_of(finished);
  }
};

void expect_sums(const json& step) {
  std::map<std::uint64_t, std::uint64_t> sums;
  for (const char* list : {"causes", "causes_lost"})
    for (const json& cause : step.value(list, json::array()))
      sums[cause.at("number")] += cause.at("exits").get<std::uint64_t>();
  for (const json& reason : step.at("reasons"))
    EXPECT_EQ(sums[reason.at("number")], reason.at("exits").get<std::uint64_t>())
        << step.at("name") << " " << reason.dump();
}

// Returns whether a cause's code has a name; else its detail must name the device.
bool is_named(const json& cause) {
  const std::string place = cause.at("place"), detail = cause.at("detail");
  const bool is_device = detail.starts_with("io ") || detail.starts_with("mmio ");
  return (!place.empty() && place.find("0x") == std::string::npos) ||
         (is_device && detail.find(' ', detail.find(' ') + 1) != std::string::npos);
}

std::vector<json> largest(const json& step, std::size_t count) {
  std::vector<json> causes;
  for (const json& cause : step.at("causes"))
    if (cause.at("detail") != "(others)") causes.push_back(cause);
  std::ranges::sort(causes, std::greater{}, [](const json& c) { return c.at("exits").get<int>(); });
  causes.resize(std::min(count, causes.size()));
  return causes;
}

// Checks the events that each tracepoint must have at least, and had.
void expect_traced(const json& trial, const std::vector<std::string>& tracepoints) {
  for (const std::string& check : tracepoints) {
    const json found = named(trial.at("checks"), "at rest: " + check);
    EXPECT_TRUE(found.value("ok", false)) << found.dump(1);
    EXPECT_GT(found.value("left", 0u), 100u) << found.dump(1);
    EXPECT_GE(found.value("right", 0u), found.value("left", 1u)) << found.dump(1);
  }
}

// Returns `count` trials: copies of the store's first one under other ids.
std::string multiplied(const std::string& exported, int count) {
  json record = json::parse(exported.substr(0, exported.find('\n')));
  const std::string id = record.at("id"), trial = record.at("trial");
  std::string lines;
  for (int i = 1; i <= count; ++i) {
    char number[9];
    std::snprintf(number, sizeof number, "%08x", i);
    record["id"] = id.substr(0, id.rfind('-') + 1) + number;
    record["trial"] = trial.substr(0, trial.rfind('#') + 1) + std::to_string(i);
    lines += record.dump() + "\n";
  }
  return lines;
}

TEST_F(Causes, AreTheTracepointsAndNamedAndTheSameEachTime) {
  const std::vector<json> trials = run(count_to_2000, {"--repeat", "2"});
  ASSERT_EQ(trials.size(), 2u);
  for (const json& trial : trials) {
    for (const json& check : trial.at("checks")) EXPECT_TRUE(check.at("ok")) << check.dump(1);
    expect_traced(
        trial, {"io causes = tracepoint kvm_pio", "msr causes = tracepoint kvm_msr",
                "cpuid causes = tracepoint kvm_cpuid", "memory causes = tracepoint kvm_page_fault",
                "device causes in tracepoint kvm_mmio"});
    for (const json& step : trial.at("steps")) expect_sums(step);
    const std::vector<json> first = largest(named(trial.at("steps"), "boot"), 10);
    EXPECT_EQ(first.size(), 10u);
    for (const json& cause : first) EXPECT_TRUE(is_named(cause)) << cause.dump(1);
  }
  EXPECT_THAT(trials[0].at("conditions").value("exact", ""), HasSubstr("clock by instructions"));
  EXPECT_EQ(trials[0].at("steps"), trials[1].at("steps"));

  const std::string hundred = (folder() / "hundred.sqlite").string();
  const fs::path lines =
      write("hundred.json", multiplied(lab({"results", "export", "--store", store()}).output, 100));
  ASSERT_EQ(lab({"results", "import", "--store", hundred, lines.string()}).exit_code, 0);
  const Finished report = lab({"report", "--store", hundred, "-o", (folder() / "page").string()});
  EXPECT_THAT(report.errors, HasSubstr("report of 100 trials"));
  EXPECT_LT(report.seconds, 2);
}

class CausesOn : public Causes, public testing::WithParamInterface<const char*> {};

// Runs the main scenario, and the smallest guest on every kernel that the patch supports.
TEST_P(CausesOn, NightlyDebianAndEveryKernelHaveTheTracepointsCauses) {
  const std::string folder = LAB_SOURCE_DIR "/scenarios/";
  const Finished run = lab({"run", folder + "boot-count.yaml", folder + "kernels.yaml", "--on",
                            GetParam(), "--causes", "--verify-tracepoint", "--retry", "1",
                            "--timeout-scale", "3", "--format", "json", "--store", store()},
                           {.limit = std::chrono::minutes(110)});
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  const std::vector<json> trials = trials_of(run);
  ASSERT_EQ(trials.size(), 6u);
  for (const json& trial : trials) {
    const std::string name = trial.at("trial");
    for (const json& check : trial.at("checks")) EXPECT_TRUE(check.at("ok")) << name << check;
    EXPECT_TRUE(named(trial.at("checks"), "at rest: sum of causes = reasons").value("ok", false));
    for (const json& step : trial.at("steps")) expect_sums(step);
    const std::vector<json> first = largest(named(trial.at("steps"), "boot"), 10);
    EXPECT_EQ(first.size(), 10u) << name;
    for (const json& cause : first) EXPECT_TRUE(is_named(cause)) << name << cause.dump(1);
  }
}

INSTANTIATE_TEST_SUITE_P(Sites, CausesOn, testing::Values("svm", "vmx"),
                         [](const auto& site) { return std::string(site.param); });

// With shadow paging the page faults are the guest's #PF, and it has many CR3 exits.
TEST_F(Causes, OfShadowPagingAreTheTracepointsToo) {
  const std::vector<json> trials = run("matrix: {paging: [shadow]}\n");
  ASSERT_EQ(trials.size(), 1u);
  expect_traced(trials[0], {"io causes = tracepoint kvm_pio", "msr causes = tracepoint kvm_msr",
                            "cpuid causes = tracepoint kvm_cpuid",
                            "memory causes = tracepoint kvm_page_fault"});
  for (const json& step : trials[0].at("steps")) expect_sums(step);
}

TEST_F(Causes, HaveSymbolsThoughTheKernelStandsWhereItIsRandom) {
  const std::vector<json> trials =
      run(std::string("  - run: {name: kaslr, command: \"") + is_at_random + "\"}\n");
  ASSERT_EQ(trials.size(), 1u);
  EXPECT_EQ(trials[0].at("outcome"), "passed") << trials[0].value("message", "");
  const json boot = named(trials[0].at("steps"), "boot");
  const auto from = [&](const std::string& symbol) {
    std::uint64_t exits = 0;
    for (const json& cause : boot.at("causes"))
      if (cause.at("place") == symbol) exits += cause.at("exits").get<std::uint64_t>();
    return exits;
  };
  EXPECT_GT(from("pci_conf1_read"), 100u);
  EXPECT_GT(from("native_write_msr"), 100u);
}

// Returns the release of an image's kernel, from the image's description.
std::string release_of(const std::string& image_build) {
  const std::size_t path = image_build.find("  /");
  const std::string folder = image_build.substr(path + 2, image_build.find('\n', path) - path - 2);
  return json::parse(contents(folder + "/image.json")).at("release");
}

// tiny-generic has a kernel of which lab has a kit, with headers.
TEST_F(Causes, OfAGuestsModuleHaveItsFunctionsNames) {
  const Finished image = lab({"image", "build", "tiny-generic"});
  ASSERT_EQ(image.exit_code, 0) << image.errors;
  const std::string release = release_of(image.output);
  const Finished kit = lab({"kvm", "build", "--kernel", release});
  ASSERT_EQ(kit.exit_code, 0) << kit.errors;

  fs::copy_file(fs::path(LAB_SOURCE_DIR) / "orchestrator/e2e/known.c", folder() / "known.c");
  write("Kbuild", "obj-m := known.o\n");
  const fs::path headers =
      base::find_folders().cache / "kernels" / release / "usr/src" / ("linux-headers-" + release);
  base::run_checked({.argv = {"make", "-C", headers.string(), "M=" + folder().string(),
                              "CONFIG_DEBUG_INFO_BTF_MODULES=", "modules"}});
  const std::string packed = base::run_checked(
      {.argv = {"sh", "-c", "strip --strip-debug known.ko && gzip -9c known.ko | base64 -w 0"},
       .folder = folder()});

  const std::vector<json> trials =
      run(std::string("  - run: {name: kaslr, command: \"") + is_at_random +
              "\"}\n"
              "  - run: {name: load, command: \"base64 -d | gunzip >/tmp/known.ko && "
              "insmod /tmp/known.ko\", stdin: \"" +
              packed + "\"}\n",
          {"--set", "image=tiny-generic"});
  ASSERT_EQ(trials.size(), 1u);
  EXPECT_EQ(trials[0].at("outcome"), "passed") << trials[0].value("message", "");
  const json load = named(trials[0].at("steps"), "load");
  const auto expect_cause = [&](const std::string& place, const std::string& detail, int exits) {
    std::vector<json> found;
    for (const json& cause : load.at("causes"))
      if (cause.at("place") == place && cause.at("detail").get<std::string>().starts_with(detail))
        found.push_back(cause);
    ASSERT_EQ(found.size(), 1u) << place << " in " << load.at("causes").dump(1);
    EXPECT_EQ(found[0].at("exits"), exits) << found[0].dump(1);
  };
  expect_cause("known:known_port", "io 0x7e0", 300);
  expect_cause("known:known_msr", "msr 0x8b ", 200);
  expect_cause("known:known_leaf", "cpuid 0x80000002 ", 100);
}

}  // namespace
}  // namespace lab::e2e
