// SPDX-License-Identifier: MIT
#include "orchestrator/help/command_line.hpp"

#include <CLI/CLI.hpp>

#include "orchestrator/base/text.hpp"

namespace lab::help {
namespace {

// CLI11 appends the allowed values to the type's name: "TEXT:{table,json}", "INT:INT in [1 - 5]".
Option describe(const CLI::Option& option) {
  Option result{.description = option.get_description(),
                .positional = option.get_positional(),
                .required = option.get_required(),
                .repeated = option.get_expected_max() > 1};
  for (const std::string& name : option.get_snames()) result.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) result.names.push_back("--" + name);
  if (result.positional) result.names = {option.get_name(true)};
  if (option.get_type_size() == 0) return result;
  const std::string type = option.get_type_name();
  result.value = type.substr(0, type.find(':'));
  const std::size_t begin = type.find('{'), end = type.find('}');
  if (begin != std::string::npos && end != std::string::npos && begin < end)
    for (const std::string_view choice :
         base::split(std::string_view(type).substr(begin + 1, end - begin - 1), ','))
      result.choices.emplace_back(choice);
  return result;
}

}  // namespace

Command describe(const CLI::App& app) {
  Command command{app.get_name(), app.get_description(), {}, {}};
  for (const CLI::Option* option : app.get_options())
    if (!option->get_group().empty()) command.options.push_back(describe(*option));
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    if (!sub->get_group().empty()) command.commands.push_back(describe(*sub));
  return command;
}

std::string help_page(const CLI::App& app, const std::string& name) {
  return app.get_formatter()->make_help(&app, name, CLI::AppFormatMode::Normal);
}

}  // namespace lab::help
