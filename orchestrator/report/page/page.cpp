// SPDX-License-Identifier: MIT
#include "orchestrator/report/page/page.hpp"

#include "orchestrator/base/error.hpp"
#include "orchestrator/report/text.hpp"

extern "C" const char lab_page_begin[], lab_page_end[];  // page_template.S

namespace lab::report {
namespace {

// Escapes JSON inside a script element: nothing in it may end the element or begin a comment.
std::string for_script(const std::string& json) {
  std::string text;
  text.reserve(json.size() + json.size() / 50);
  for (const char c : json) switch (c) {
      case '<':
        text += "\\u003c";
        break;
      case '>':
        text += "\\u003e";
        break;
      case '&':
        text += "\\u0026";
        break;
      default:
        text += c;
    }
  return text;
}

std::string for_html(const std::string& text) {
  std::string result;
  for (const char c : printable(text)) switch (c) {
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '&':
        result += "&amp;";
        break;
      default:
        result += c;
    }
  return result;
}

}  // namespace

std::string html(const Page& page) {
  return fill_page({lab_page_begin, std::size_t(lab_page_end - lab_page_begin)},
                   for_html(page.title), for_script(page_data(page)));
}

std::string fill_page(std::string_view file, const std::string& title, const std::string& data) {
  std::string_view rest = file;
  if (rest.empty())
    throw base::infrastructure_error(
        "this lab was built without the report's page",
        "install nodejs and npm, then cmake -DLAB_PAGE=ON and build again; the Debian package has "
        "it; lab results show --format markdown needs none");
  std::string text;
  text.reserve(rest.size() + data.size() + title.size());
  for (const auto& [mark, value] :
       {std::pair<std::string_view, const std::string&>("@TITLE@", title),
        std::pair<std::string_view, const std::string&>("@DATA@", data)}) {
    const std::size_t at = rest.find(mark);
    if (at == std::string_view::npos)
      throw base::infrastructure_error("the page that is built into lab has no " +
                                       std::string(mark));
    text.append(rest.substr(0, at)).append(value);
    rest.remove_prefix(at + mark.size());
  }
  return text.append(rest);
}

}  // namespace lab::report
