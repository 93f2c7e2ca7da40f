// SPDX-License-Identifier: MIT
#include "orchestrator/bisect/log.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/json.hpp"

namespace lab::bisect {

using nlohmann::ordered_json;

void to_json(ordered_json& json, Answer answer) {
  json = to_string(answer);
}

void from_json(const ordered_json& json, Answer& answer) {
  constexpr Answer answers[] = {Answer::old_state, Answer::new_state, Answer::skipped};
  const auto word = json.get<std::string>();
  const auto* const found =
      std::ranges::find_if(answers, [&](Answer one) { return to_string(one) == word; });
  if (found == std::end(answers)) throw base::user_error("'" + word + "' is no answer");
  answer = *found;
}

LAB_JSON(Request, scenario, source, good, bad, over, subject, find_fix, site, set, repeat)
LAB_JSON(Entry, id, answer, records, content, note, exits)

const Entry* Log::find(const std::string& id) const {
  const auto found = std::ranges::find(entries, id, &Entry::id);
  return found == entries.end() ? nullptr : &*found;
}

const Entry* Log::find_content(const std::string& content) const {
  const auto found = std::ranges::find_if(entries, [&](const Entry& entry) {
    return !content.empty() && entry.content == content && entry.exits;
  });
  return found == entries.end() ? nullptr : &*found;
}

std::string_view to_string(Answer answer) {
  switch (answer) {
    case Answer::old_state:
      return "old";
    case Answer::new_state:
      return "new";
    case Answer::skipped:
      return "skipped";
  }
  return "";
}

void write_log(const std::filesystem::path& file, const Log& log) {
  const ordered_json document{{"schema", 1}, {"request", log.request}, {"entries", log.entries}};
  std::filesystem::create_directories(file.parent_path());
  base::write_file(file,
                   document.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n");
}

Log read_log(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file))
    throw base::user_error("there is no bisection to go on with ('" + file.string() + "')",
                           "lab bisect SCENARIO --source TREE --good GOOD --bad BAD");
  try {
    const auto document = base::parse_json<ordered_json>(base::read_file(file));
    return {.request = base::field<Request>(document, "request"),
            .entries = base::field<std::vector<Entry>>(document, "entries")};
  } catch (const std::exception& error) {
    throw base::user_error("'" + file.string() + "' is no bisection's log: " + error.what(),
                           "begin it anew, without --resume");
  }
}

}  // namespace lab::bisect
