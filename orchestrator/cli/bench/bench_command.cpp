// SPDX-License-Identifier: MIT
// Measures what the patch costs, in one boot of one outer VM, so that its figures can be compared.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/files/run_folder.hpp"
#include "orchestrator/base/json.hpp"
#include "orchestrator/base/samples.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/option_values.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/outer/job_layout.hpp"
#include "orchestrator/outer/stream/read_stream.hpp"
#include "orchestrator/report/text.hpp"
#include "orchestrator/run/artifacts/artifacts.hpp"
#include "orchestrator/terminal/progress.hpp"

namespace lab::cli {
namespace {

using base::Samples;

using nlohmann::json;

constexpr double time_limit = 3600;  // seconds, of the outer VM
constexpr const char* unit = "instructions (TCG -icount), not cycles";

struct OverheadOptions {
  std::uint64_t exits = 5'000;
  unsigned repeats = 5;
  bool no_tracing = false;
  std::string kernel, format = "table", output;
};

// Is one variant with one kind of exit.
struct OverheadRow {
  std::string variant, exit, why;
  std::vector<double> samples;  // instructions an exit or round; empty: not measured, see why
  std::optional<double> bytes;  // written by tracing for each
};

std::optional<double> median(const std::vector<double>& samples) {
  if (samples.empty()) return std::nullopt;
  return Samples(samples).median();
}

// Returns the row in a line of `lab vmm overhead`; nullopt for a line without one.
std::optional<OverheadRow> parse_row(const json& line) {
  if (line.contains("error"))
    throw base::infrastructure_error("in the outer VM: " + line.value("error", ""));
  if (!line.contains("variant")) return std::nullopt;
  OverheadRow row{.variant = line.value("variant", ""),
                  .exit = line.value("exit", ""),
                  .why = line.value("why", ""),
                  .samples = line.value("ticks", std::vector<double>{})};
  if (line.contains("bytes")) row.bytes = line.value("bytes", 0.0);
  return row;
}

guest::DomainSpec lay_out(const run::OuterArtifacts& outer, const base::RunFolder& run,
                          const OverheadOptions& options) {
  const inside::Job job{.site = &record::site_svm, .modules = outer.modules};
  const std::string start = fmt::format(
      "exec {}/lab vmm overhead --exits {} --repeats {}{} >{}", inside::job_place, options.exits,
      options.repeats, options.no_tracing ? " --no-tracing" : "", inside::stream_place);
  guest::DomainSpec spec = outer::lay_out_outer(outer.image, job, "lab-outer-" + run.id(),
                                                run.path(), run.sockets(), start);
  outer::count_instructions(spec);
  return spec;
}

std::vector<OverheadRow> measure_variants(const run::OuterArtifacts& outer,
                                          const OverheadOptions& options,
                                          const base::Folders& folders,
                                          terminal::Progress& progress) {
  const base::RunFolder run(folders);
  const guest::DomainSpec spec = lay_out(outer, run, options);
  progress.phase("outer VM, counting instructions");
  const auto machine = outer::back_end(record::site_svm).start(outer.image, spec, run.path());
  std::vector<OverheadRow> rows;
  outer::read_stream(*machine, {.silence = time_limit, .whole = time_limit},
                     [&](const std::string& text) {
                       const json line = base::try_parse_json(text).value_or(json());
                       if (!line.is_object())
                         throw base::infrastructure_error("the outer VM said '" + text + "'");
                       if (const auto row = parse_row(line)) {
                         rows.push_back(*row);
                         progress.phase("measured: " + row->variant + ", " + row->exit);
                       }
                       return line.contains("end");
                     });
  return rows;
}

// Returns the names in the order in which they first come.
std::vector<std::string> distinct(const std::vector<OverheadRow>& rows,
                                  std::string OverheadRow::*name) {
  std::vector<std::string> names;
  for (const OverheadRow& row : rows)
    if (std::ranges::find(names, row.*name) == names.end()) names.push_back(row.*name);
  return names;
}

const OverheadRow* find_row(const std::vector<OverheadRow>& rows, const std::string& variant,
                            const std::string& exit) {
  const auto found = std::ranges::find_if(
      rows, [&](const OverheadRow& row) { return row.variant == variant && row.exit == exit; });
  return found == rows.end() ? nullptr : &*found;
}

// Formats median instructions of each kind, their excess over the first variant's, and bytes.
class OverheadTable {
 public:
  explicit OverheadTable(const std::vector<OverheadRow>& rows)
      : rows_(rows),
        variants_(distinct(rows, &OverheadRow::variant)),
        exits_(distinct(rows, &OverheadRow::exit)) {}

  std::string text() const {
    return block(unit,
                 [this](const OverheadRow& row) { return number("{:.1f}", median(row.samples)); }) +
           block("more than stock, instructions",
                 [this](const OverheadRow& row) { return number("{:+.1f}", more(row)); }) +
           block("more than stock, %",
                 [this](const OverheadRow& row) { return number("{:+.2f}", percent(row)); }) +
           block("MB written for a million of them",
                 [this](const OverheadRow& row) { return number("{:.1f}", row.bytes); }) +
           reasons();
  }

