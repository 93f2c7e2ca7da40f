// SPDX-License-Identifier: MIT
#include "orchestrator/cli/parser.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdint>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/text.hpp"
#include "orchestrator/report/text.hpp"

namespace lab::cli {

namespace {

// Returns the innermost command that the words name.
const CLI::App& named(const CLI::App& app) {
  const auto below = app.get_subcommands();
  return below.empty() ? app : named(*below.front());
}

// Returns a name such as "lab results list".
std::string full_name(const CLI::App& app) {
  return (app.get_parent() ? full_name(*app.get_parent()) + " " : "") + app.get_name();
}

std::vector<std::string> list_options(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

std::vector<std::string> list_commands(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    if (!sub->get_group().empty()) names.push_back(sub->get_name());
  return names;
}

// Returns an error about the first word that is neither a command nor an option of one; "" where
// the error is another.
std::string complaint(const CLI::App& command, const std::string& word) {
  const bool is_option = word.starts_with('-');
  if (!is_option && command.get_require_subcommand_min() == 0) return "";
  const std::string name = is_option ? word.substr(0, word.find('=')) : word;
  const std::vector<std::string> known = is_option ? list_options(command) : list_commands(command);
  return fmt::format(
      "unknown {} '{}'{}", is_option ? "option" : "command", report::printable(name),
      base::did_you_mean(name, std::vector<std::string_view>(known.begin(), known.end())));
}

// Prints the error. Lists the subcommands where the one to run is missing, as git does.
void explain(CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& command = named(app);
  const std::vector<std::string> left = app.remaining(true);
  const std::string wrong = left.empty() ? "" : complaint(command, left.front());
  if (!wrong.empty())
    fmt::print(stderr, "lab: error: {}\nhint: {} --help\n", wrong, full_name(command));
  else if (left.empty() && command.get_require_subcommand_min() > 0)
    fmt::print(stderr, "{}", app.help());
  else
    app.exit(error);
}

}  // namespace

Option Option::required() const {
  option_->required();
  return *this;
}

Option Option::shows_default() const {
  option_->capture_default_str();
  return *this;
}

template <typename T>
Option Option::range(T least, T most) const {
  option_->check(CLI::Range(least, most));
  return *this;
}
template Option Option::range(int, int) const;
template Option Option::range(double, double) const;

Option Option::one_of(std::vector<std::string> choices) const {
  option_->check(CLI::IsMember(std::move(choices)));
  return *this;
}

Option Option::type_name(const std::string& name) const {
  option_->type_name(name);
  return *this;
}

Option Option::one_word() const {
  option_->allow_extra_args(false);
  return *this;
}

Option Option::comma_separated() const {
  option_->delimiter(',');
  return *this;
}

Option Option::last_counts() const {
  option_->take_last();
  return *this;
}

Option Option::count(int words) const {
  option_->expected(words)->allow_extra_args(false);
  return *this;
}

Option Option::needs(const Option& other) const {
  option_->needs(other.option_);
  return *this;
}

Option Option::excludes(const Option& other) const {
  option_->excludes(other.option_);
  return *this;
}

Command Command::add_subcommand(const std::string& name, const std::string& description) const {
  return {app_->add_subcommand(name, description), chosen_};
}

template <typename T>
Option Command::add_option(const std::string& names, T& variable,
                           const std::string& description) const {
  return Option(app_->add_option(names, variable, description));
}
template Option Command::add_option(const std::string&, std::string&, const std::string&) const;
template Option Command::add_option(const std::string&, std::vector<std::string>&,
                                    const std::string&) const;
template Option Command::add_option(const std::string&, int&, const std::string&) const;
template Option Command::add_option(const std::string&, unsigned&, const std::string&) const;
template Option Command::add_option(const std::string&, std::uint64_t&, const std::string&) const;
template Option Command::add_option(const std::string&, double&, const std::string&) const;

Option Command::add_flag(const std::string& names, bool& variable,
                         const std::string& description) const {
  return Option(app_->add_flag(names, variable, description));
}

void Command::runs(Action action) const {
  app_->callback([chosen = chosen_, action = std::move(action)] { *chosen = action; });
}

void Command::passes_on(std::vector<std::string>& words) const {
  app_->allow_extras();
  app_->parse_complete_callback([app = app_, &words] { words = app->remaining(); });
}

void Command::hide() const {
  app_->group("");
}

void Command::require_subcommand() const {
  app_->require_subcommand(1);
}

void Command::accept_options_anywhere() const {
  app_->fallthrough();
}

void Command::positionals_at_end() const {
  app_->positionals_at_end();
}

std::optional<Command> Command::find_subcommand(const std::string& name) const {
  for (CLI::App* sub : app_->get_subcommands([](const CLI::App*) { return true; }))
    if (sub->get_name() == name) return Command(sub, chosen_);
  return std::nullopt;
}

std::vector<std::string> Command::subcommands() const {
  return list_commands(*app_);
}

Parser::Parser(const std::string& name, const std::string& description)
    : app_(std::make_unique<CLI::App>(description, name)) {
  app_->require_subcommand(1);
}

Parser::~Parser() = default;

void Parser::set_version(const std::string& text) {
  app_->set_version_flag("--version", text);
}

void Parser::add_switch(const std::string& names, std::function<void()> run,
                        const std::string& description) {
  app_->add_flag_callback(names, std::move(run), description);
}

bool Parser::parse(int argc, const char* const* argv) {
  try {
    app_->parse(argc, argv);
    return true;
  } catch (const CLI::RequiredError& error) {
    explain(*app_, error);
    exit_code_ = base::exit_usage;
  } catch (const CLI::ExtrasError& error) {
    explain(*app_, error);
    exit_code_ = base::exit_usage;
  } catch (const CLI::ParseError& error) {
    exit_code_ = app_->exit(error) == 0 ? base::exit_ok : base::exit_usage;
  }
  return false;
}

bool Parser::chosen(const std::string& command) const {
  return app_->got_subcommand(command);
}

}  // namespace lab::cli
