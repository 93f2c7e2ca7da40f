// SPDX-License-Identifier: MIT
// Shortens the code that builds libvirt's XML; for this folder's .cpp files only.
#pragma once

#include <initializer_list>
#include <pugixml.hpp>
#include <sstream>
#include <string>
#include <utility>

namespace lab::guest {

using Attributes = std::initializer_list<std::pair<const char*, std::string>>;

// Appends a child with these attributes.
inline pugi::xml_node add(pugi::xml_node parent, const char* name, Attributes attributes = {}) {
  pugi::xml_node node = parent.append_child(name);
  for (const auto& [key, value] : attributes) node.append_attribute(key).set_value(value.c_str());
  return node;
}

inline void add_text(pugi::xml_node parent, const char* name, const std::string& text) {
  add(parent, name).text().set(text.c_str());
}

inline std::string xml_text(const pugi::xml_document& document) {
  std::ostringstream text;
  document.save(text, "  ", pugi::format_default | pugi::format_no_declaration);
  return text.str();
}

}  // namespace lab::guest
