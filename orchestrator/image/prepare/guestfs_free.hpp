// SPDX-License-Identifier: MIT
// What libguestfs allocates, in the hands of unique_ptr.
#pragma once

#include <cstdlib>
#include <memory>

namespace lab::image {

struct FreeText {
  void operator()(char* text) const { std::free(text); }
};

struct FreeList {
  void operator()(char** list) const {
    for (char** text = list; *text != nullptr; ++text) std::free(*text);
    std::free(list);
  }
};

using TextPtr = std::unique_ptr<char, FreeText>;
using ListPtr = std::unique_ptr<char*, FreeList>;  // of texts, and null at its end

}  // namespace lab::image