 private:
  static std::string number(fmt::format_string<double&> format, std::optional<double> value) {
    return value ? fmt::format(format, *value) : "–";
  }

  std::optional<double> more(const OverheadRow& row) const {
    const OverheadRow* stock = find_row(rows_, variants_[0], row.exit);
    const std::optional<double> value = median(row.samples),
                                base = stock ? median(stock->samples) : std::nullopt;
    if (!value || !base) return std::nullopt;
    return *value - *base;
  }

  std::optional<double> percent(const OverheadRow& row) const {
    const std::optional<double> value = median(row.samples), delta = more(row);
    if (!value || !delta) return std::nullopt;
    return 100 * *delta / (*value - *delta);
  }

  std::string block(const std::string& title, auto cell) const {
    std::vector<report::Column> columns = {{.least = 42, .gap = 0}};
    columns.resize(1 + exits_.size(), {report::on_right, 10, 1});
    const report::Columns table(std::move(columns));
    std::vector<std::string> head = exits_;
    head.insert(head.begin(), title);
    std::string text = table.line(head) + "\n";
    for (const std::string& variant : variants_) {
      std::vector<std::string> line = {"  " + variant};
      bool any = false;
      for (const std::string& exit : exits_) {
        const OverheadRow* row = find_row(rows_, variant, exit);
        const std::string value = row == nullptr ? "–" : cell(*row);
        any |= value != "–";
        line.push_back(value);
      }
      if (any) text += table.line(line) + "\n";
    }
    return text + "\n";
  }

  // Returns why something could not be measured.
  std::string reasons() const {
    std::string text;
    for (const OverheadRow& row : rows_)
      if (!row.why.empty()) text += fmt::format("– {}, {}: {}\n", row.variant, row.exit, row.why);
    return text;
  }

  const std::vector<OverheadRow>& rows_;
  const std::vector<std::string> variants_, exits_;
};

std::string overhead_table(const std::vector<OverheadRow>& rows, const run::OuterArtifacts& outer,
                           const OverheadOptions& options) {
  return fmt::format(
             "kernel {}, {} times {} exits of each kind, medians; hlt and ipi: rounds of four and "
             "six exits\n\n",
             outer.release, options.repeats, options.exits) +
         OverheadTable(rows).text();
}

std::string overhead_json(const std::vector<OverheadRow>& rows, const run::OuterArtifacts& outer,
                          const OverheadOptions& options) {
  json document{{"schema", 2},
                {"benchmark", "overhead"},
                {"unit", unit},
                {"kernel", outer.release},
                {"modules", outer.modules.filename().string()},
                {"exits", options.exits}};
  for (const OverheadRow& row : rows) {
    json entry{{"variant", row.variant}, {"exit", row.exit}, {"samples", row.samples}};
    if (const auto value = median(row.samples)) entry["instructions"] = *value;
    if (row.bytes) entry["bytes"] = *row.bytes;
    if (!row.why.empty()) entry["why_not"] = row.why;
    document["variants"].push_back(entry);
  }
  return base::dump_json(document, 1) + "\n";
}

int measure_overhead(const OverheadOptions& options) {
  const base::Folders folders = base::find_folders();
  terminal::Progress progress;
  run::OuterArtifacts outer =
      run::find_or_make_outer(folders, std::ref(progress), read_kernel(options.kernel));
  outer.image.emulator = outer::find_emulator(record::site_svm);
  const std::vector<OverheadRow> rows = measure_variants(outer, options, folders, progress);
  progress.clear();
  if (rows.empty()) throw base::infrastructure_error("the outer VM measured nothing");
  write_output(options.output, options.format == "json" ? overhead_json(rows, outer, options)
                                                        : overhead_table(rows, outer, options));
  return base::exit_ok;
}

}  // namespace

void add_bench(const Command& app) {
  const auto options = std::make_shared<OverheadOptions>();
  const Command command = app.add_subcommand("bench", "What the exit counts and lab itself cost");
  command.require_subcommand();
  add_bench_load(command);
  add_bench_lanes(command);
  add_bench_run(command);
  add_bench_store(command);
  add_bench_gate(command);
  add_bench_power(command);
  const Command overhead_command = command.add_subcommand(
      "overhead", "Instructions an exit: stock modules, patched ones, tracing (minutes)");
  overhead_command.add_option(
      "--kernel", options->kernel,
      "The outer VM's, as of kvm.kernel: a release, a series such as 6.12, …");
  overhead_command.add_number("--exits", options->exits, "Of each kind in a run", 1, 10'000'000);
  overhead_command.add_number("--repeats", options->repeats, "Runs a variant", 1, 1000);
  overhead_command.add_flag("--no-tracing", options->no_tracing,
                            "Only the modules' variants, which takes half the time");
  add_bench_output(overhead_command, options->format, options->output);
  overhead_command.runs([options] { return measure_overhead(*options); });
}

}  // namespace lab::cli
