// SPDX-License-Identifier: MIT
// Wraps what libguestfs allocates in unique_ptr.
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
using ListPtr = std::unique_ptr<char*, FreeList>;  // of strings, ends with null

}  // namespace lab::image
