// SPDX-License-Identifier: MIT
#include "orchestrator/fuzz/targets.hpp"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/json.hpp"
#include "orchestrator/base/text.hpp"
#include "orchestrator/causes/detail.hpp"
#include "orchestrator/causes/place.hpp"
#include "orchestrator/check/baseline.hpp"
#include "orchestrator/image/download/digests.hpp"
#include "orchestrator/record/json/record_json.hpp"
#include "orchestrator/record/sample_record.hpp"
#include "orchestrator/report/report.hpp"
#include "orchestrator/scenario/loader/loader.hpp"
#include "orchestrator/scenario/loader/plan_json.hpp"
#include "orchestrator/store/store.hpp"
#include "orchestrator/store/transfer/transfer.hpp"
#include "orchestrator/trial/observe/milestones.hpp"
#include "orchestrator/trial/reader/reader_protocol.hpp"
#include "orchestrator/trial/stream/event.hpp"

namespace lab::fuzz {
namespace {

void require(bool holds, const char* what) {
  if (!holds) throw std::logic_error(what);
}

// Runs `read`, which may reject a bad input by an Error of this kind.
template <typename Read>
void refusing(base::ErrorKind kind, Read read) {
  try {
    read();
  } catch (const base::Error& error) {
    require(error.kind() == kind, "an error of another kind");
  }
}

// Checks that every plan of a good scenario stays the same through JSON.
void check_plans(const scenario::Scenario& scenario) {
  const auto plans = scenario::expand(scenario);
  require(!plans.empty(), "a scenario without a plan");
  for (const scenario::TrialPlan* plan : {&plans.front(), &plans.back()}) {
    const auto json = base::parse_json<nlohmann::ordered_json>(scenario::to_object(*plan).dump());
    require(scenario::plan_from_object(json) == *plan, "a plan is another one after its JSON");
    require(plan->settings.paging.has_value(), "a plan without paging");
  }
}

// Takes the input as the file. After a zero byte follow overrides, one a line; after each further
// one a file that it extends.
void run_scenario(std::string_view input) {
  const auto parts = base::split(input, '\0');
  const std::string text(parts[0]);
  std::size_t next = 2;
  const auto read = [&](const std::string& file) {
    if (next >= parts.size()) throw base::user_error("open '" + file + "': No such file");
    return std::string(parts[next++]);
  };
  std::vector<std::string> overrides;
  if (parts.size() > 1)
    for (const std::string_view line : base::split(parts[1], '\n'))
      if (!line.empty()) overrides.emplace_back(line);
  refusing(base::ErrorKind::user,
           [&] { check_plans(scenario::parse(text, "fuzz.yaml", overrides, read)); });
}

// Checks text that goes into tables, pages and folded stacks.
void require_plain(const std::string& text) {
  const auto plain = [](char c) {
    return c >= ' ' && c <= '~' && std::string_view(";<>&\"\\").find(c) == std::string_view::npos;
  };
  require(text.size() < 300 && std::ranges::all_of(text, plain), "a cause that is not plain");
}

void require_plain_places(const std::vector<trial::ReaderSymbol>& symbols) {
  constexpr exits::CauseKey key{1, 5, 0, 0xffffffff81000000};
  for (const trial::ReaderSymbol& symbol : symbols) {
    causes::Symbols known;
    known.add(key.rip, symbol.name, symbol.module);
    require_plain(causes::describe_place(key, known, {}));
  }
}

void run_reader(std::string_view input) {
  refusing(base::ErrorKind::infrastructure, [&] {
    const trial::ReaderMessage message = trial::parse_reader_message(input);
    if (message.after) exits::between(*message.after, exits::Vendor::svm);
    const int code = message.exit_code.value_or(0);
    require(code >= 0 && code <= 255, "an exit code that none can be");
    require_plain_places(message.symbols);
  });
}

// Takes the kernel's causes, and after a zero byte QEMU's device tree.
void run_causes(std::string_view input) {
  refusing(base::ErrorKind::infrastructure, [&] {
    const auto parts = base::split(input, '\0');
    causes::MemoryTree tree;
    if (parts.size() > 1) tree = causes::MemoryTree::parse(parts[1]);
    const exits::HostCauses host = exits::parse_host_causes(parts[0]);
    require(exits::causes_between({}, host.now) == host.now, "causes since the beginning differ");
    require(exits::causes_between(host.now, host.now) == exits::Causes{}, "causes of no time");
    for (const auto& [key, count] : host.now.causes) {
      require_plain(causes::describe_detail(host.vendor, key, tree));
      require_plain(causes::describe_place(key, {}, tree));
    }
  });
}

void run_console(std::string_view input) {
  const std::size_t half = input.size() / 2;
  trial::ConsoleMarks whole, pieces;
  for (trial::ConsoleMarks* marks : {&whole, &pieces}) marks->begin("ready", false);
  whole.feed(input);
  pieces.feed(input.substr(0, half));
  pieces.feed(input.substr(half));
  for (const auto mark : {trial::Mark::kernel, trial::Mark::init, trial::Mark::pattern})
    require(whole.seen(mark) == pieces.seen(mark), "pieces of a console mean something else");
}

// Renders the record in every format, stores it, and expects it unchanged when it is read again.
void use_record(const record::Record& record) {
  using enum report::Format;
  for (const report::Format format : {table, json, csv, junit, tap, tap14, markdown, openmetrics})
    require(!report::render(format, std::span(&record, 1)).empty(), "a report without text");
  base::parse_json<nlohmann::ordered_json>(
      report::json(std::span(&record, 1)),
      {.bytes = SIZE_MAX, .values = SIZE_MAX, .text = SIZE_MAX});
  const record::Record kept = store::as_kept(record);
  require(store::as_kept(kept) == kept, "a record is cut again when it comes back");
}

void run_job_stream(std::string_view input) {
  refusing(base::ErrorKind::infrastructure, [&] {
    const trial::Event event = trial::event_from_json(input);
    const std::string json = trial::to_json(event);
    if (json.size() > trial::max_event_bytes) return;  // what is not ASCII takes more than it did
    require(trial::to_json(trial::event_from_json(json)) == json, "an event changes on its way");
    if (const auto* record = event.get<record::Record>()) use_record(*record);
  });
}

void run_record(std::string_view input) {
  refusing(base::ErrorKind::infrastructure, [&] { record::from_document(input); });
  refusing(base::ErrorKind::infrastructure, [&] { use_record(record::from_json(input)); });
}

void run_baseline(std::string_view input) {
  refusing(base::ErrorKind::user, [&] {
    const check::Baseline baseline = check::baseline_from_json(std::string(input), "fuzz.json");
    const std::string json = check::to_json(baseline);
    require(check::to_json(check::baseline_from_json(json, "again.json")) == json,
            "a baseline is another one after its JSON");
  });
}

// Takes the first line as the file's name, and the others as the published list.
void run_digests(std::string_view input) {
  const std::size_t end = std::min(input.find('\n'), input.size());
  const std::string name(input.substr(0, end));
  refusing(base::ErrorKind::user, [&] { image::normalized_digest(name); });
  refusing(base::ErrorKind::infrastructure, [&] {
    const std::string digest = image::digest_in_sums(input.substr(end), name);
    require(image::normalized_digest(digest) == digest, "a digest in another form");
  });
}

// Takes the input as a file to import: lines, or a store.
void run_import(std::string_view input) {
  const base::TemporaryFolder folder(std::filesystem::temp_directory_path(), "lab-fuzz");
  const std::string file = folder.path() / "import", path = folder.path() / "store.sqlite";
  std::ofstream(file, std::ios::binary) << input;
  store::Store store(path);
  try {
    store::import_records(store, file, folder.path());
  } catch (const base::Error&) {
  }
  for (const record::Row& row : store.rows({}))
    require(store.find(row.id).has_value(), "no record");
  store.counts({});
}

// The functions below return good inputs for each target.
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

constexpr Target all[] = {
    {"scenario", run_scenario, scenario_seeds, 1500},
    {"reader", run_reader, reader_seeds, 10'000},
    {"causes", run_causes, causes_seeds, 3000},
    {"console", run_console, console_seeds, 2000},
    {"job-stream", run_job_stream, job_stream_seeds, 3000},
    {"record", run_record, record_seeds, 3000},
    {"baseline", run_baseline, baseline_seeds, 3000},
    {"digests", run_digests, digest_seeds, 20'000},
    {"import", run_import, import_seeds, 10},
};

}  // namespace

std::span<const Target> targets() {
  return all;
}

}  // namespace lab::fuzz
