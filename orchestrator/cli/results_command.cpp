// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/folders.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/record/store.hpp"

namespace lab::cli {
namespace {

struct Options {
  std::string store, scenario, id = "latest", format = "table", output;
  std::size_t limit = 0;
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

int show(const Options& options) {
  const std::vector<record::Record> records{open_store(options).show(options.id)};
  write_output(options.output,
               report::render(wanted_format(options.format), records, style_for(options.output)));
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

  CLI::App* show_command = results->add_subcommand("show", "One record, whole");
  show_command->add_option("id", options->id, "Its id, a beginning of it, or 'latest'")
      ->capture_default_str();
  add_format_options(*show_command, options->format, options->output);
  show_command->callback([&action, options] { action = [options] { return show(*options); }; });

  CLI::App* remove_command = results->add_subcommand("remove", "Delete one record");
  remove_command->add_option("id", options->id, "Its whole id")->required();
  remove_command->callback([&action, options] { action = [options] { return remove(*options); }; });
}

}  // namespace lab::cli
