// SPDX-License-Identifier: MIT
#include "orchestrator/report/page/page.hpp"

#include <array>

#include "orchestrator/base/error.hpp"
#include "orchestrator/report/text.hpp"

extern "C" const char lab_page_begin[], lab_page_end[];  // page_template.S

namespace lab::report {
namespace {

// Replaces each <, > and & by its text in `by`.
std::string escaped(const std::string& text, const std::array<const char*, 3>& by) {
  std::string result;
  result.reserve(text.size() + text.size() / 50);
  for (const char c : text) {
    const std::size_t special = std::string_view("<>&").find(c);
    if (special == std::string_view::npos)
      result += c;
    else
      result += by[special];
  }
  return result;
}

}  // namespace

std::string html(const Page& page) {
  // Nothing in the data may end their script element or begin a comment there.
  return fill_page({lab_page_begin, std::size_t(lab_page_end - lab_page_begin)},
                   escaped(printable(page.title), {"&lt;", "&gt;", "&amp;"}),
                   escaped(page_data(page), {"\\u003c", "\\u003e", "\\u0026"}));
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
