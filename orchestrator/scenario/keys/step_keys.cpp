// SPDX-License-Identifier: MIT
#include "orchestrator/scenario/keys/step_keys.hpp"

#include "orchestrator/scenario/yaml/values.hpp"

namespace lab::scenario {
namespace {

constexpr std::size_t pattern_limit = 256;

void read_pattern(Step& step, const KeyInfo& key, const Node& node) {
  step.pattern = read_line(node, key);
  if (step.pattern.empty()) fail(node.where, "console must be text to wait for, not ''");
}

void read_until(Step& step, const KeyInfo& key, const Node& node) {
  if (node.kind != Node::Kind::map) {
    step.until = BootUntil(read_word(node, key));
    return;
  }
  const StepKey& console = until_keys()[0];
  const MapReader map(node, std::string(key.key), row_keys(until_keys()));
  step.until = BootUntil::console;
  console.read(step, console, map.need(console.key));
}

template <ReadKey<HostAction> read>
void read_of_host(Step& step, const KeyInfo& key, const Node& node) {
  read(step.host, key, node);
}

void read_pin(Step& step, const KeyInfo& key, const Node& node) {
  const MapReader map(node, std::string(key.key), row_keys(pin_keys()));
  for (const StepKey& one : pin_keys()) one.read(step, one, map.need(one.key));
}

void read_nothing(Step&, const KeyInfo& key, const Node& node) {
  if (node.kind == Node::Kind::null) return;
  fail(node.where, std::string(key.key) + " takes no value",
       "write '" + std::string(key.key) + ":'");
}

constexpr StepKey name_key = {{"name", a_name, "", "the step's kind"},
                              read_by<&Step::name, read_name>};
constexpr StepKey timeout_key = {
    {"timeout", a_duration, "limit of this step", "that of `timeouts`"},
    read_by<&Step::timeout, read_duration>};
constexpr StepKey sleep_duration = {{"duration", milliseconds, "for how long", required_key},
                                    read_by<&Step::duration, read_milliseconds>};

constexpr StepKey boot_keys[] = {
    {{"until",
      // The last word is the key of a map.
      word_form(words_of<BootUntil>.first(words_of<BootUntil>.size() - 1)),
      "where it ends: `multi-user` (the guest's system is up), `reader` (as soon as the reader "
      "runs), `cloud-init` (that is done); `kernel` (its first line), `init` (the first process), "
      "or `{console: \"login:\"}` (text in one line, up to 256 bytes)",
      "`multi-user`", "one of these"},
     read_until},
    timeout_key,
};

constexpr StepKey run_keys[] = {
    {{"name", a_name, "", required_key}, read_by<&Step::name, read_name>},
    {{"command", text_form(1, command_limit),
      "for `/bin/sh`; without `duration` the step ends with the shell, whatever that left in the "
      "background",
      required_key},
     read_text<&Step::command>},
    {{"times", number_form(1, times_limit), "so often in one go, until one fails", "`1`"},
     read_number<&Step::times>},
    {{"stdin", text_form(1, command_limit), "its standard input", "empty"},
     read_text<&Step::input>},
    {{"background", text_form(1, command_limit),
      "a load for `/bin/sh`, running all the while and then killed; its exits are in the counts",
      "none"},
     read_text<&Step::background>},
    {{"duration", milliseconds,
      "the command is killed then, which is no failure (a shell that had failed before is one)",
      "none"},
     read_by<&Step::duration, read_milliseconds>},
    timeout_key,
};

constexpr StepKey sleep_keys[] = {name_key, sleep_duration, timeout_key};
constexpr StepKey plain_keys[] = {name_key, timeout_key};

template <ActionKind kind>
constexpr StepKey action(Form form, ReadKey<Step> read, std::string_view meaning) {
  return {{to_string(kind), form, meaning}, read};
}

constexpr StepKey actions[] = {
    action<ActionKind::pause>(milliseconds,
                              read_of_host<read_by<&HostAction::duration, read_milliseconds>>,
                              "the guest stands still"),
    action<ActionKind::pin>(
        {}, read_pin,
        "a vCPU runs only on these processors from now on: `{vcpu: 0, cpus: \"0-1\"}`"),
    action<ActionKind::balloon>({Form::Type::memory, 64 * mib, 64 * gib},
                                read_of_host<read_bytes<&HostAction::memory>>,
                                "what the guest keeps of its memory, at most all of it"),
    action<ActionKind::plug>(word_form(words_of<PlugDevice>),
                             read_of_host<read_enum<&HostAction::device>>,
                             "a disk of 64 MiB, or a network card, of virtio"),
    action<ActionKind::unplug>(word_form(words_of<PlugDevice>),
                               read_of_host<read_enum<&HostAction::device>>,
                               "what an earlier step plugged"),
    action<ActionKind::key>({.type = Form::Type::keys},
                            read_of_host<read_by<&HostAction::keys, read_keys>>,
                            "pressed together: `ctrl+alt+delete`"),
    action<ActionKind::save_restore>(
        {.type = Form::Type::nothing}, read_nothing,
        "the guest's state goes to a file and comes back; needs an image with a disk"),
};

constexpr StepKey pin[] = {
    {{"vcpu", number_form(0, 63), "which of the guest's, from 0", required_key},
     read_of_host<read_number<&HostAction::vcpu>>},
    {{"cpus",
      {.type = Form::Type::processors},
      "the outer VM's: `0`, `0-1`, `\"0,2\"`",
      required_key},
     read_of_host<read_by<&HostAction::cpus, read_cpus>>},
};

constexpr StepKey until_map[] = {
    {{"console",
      {Form::Type::line, 1, pattern_limit},
      "text in one line of the console",
      required_key},
     read_pattern},
};

constexpr StepForm forms[] = {
    {"begins when the guest is created", "first, and only there", boot_keys, true},
    {"a command in the guest", "", run_keys},
    {"the guest is left alone; `- sleep: 10 s` for short", "", sleep_keys, false, &sleep_duration},
    {"the guest boots again; ends as the boot does, at `multi-user` where that is for the console "
     "to say",
     "", plain_keys, true},
    {"the guest powers off", "last, and only there", plain_keys, true},
    {"one thing done from outside:", "", plain_keys},
};
static_assert(std::size(forms) == words_of<StepKind>.size());
static_assert(std::size(actions) == words_of<ActionKind>.size());

}  // namespace

const StepForm& step_form(Step::Kind kind) {
  return forms[std::size_t(kind)];
}
std::span<const StepKey> host_actions() {
  return actions;
}
std::span<const StepKey> pin_keys() {
  return pin;
}
std::span<const StepKey> until_keys() {
  return until_map;
}

}  // namespace lab::scenario
