// SPDX-License-Identifier: MIT
#include "orchestrator/fuzz/seeds.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/record/json/record_json.hpp"
#include "orchestrator/record/sample_record.hpp"
#include "orchestrator/scenario/loader/plan_json.hpp"
#include "orchestrator/store/store.hpp"
#include "orchestrator/trial/stream/event.hpp"

namespace lab::fuzz {
namespace {

namespace fs = std::filesystem;
using Seeds = std::vector<std::string>;

const std::string snapshot =
    R"({"start_total":100,"end_total":103,"own_exits":3,"attempts":1,"total_cycles":5000,)"
    R"("leaf_reads":9,"late_reads":2,"reasons":[[123,40,40,700],[114,63,62,300]]})";

Seeds files_in(const fs::path& folder, const std::string& extension) {
  Seeds seeds;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == extension) seeds.push_back(base::read_file(entry.path()));
  std::ranges::sort(seeds);  // a folder has no order
  return seeds;
}

// Adds the plan, which a record of today has.
record::Record whole_record(const fs::path& repository) {
  record::Record record = record::sample();
  const auto scenario = scenario::load((repository / "scenarios/boot-count.yaml").string());
  record.plan = scenario::to_object(scenario::expand(scenario).front()).dump();
  return record;
}

}  // namespace

Seeds scenario_seeds(const fs::path& repository) {
  Seeds seeds = files_in(repository / "scenarios", ".yaml");
  const std::string overrides("\0image=tiny\nguest.vcpus=2\n", 27);
  seeds.push_back(seeds.front() + overrides);
  return seeds;
}

Seeds reader_seeds(const fs::path&) {
  return {R"({"event":"ready","protocol":4,"reader":"4.0","kernel":"6.1","vendor":"AuthenticAMD",)"
          R"("vcpus":1,"layout":"descending","snapshot":)" +
              snapshot + "}",
          R"({"event":"step","id":7,"before":)" + snapshot + R"(,"after":)" + snapshot +
              R"(,"exit_code":3,"background_exit_code":0,"times":2,"cut":false,"seconds":1.5,)"
              R"("output_bytes":3,"output_truncated":false,"output":"out"})",
          R"({"event":"step","id":8,"before":)" + snapshot + R"(,"after":)" + snapshot +
              R"(,"signal":9,"times":0,"cut":true,"seconds":1.5,"output":""})",
          R"({"event":"snapshot","id":1,"snapshot":)" + snapshot + "}",
          R"({"event":"symbols","id":2,"from":0,"symbols":[["f"],["g","m"],null],"more":true})",
          R"({"event":"symbols","id":2,"hidden":"kptr_restrict"})",
          R"({"event":"error","id":1,"message":"no fork"})",
          R"({"event":"bye"})"};
}

Seeds causes_seeds(const fs::path& repository) {
  std::string svm = "exit_causes 1 abc\nvendor svm\nvcpus 2\nentries 16\n";
  for (const char* cause :
       {"0 123 0x5 0x103f8 0xffffffff81000010", "1 123 0x0 0x40cf8 0xfe05b",
        "0 124 0x5 0x1000006e0 0xffffffff81000020", "0 114 0x35 0x100000004 0x0",
        "0 1024 0x5 0x3100000fee000b0 0xffffffff81000030", "0 1024 0x85 0x310000b00f8004 0x100000",
        "0 78 0x3 0x60000000e 0x9000"})
    svm += std::string("cause ") + cause +
           " exits=3 cycles=9 latched=2 latched_cycles=6 "
           "marked=1 marked_cycles=3\n";
  svm += "lost 0 123 exits=3 latched=1 marked=0\nreason 123 latched=3\nend\n";
  std::string vmx = svm;
  vmx.replace(vmx.find("svm"), 3, "vmx");
  Seeds seeds{svm, vmx};
  for (const std::string& tree : files_in(repository / "orchestrator/causes/testdata", ".txt"))
    seeds.push_back(svm + std::string(1, '\0') + tree);
  return seeds;
}

Seeds console_seeds(const fs::path&) {
  return {"Linux version 6.1\r\n[    0.5] Run /init as init process\r\n\x1b[0;32mready\x1b[0m\n",
          "\x1b]0;title\x07systemd[1]: Reached target multi-user.target\n\nDebian login: "};
}

Seeds job_stream_seeds(const fs::path& repository) {
  const trial::Sample sample{.vendor = exits::Vendor::svm,
                             .emulated = true,
                             .exits = 12,
                             .reasons = {{123, 10, 500}, {114, 2, 90}}};
  const std::string trial = "boot-count#1";
  Seeds seeds;
  for (const trial::Event& event :
       {trial::other_phase("waiting", "for what"),
        trial::Event{.trial = trial,
        .what = trial::PhaseBegun{{record::Phase::Kind::step, "boot"}, "until multi-user"}},
        trial::Event{.trial = trial, .what = sample},
        trial::Event{.trial = trial, .what = whole_record(repository)},
        trial::Event{.trial = "", .what = base::infrastructure_error("broken", "mend it")},
        trial::Event{.trial = "", .what = trial::Capabilities{"name.xml", "<x/>"}},
        trial::Event{.trial = "", .what = trial::End()}})
    seeds.push_back(trial::to_json(event));
  return seeds;
}

Seeds record_seeds(const fs::path& repository) {
  const record::Record record = whole_record(repository);
  return {record::to_json(record), record::to_document(std::span(&record, 1), {})};
}

Seeds baseline_seeds(const fs::path& repository) {
  return files_in(repository / "orchestrator/check/frozen", ".json");
}

Seeds digest_seeds(const fs::path&) {
  const std::string sha256(64, 'a'), sha512(128, 'B');
  return {"disk.qcow2\n" + sha512 + "  ./disk.qcow2\n" + sha256 + " *disk.qcow2\n",
          "disk.qcow2\n# list\nSHA256 (disk.qcow2) = " + sha256 + "\n", "sha512:" + sha512};
}

Seeds import_seeds(const fs::path& repository) {
  const record::Record record = whole_record(repository);
  const base::TemporaryFolder folder(fs::temp_directory_path(), "lab-fuzz");
  const fs::path file = folder.path() / "store.sqlite";
  { store::Store(file.string()).insert(record); }
  return {record::to_json(record) + "\n", base::read_file(file)};
}

}  // namespace lab::fuzz
