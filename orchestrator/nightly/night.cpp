// SPDX-License-Identifier: MIT
#include "orchestrator/nightly/night.hpp"

#include <spdlog/fmt/chrono.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <ctime>
#include <set>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/json.hpp"
#include "orchestrator/check/baseline.hpp"
#include "orchestrator/report/report.hpp"
#include "orchestrator/store/store.hpp"

namespace lab::nightly {
namespace {

namespace fs = std::filesystem;
using store::Store;

Words operator+(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

class Night {
 public:
  Night(const Config& config, const Places& places, World world)
      : config_(config), places_(places), world_(std::move(world)) {}

  Words run_words(const ConfiguredScenario& scenario, const std::string& site) const {
    return words("run", scenario, site, {"--format", "junit"});
  }

  Words check_words(const ConfiguredScenario& scenario, const std::string& site,
                    const std::string& run) const {
    return words("check", scenario, site, {"--stored", run, "--format", "json"}) +
           config_.check_options;
  }

  Outcome run() {
    outcome_.version = world_.version;
    clear_folders();
    choose_site();
    for (const ConfiguredScenario& scenario : config_.scenarios) {
      Result& result = outcome_.results.emplace_back(Result{.name = scenario.name});
      if (!world_.stopped()) run_and_judge(scenario, result);
    }
    outcome_.exit_code = world_.stopped() ? base::exit_interrupted : base::exit_ok;
    for (const Result& result : outcome_.results)
      outcome_.exit_code = worse(outcome_.exit_code, result.exit_code);
    write_artefacts();
    return std::move(outcome_);
  }

 private:
  // Puts the user's options last, so that one without its value cannot take the next word for it.
  Words words(const std::string& command, const ConfiguredScenario& scenario,
              const std::string& site, const Words& own) const {
    return Words{command,   scenario.file, "--on", site,
                 "--store", places_.store, "-o",   output_file(command, scenario.name)} +
           own + scenario.options + config_.options;
  }

  fs::path output_file(const std::string& command, const std::string& name) const {
    return places_.work / (name + "." + command);
  }

  // Removes old artefacts, so that everything in the folder afterwards is tonight's.
  void clear_folders() const {
    fs::create_directories(places_.out);
    fs::create_directories(fs::absolute(places_.store).parent_path());
    for (const char* name :
         {"report.html", "history.html", "summary.md", "verdict.json", "junit.xml", "results.tap",
          "trials.json", "trials.csv", "metrics.prom", "records.jsonl"})
      fs::remove(places_.out / name);
  }

  // Returns the exit code; a code that lab never exits with counts as an infrastructure failure.
  base::ExitCode lab(const Words& words) const {
    return base::worse(base::exit_ok, world_.lab(words));
  }

  // Chooses the first site on which a guest boots; only a boot shows that a site works.
  void choose_site() {
    for (const std::string& site : config_.sites) {
      outcome_.site = site;
      if (&site == &config_.sites.back()) return;
      world_.say("trying site " + site);
      const base::ExitCode code =
          lab({"run", places_.boot_scenario, "--repeat", "1", "--on", site, "--store",
               places_.work / "tried.sqlite", "--format", "csv", "-o", places_.work / "tried.csv"});
      if (code == base::exit_ok || world_.stopped()) return;
      outcome_.not_working.push_back(site);
    }
  }

  // Returns the newest run; "" where there is none or no readable store, which its users report.
  std::string newest_run() const {
    try {
      const auto rows = Store(places_.store, Store::Mode::read_only).rows({.limit = 1});
      return rows.empty() ? "" : rows.back().run;
    } catch (const base::Error&) {
      return "";
    }
  }

  void run_and_judge(const ConfiguredScenario& scenario, Result& result) const {
    world_.say(scenario.name + ": running");
    try {
      run_trials(scenario, result);
      if (result.checked) take_check(result);
    } catch (const std::exception& error) {  // the disk is full, or lab's output is damaged
      world_.say(fmt::format("error: {}: {}", scenario.name, error.what()));
      result.exit_code = base::exit_infrastructure;
    }
    world_.say(scenario.name + ": " + exit_code_text(result.exit_code));
  }

  void run_trials(const ConfiguredScenario& scenario, Result& result) const {
    const std::string before = newest_run();
    result.ran = lab(run_words(scenario, outcome_.site));
    const std::string run = newest_run();
    if (run != before) result.run = run;
    if (result.run.empty()) {
      result.unchecked = "no, there are no trials";
      result.exit_code = result.ran == base::exit_ok ? base::exit_infrastructure : result.ran;
    } else if (world_.stopped()) {  // a check could run more trials
      result.unchecked = "no, stopped";
    } else if (!fs::exists(check::baseline_file(scenario.file))) {
      result.unchecked = "no, it has no baseline";
      result.exit_code =
          worse(result.ran, config_.needs_baseline ? base::exit_no_data : base::exit_ok);
    } else {  // only once, as it may run confirming trials
      result.checked = lab(check_words(scenario, outcome_.site, run));
      result.exit_code = worse(result.ran, *result.checked);
    }
  }

  void take_check(Result& result) const {
    raise_or_close_alarm(result);
    const fs::path file = output_file("check", result.name);
    if (!fs::exists(file)) return;  // lab has reported why
    const std::string text = base::read_file(file);
    result.findings = base::parse_json(text).value("findings", Words());
    result.check = text;
  }

  // The alarm's file names the first run with more exits; a check without a verdict keeps it.
  void raise_or_close_alarm(Result& result) const {
    const fs::path file = fs::path(places_.store.string() + ".alarms") / result.name;
    const std::string first = base::read_line(file);
    if (result.checked == base::exit_regression) {
      const std::string& since = first.empty() ? result.run : first;
      fs::create_directories(file.parent_path());
      base::write_file(file, since + "\n");
      result.since = "more exits since run " + since;
    } else if (result.checked == base::exit_ok && !first.empty()) {
      result.since = fmt::format("back to normal since run {}; it had more exits since run {}",
                                 result.run, first);
      fs::remove(file);
    }
  }

  // Returns the run's records; none for an unknown run, as most runs have no confirming trials.
  std::vector<record::Record> list_records(const std::string& run) const {
    try {
      return Store(places_.store, Store::Mode::read_only).list({.run = run});
    } catch (const base::Error& error) {
      if (error.kind() != base::ErrorKind::user) throw;
      return {};
    }
  }

  // Returns tonight's trials and the confirming trials, one JSON line each.
  std::string take_records() {
    std::string lines;
    std::set<std::string> sites;  // what "auto" chose
    for (const Result& result : outcome_.results) {
      if (result.run.empty()) continue;
      for (record::Record& trial : list_records(result.run)) {
        lines += to_json(trial) + "\n";
        sites.insert(trial.site);
        outcome_.trials.push_back(std::move(trial));
      }
      for (const auto& trial : list_records(std::string(record::confirmation_prefix) + result.run))
        lines += to_json(trial) + "\n";
    }
    if (!sites.empty()) outcome_.site = fmt::format("{}", fmt::join(sites, " "));
    return lines;
  }

  // Calls `make`, which writes the file whole or not at all; reports its error.
  void write(const std::string& name, const std::function<void(const fs::path& file)>& make) {
    const fs::path file = places_.out / name;
    try {
      make(file);
    } catch (const std::exception& error) {
      world_.say(fmt::format("error: cannot write {}: {}", file.string(), error.what()));
      outcome_.exit_code = worse(outcome_.exit_code, base::exit_infrastructure);
    }
  }

  void write_text(const std::string& name, const std::function<std::string()>& make) {
    write(name, [&](const fs::path& file) { base::write_file(file, make()); });
  }

  void write_page(const std::string& name, const std::function<Words()>& words) {
    write(name, [&](const fs::path& file) {
      if (lab(Words{"report"} + words() + Words{"-o", file}) != base::exit_ok)
        throw base::infrastructure_error("lab report failed");
    });
  }

  Words tonights_page() const {
    const fs::path tonight = places_.work / "tonight.sqlite";
    Store(tonight).insert(outcome_.trials);
    return {tonight, "--title", fmt::format("Nightly, {:%F}", fmt::gmtime(std::time(nullptr)))};
  }

  std::string junit() const {
    std::vector<fs::path> documents;
    for (const Result& result : outcome_.results)
      if (const fs::path file = output_file("run", result.name); fs::exists(file))
        documents.push_back(file);
    return junit_text(outcome_, documents);
  }

  void write_artefacts() {
    write_text("records.jsonl", [&] { return take_records(); });
    write_text("trials.json", [&] { return report::json(outcome_.trials); });
    write_text("trials.csv", [&] { return report::csv(outcome_.trials); });
    write_text("results.tap", [&] { return report::tap(outcome_.trials, {}, 14); });
    if (outcome_.trials.empty())
      world_.say("no trial: no report.html");
    else
      write_page("report.html", [&] { return tonights_page(); });
    if (!newest_run().empty())
      write_page("history.html", [&] { return Words{"--history", "--store", places_.store}; });
    write_text("junit.xml", [&] { return junit(); });
    write_text("verdict.json", [&] { return verdict_text(outcome_); });
    write_text("metrics.prom", [&] { return metrics_text(outcome_); });
    write_text("summary.md", [&] { return outcome_.summary = summary_text(outcome_); });
  }

  const Config& config_;
  const Places& places_;
  const World world_;
  Outcome outcome_;
};

}  // namespace

std::vector<Words> commands(const Config& config, const Places& places) {
  const Night night(config, places, {});
  std::vector<Words> all;
  for (const ConfiguredScenario& scenario : config.scenarios) {
    all.push_back(night.run_words(scenario, config.sites.front()));
    all.push_back(night.check_words(scenario, config.sites.front(), "latest"));
  }
  return all;
}

Outcome run_night(const Config& config, const Places& places, const World& world) {
  return Night(config, places, world).run();
}

}  // namespace lab::nightly
