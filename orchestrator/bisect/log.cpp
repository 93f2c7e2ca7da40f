// SPDX-License-Identifier: MIT
#include "orchestrator/bisect/log.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/json.hpp"

namespace lab::bisect {
namespace {

using nlohmann::ordered_json;

constexpr Answer answers[] = {Answer::old_state, Answer::new_state, Answer::skipped};

ordered_json to_object(const Request& request) {
  return {{"scenario", request.scenario}, {"source", request.source}, {"good", request.good},
          {"bad", request.bad},           {"over", request.over},     {"subject", request.subject},
          {"find_fix", request.find_fix}, {"site", request.site},     {"set", request.set},
          {"repeat", request.repeat}};
}

Request request_from(const nlohmann::json& object) {
  return {.scenario = object.at("scenario").get<std::string>(),
          .source = object.at("source").get<std::string>(),
          .good = object.at("good").get<std::string>(),
          .bad = object.at("bad").get<std::string>(),
          .over = object.at("over").get<std::string>(),
          .subject = object.at("subject").get<std::string>(),
          .find_fix = object.at("find_fix").get<bool>(),
          .site = object.at("site").get<std::string>(),
          .set = object.at("set").get<std::vector<std::string>>(),
          .repeat = object.at("repeat").get<std::uint32_t>()};
}

ordered_json to_object(const Entry& entry) {
  ordered_json object{{"id", entry.id},
                      {"answer", to_string(entry.answer)},
                      {"records", entry.records},
                      {"content", entry.content},
                      {"note", entry.note}};
  if (entry.exits) object["exits"] = *entry.exits;
  return object;
}

Entry entry_from(const nlohmann::json& object) {
  const auto& word = object.at("answer").get_ref<const std::string&>();
  const auto answer =
      std::ranges::find_if(answers, [&](Answer one) { return to_string(one) == word; });
  if (answer == std::end(answers)) throw base::user_error("'" + word + "' is no answer");
  Entry entry{.id = object.at("id").get<std::string>(),
              .answer = *answer,
              .records = object.at("records").get<std::vector<std::string>>(),
              .content = object.at("content").get<std::string>(),
              .note = object.at("note").get<std::string>()};
  if (object.contains("exits")) entry.exits = object["exits"].get<double>();
  return entry;
}

}  // namespace

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
  ordered_json document{{"schema", 1}, {"request", to_object(log.request)}};
  document["entries"] = ordered_json::array();
  for (const Entry& entry : log.entries) document["entries"].push_back(to_object(entry));
  std::filesystem::create_directories(file.parent_path());
  base::write_file(file,
                   document.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n");
}

Log read_log(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file))
    throw base::user_error("there is no bisection to go on with ('" + file.string() + "')",
                           "lab bisect SCENARIO --source TREE --good GOOD --bad BAD");
  try {
    const auto document = base::parse_json(base::read_file(file));
    Log log{.request = request_from(document.at("request"))};
    for (const auto& object : document.at("entries")) log.entries.push_back(entry_from(object));
    return log;
  } catch (const std::exception& error) {
    throw base::user_error("'" + file.string() + "' is no bisection's log: " + error.what(),
                           "begin it anew, without --resume");
  }
}

}  // namespace lab::bisect
