// SPDX-License-Identifier: MIT
#include "orchestrator/image/prepare/boot_config.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/text.hpp"

namespace lab::image {

std::string console_parameters(Console console) {
  // panic=-1 resets the guest at once, which ends its domain: a panic is noticed without a console.
  switch (console) {
    case Console::quiet:
      return "console=ttyS0 quiet loglevel=3 panic=-1";
    case Console::verbose:
      return "console=ttyS0 loglevel=7 systemd.show_status=1 panic=-1";
    case Console::none:
      return "console=tty0 quiet loglevel=3 panic=-1";
  }
  return "";
}

namespace {

// Returns the word quoted for GRUB's script language, where a dollar sign or semicolon has a
// meaning. GRUB passes quotes and backslashes on escaped, so guest.cmdline may not contain them
// with an image that boots from its disk.
std::string grub_word(std::string_view word) {
  if (word.find_first_of("'\"\\") != std::string_view::npos)
    throw base::user_error(fmt::format("guest.cmdline: GRUB cannot hand on '{}' as it is", word),
                           "no quotes and backslashes with an image that boots from its disk");
  const bool plain = word.find_first_of("$;#{}|&<>*?!`()[]~") == std::string_view::npos;
  return plain ? std::string(word) : fmt::format("'{}'", word);
}

// Returns the words, each after a blank, without those that select the console.
std::string without_console(std::string_view parameters) {
  std::string text;
  for (const std::string_view word : base::split_words(parameters))
    if (word != "quiet" && !word.starts_with("console=") && !word.starts_with("loglevel="))
      text += fmt::format(" {}", word);
  return text;
}

bool starts_kernel(std::string_view command) {
  return command == "linux" || command == "linux16" || command == "linuxefi";
}

// Checks whether a line of the text begins with a word that satisfies `is_meant`.
template <typename IsMeant>
bool any_line(std::string_view text, IsMeant is_meant) {
  return std::ranges::any_of(base::split_lines(text), [&](std::string_view line) {
    return is_meant(base::take_word(line));
  });
}

// Returns the value of $kernelopts in the text of a grubenv.
std::string kernel_options_in(const std::string& environment) {
  constexpr std::string_view name = "kernelopts=";
  for (const std::string_view line : base::split_lines(environment))
    if (line.starts_with(name)) return std::string(line.substr(name.size()));
  throw base::infrastructure_error(
      "the image's boot entries have the options $kernelopts, which GRUB's grubenv does not have",
      "use a cloud image that boots by GRUB");
}

// Returns the line with $kernelopts replaced by its value.
std::string expanded(std::string_view line, const std::string& environment) {
  constexpr std::string_view variable = "$kernelopts";
  std::string text(line);
  if (const std::size_t at = line.find(variable); at != std::string_view::npos)
    text.replace(at, variable.size(), kernel_options_in(environment));
  return text;
}

std::string grub_words(const std::string& cmdline) {
  std::string text;
  for (const std::string_view word : base::split_words(cmdline)) text += " " + grub_word(word);
  return text;
}

}  // namespace

std::string grub_config_with(const std::string& config, Console console,
                             const std::string& cmdline) {
  std::string result;
  for (const std::string_view line : base::split_lines(config)) {
    std::string_view rest = line;
    const std::string_view first = base::take_word(rest);
    const std::string_view command = line.substr(0, line.size() - rest.size());  // with its indent
    if (starts_kernel(first))
      result += fmt::format("{}{} {}{}\n", command, without_console(rest),
                            console_parameters(console), grub_words(cmdline));
    else if (first == "set" && rest.find("timeout=") != std::string_view::npos)
      result += fmt::format("{} timeout=0\n", command);
    else
      result += fmt::format("{}\n", line);
  }
  return result;
}

namespace {

std::string without_variables(std::string_view parameters) {
  std::vector<std::string_view> words = base::split_words(parameters);
  std::erase_if(words, [](std::string_view word) { return word.find('$') != word.npos; });
  return fmt::format("{}", fmt::join(words, " "));
}

}  // namespace

std::string first_kernel_parameters(const std::string& config) {
  for (std::string_view line : base::split_lines(config))
    if (starts_kernel(base::take_word(line)) && !base::take_word(line).empty())
      return without_variables(without_console(line));
  return "";
}

std::string entry_parameters(const std::string& entry, const std::string& environment) {
  for (const std::string_view line : base::split_lines(entry)) {
    const std::string text = expanded(line, environment);
    std::string_view words = text;
    if (base::take_word(words) == "options") return without_variables(without_console(words));
  }
  return "";
}

std::string with_root(const std::string& parameters, const std::string& root) {
  if (root.empty()) return parameters;
  std::string text = "root=" + root;
  for (const std::string_view word : base::split_words(parameters))
    if (!word.starts_with("root=")) text += fmt::format(" {}", word);
  return text;
}

bool has_kernel_lines(const std::string& config) {
  return any_line(config, starts_kernel);
}

bool takes_entries(const std::string& config) {
  return any_line(config, [](std::string_view command) { return command == "blscfg"; });
}

namespace {

// Returns the entry with `addition` behind its options, each line of which passes through `expand`.
template <typename Expand>
std::string entry_with(const std::string& entry, const std::string& addition, Expand expand) {
  std::string result;
  bool found = false;
  for (const std::string_view line : base::split_lines(entry)) {
    const std::string text = expand(line);
    std::string_view words = text;
    const bool has_options = base::take_word(words) == "options";
    result += has_options ? fmt::format("options{}{}\n", without_console(words), addition)
                          : fmt::format("{}\n", line);
    found |= has_options;
  }
  if (!found)
    throw base::infrastructure_error("a boot entry of the image has no options",
                                     "use a cloud image that boots by GRUB");
  return result;
}

}  // namespace

std::string boot_entry_with(const std::string& entry, const std::string& environment,
                            Console console, const std::string& cmdline) {
  if (cmdline.find('$') != std::string::npos)
    throw base::user_error("guest.cmdline: GRUB cannot hand on '" + cmdline + "' as it is",
                           "no dollar signs with an image that has boot loader entries");
  return entry_with(entry, " " + console_parameters(console) + grub_words(cmdline),
                    [&](std::string_view line) { return expanded(line, environment); });
}

std::string systemd_boot_entry_with(const std::string& entry, Console console,
                                    const std::string& cmdline) {
  return entry_with(entry,
                    " " + console_parameters(console) + (cmdline.empty() ? "" : " " + cmdline),
                    [](std::string_view line) { return std::string(line); });
}

std::string loader_config_with(const std::string& config) {
  std::string result;
  for (const std::string_view line : base::split_lines(config)) {
    std::string_view words = line;
    if (base::take_word(words) != "timeout") result += fmt::format("{}\n", line);
  }
  return result;
}

}  // namespace lab::image
