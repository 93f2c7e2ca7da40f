// SPDX-License-Identifier: MIT
// Shortens the code that builds libvirt's XML; for this folder's .cpp files only.
#pragma once

#include <pugixml.hpp>
#include <sstream>
#include <string>

namespace lab::guest {

inline pugi::xml_node add(pugi::xml_node parent, const char* name) {
  return parent.append_child(name);
}

inline void add_text(pugi::xml_node parent, const char* name, const std::string& text) {
  add(parent, name).text().set(text.c_str());
}

inline void set(pugi::xml_node node, const char* name, const std::string& value) {
  node.append_attribute(name).set_value(value.c_str());
}

inline std::string xml_text(const pugi::xml_document& document) {
  std::ostringstream text;
  document.save(text, "  ", pugi::format_default | pugi::format_no_declaration);
  return text.str();
}

}  // namespace lab::guest
