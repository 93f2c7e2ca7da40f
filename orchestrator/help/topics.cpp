// SPDX-License-Identifier: MIT
#include "orchestrator/help/topics.hpp"

#include "orchestrator/base/text/pattern.hpp"

extern "C" {
// CMakeLists.txt generates this list: the name and text of each file, ended by a null entry.
struct LabHelpTopic {
  const char *name, *text;
};
extern const LabHelpTopic lab_help_topics[];
}

namespace lab::help {
namespace {

// Returns the title of the first heading "# NAME: TITLE".
std::string_view parse_title(std::string_view text) {
  const std::size_t at = text.find("\n# ");
  if (at == std::string_view::npos) return "";
  std::string_view line = text.substr(at + 3, text.find('\n', at + 3) - at - 3);
  const std::size_t colon = line.find(": ");
  return colon == std::string_view::npos ? line : line.substr(colon + 2);
}

std::string heading(const std::string& line, bool colour) {
  const std::string text = line.substr(line.find_first_not_of("# "));
  return colour ? "\x1b[1m" + text + "\x1b[0m" : text;
}

}  // namespace

const std::vector<Topic>& topics() {
  static const std::vector<Topic> all = [] {
    std::vector<Topic> found;
    for (const LabHelpTopic* topic = lab_help_topics; topic->name; ++topic)
      found.push_back({topic->name, parse_title(topic->text), topic->text});
    return found;
  }();
  return all;
}

std::string terminal_text(const Topic& topic, bool colour) {
  static const base::Pattern link(R"(!?\[([^\]]*)\]\([^)]*\))");
  std::string result;
  bool code = false;
  for (std::size_t begin = 0; begin < topic.text.size();) {
    const std::size_t end = std::min(topic.text.find('\n', begin), topic.text.size());
    std::string line(topic.text.substr(begin, end - begin));
    begin = end + 1;
    if (line.starts_with("<!--")) continue;
    if (line.starts_with("```")) {
      code = !code;
      continue;
    }
    if (code)
      line = "    " + line;
    else if (line.starts_with("#"))
      line = heading(line, colour);
    else
      line = link.replace(line, "$1");
    result += line + "\n";
  }
  return result;
}

}  // namespace lab::help
