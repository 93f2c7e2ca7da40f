// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/folders.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/record/store.hpp"
#include "orchestrator/report/answers.hpp"

namespace lab::cli {
namespace {

// Records that answers are given from, where nothing says which.
constexpr std::size_t answers_limit = 100;

struct Options {
  std::string store, scenario, id, format = "table", output;
  std::vector<std::string> ids;
  std::size_t limit = 0;
  bool answers = false;
};

record::Store open_store(const Options& options) {
  return record::Store(store_path(options.store), record::Store::Mode::read_only);
}

int list(const Options& options) {
  const auto records =
      open_store(options).list({.scenario = options.scenario, .limit = options.limit});
  fmt::print("{}", report::list(records, terminal_style()));
  return base::exit_ok;
}

// Whole ones: a list's have no console.
std::vector<record::Record> by_filter(const record::Store& store,
                                      const record::Store::Filter& filter) {
  std::vector<record::Record> records = store.list(filter);
  for (record::Record& record : records) record = store.show(record.id);
  return records;
}

// By their ids, or by --scenario and --limit, or the latest; for answers all of its scenario.
std::vector<record::Record> chosen(const Options& options) {
  const record::Store store = open_store(options);
  const bool filtered = !options.scenario.empty() || options.limit > 0;
  if (!options.ids.empty() && filtered)
    throw base::user_error("ids and --scenario or --limit exclude each other");
  if (filtered) return by_filter(store, {.scenario = options.scenario, .limit = options.limit});
  if (options.ids.empty() && options.answers)
    return by_filter(store, {.scenario = store.show("latest").scenario, .limit = answers_limit});
  if (options.ids.empty()) return {store.show("latest")};
  std::vector<record::Record> records;
  for (const std::string& id : options.ids) {
    record::Record record = store.show(id);
    if (std::ranges::find(records, record.id, &record::Record::id) == records.end())
      records.push_back(std::move(record));
  }
  return records;
}

int show(const Options& options) {
  const report::Format format = wanted_format(options.format);
  if (options.answers && format != report::Format::table)
    throw base::user_error("--answers are sentences: they have no other --format");
  const std::vector<record::Record> records = chosen(options);
  write_output(options.output, options.answers
                                   ? report::answers(records)
                                   : report::render(format, records, style_for(options.output)));
  return base::exit_ok;
}

int remove(const Options& options) {
  record::Store store(store_path(options.store));
  if (!store.remove(options.id))
    throw base::user_error("no record '" + options.id + "'", "lab results list");
  return base::exit_ok;
}

}  // namespace

void add_results(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App* results = app.add_subcommand("results", "The records of past trials");
  results->require_subcommand(1);
  results->add_option("--store", options->store, "The store's file");

  CLI::App* list_command = results->add_subcommand("list", "One line a record, oldest first");
  list_command->add_option("--scenario", options->scenario, "Only this scenario's");
  list_command->add_option("-n,--limit", options->limit, "Only the newest N");
  list_command->callback([&action, options] { action = [options] { return list(*options); }; });

  CLI::App* show_command = results->add_subcommand("show", "Records, whole");
  show_command->add_option("id", options->ids,
                           "Their ids, beginnings of them, or 'latest' (as without any)");
  show_command->add_option("--scenario", options->scenario, "All of this scenario's");
  show_command->add_option("-n,--limit", options->limit, "Only the newest N");
  show_command->add_flag("--answers", options->answers,
                         "Answer the questions asked of every exit count, in sentences; without "
                         "ids from the latest record's scenario");
  add_format_options(*show_command, options->format, options->output);
  show_command->callback([&action, options] { action = [options] { return show(*options); }; });

  CLI::App* remove_command = results->add_subcommand("remove", "Delete one record");
  remove_command->add_option("id", options->id, "Its whole id")->required();
  remove_command->callback([&action, options] { action = [options] { return remove(*options); }; });
}

}  // namespace lab::cli
