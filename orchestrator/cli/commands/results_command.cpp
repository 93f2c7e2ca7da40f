// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/files/run_folder.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/option_values.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/report/answers/answers.hpp"
#include "orchestrator/store/store.hpp"
#include "orchestrator/store/transfer/transfer.hpp"

namespace lab::cli {
namespace {

using Filter = store::Store::Filter;
using std::chrono::system_clock;

// Is the number of records from which answers are given by default.
constexpr std::size_t answers_limit = 100;

struct ResultsOptions {
  std::string store, scenario, run, older_than, format = "table", output;
  std::vector<std::string> ids, files;
  std::size_t limit = 0;
  bool answers = false, dry_run = false;
};

store::Store open_store(const ResultsOptions& options) {
  return store::Store(store_path(options.store), store::Store::Mode::read_only);
}

Filter make_filter(const ResultsOptions& options) {
  return {.scenario = options.scenario,
          .limit = options.limit,
          .run = options.run,
          .ids = options.ids,
          .before = {}};
}

int list_records(const ResultsOptions& options) {
  const auto rows = open_store(options).rows(make_filter(options));
  write_output("", report::list(rows, terminal::terminal_style()));
  return base::exit_ok;
}

// Returns the records in the order in which they are named, each once.
std::vector<record::Record> by_ids(const store::Store& store, const std::vector<std::string>& ids) {
  std::vector<record::Record> records;
  for (const std::string& id : ids) {
    record::Record record = store.show(id);
    if (std::ranges::find(records, record.id, &record::Record::id) == records.end())
      records.push_back(std::move(record));
  }
  return records;
}

// Selects records by their ids, by --scenario, --run and --limit, or the latest; for answers, all
// records of the latest one's scenario.
std::vector<record::Record> chosen(const ResultsOptions& options) {
  const store::Store store = open_store(options);
  const bool filtered = !options.scenario.empty() || !options.run.empty() || options.limit > 0;
  if (!options.ids.empty() && filtered)
    throw base::user_error("ids and --scenario, --run or --limit exclude each other");
  if (filtered) return store.list(make_filter(options));
  if (options.ids.empty() && options.answers)
    return store.list({.scenario = store.show("latest").scenario, .limit = answers_limit});
  return by_ids(store, options.ids.empty() ? std::vector<std::string>{"latest"} : options.ids);
}

int show_records(const ResultsOptions& options) {
  const report::Format format = wanted_format(options.format);
  if (options.answers && format != report::Format::table)
    throw base::user_error("--answers are sentences: they have no other --format");
  const std::vector<record::Record> records = chosen(options);
  write_output(options.output, options.answers
                                   ? report::answers(records)
                                   : report::render(format, records, style_for(options.output)));
  return base::exit_ok;
}

int export_lines(const ResultsOptions& options) {
  const bool to_file = !options.output.empty() && options.output != "-";
  const std::size_t count =
      store::export_records(open_store(options), make_filter(options), options.output);
  if (to_file) say(fmt::format("exported {} to {}\n", count, options.output));
  return base::exit_ok;
}

int import_files(const ResultsOptions& options) {
  store::Store store(store_path(options.store));
  const base::RunFolder work(base::find_folders());
  for (const std::string& file : options.files) {
    const store::Imported result = store::import_records(store, file, work.path());
    write_output("", fmt::format("{}imported {}, {} were there already\n",
                                 options.files.size() > 1 ? file + ": " : "", result.imported,
                                 result.present));
  }
  return base::exit_ok;
}

// Requires whole ids: a prefix could match another record or run than was meant.
void check_whole(const store::Store& store, const Filter& filter) {
  const auto runs = store.runs("");
  if (!filter.run.empty() &&
      std::ranges::find(runs, filter.run, &record::RunInfo::run) == runs.end())
    throw base::user_error("no run '" + filter.run + "' in store '" + store.path() + "'",
                           "lab results show RECORD --format json says its run; give the whole id");
  for (const std::string& id : filter.ids)
    if (!store.find(id))
      throw base::user_error("no record '" + id + "' in store '" + store.path() + "'",
                             "lab results list, and give the whole id");
}

int remove_records(const ResultsOptions& options) {
  Filter filter = make_filter(options);
  if (!options.older_than.empty())
    filter.before = system_clock::now() - read_age("--older-than", options.older_than);
  if (filter.ids.empty() && filter.run.empty() && filter.scenario.empty() && !filter.before)
    throw base::user_error("nothing says which records",
                           "give their ids, --run, --scenario or --older-than");
  if (options.dry_run) {
    const store::Store store = open_store(options);
    check_whole(store, filter);
    const auto rows = store.rows(filter);
    write_output("", report::list(rows, terminal::terminal_style()) +
                         fmt::format("{} would be removed\n", rows.size()));
    return base::exit_ok;
  }
  store::Store store(store_path(options.store));
  check_whole(store, filter);
  write_output("", fmt::format("removed {}\n", store.remove(filter)));
  return base::exit_ok;
}

Command add_subcommand_on_store(const Command& results,
                                const std::shared_ptr<ResultsOptions>& options, const char* name,
                                const char* help, int (*run)(const ResultsOptions&)) {
  const Command command = results.add_subcommand(name, help);
  command.runs([options, run] { return run(*options); });
  return command;
}

void add_filters(const Command& command, ResultsOptions& options) {
  command.add_option("--scenario", options.scenario, "Only this scenario's");
  command.add_option("--run", options.run, "Only those of this `lab run`: its first record's id");
}

void add_limit(const Command& command, ResultsOptions& options) {
  command.add_option("-n,--limit", options.limit, "Only the newest N");
}

}  // namespace

void add_results(const Command& app) {
  const auto options = std::make_shared<ResultsOptions>();
  const Command results = app.add_subcommand("results", "The records of past trials");
  results.require_subcommand();
  results.accept_options_anywhere();  // --store goes before and behind the subcommand
  results.add_option("--store", options->store, "The store's file");

  const Command listing = add_subcommand_on_store(results, options, "list",
                                                  "One line a record, oldest first", list_records);
  add_filters(listing, *options);
  add_limit(listing, *options);

  const Command showing =
      add_subcommand_on_store(results, options, "show", "Records, whole", show_records);
  showing.add_option("id", options->ids,
                     "Their ids, beginnings of them, or 'latest' (as without any)");
  add_filters(showing, *options);
  add_limit(showing, *options);
  showing.add_flag("--answers", options->answers,
                   "Answer the questions asked of every exit count, in sentences; without "
                   "ids from the latest record's scenario");
  add_format_options(showing, options->format, options->output);

  const Command exporting = add_subcommand_on_store(
      results, options, "export", "Records as JSON lines, oldest first", export_lines);
  add_filters(exporting, *options);
  add_limit(exporting, *options);
  add_output(exporting, options->output);

  const Command importing = add_subcommand_on_store(
      results, options, "import",
      "Add records of another store; those that are there already are left out", import_files);
  importing
      .add_option("file", options->files, "What export wrote ('-': standard input), or a store")
      .required();

  const Command removing =
      add_subcommand_on_store(results, options, "remove", "Delete records", remove_records);
  removing.add_option("id", options->ids, "Their whole ids");
  add_filters(removing, *options);
  removing.add_option("--older-than", options->older_than, "Only older ones: '30 days', '12 h'");
  removing.add_flag("--dry-run", options->dry_run, "Only list what would be removed");
}

}  // namespace lab::cli
