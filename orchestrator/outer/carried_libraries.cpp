// SPDX-License-Identifier: MIT
#include "orchestrator/outer/job_layout.hpp"

#include <elf.h>
#include <fmt/format.h>
#include <link.h>

#include <fstream>
#include <string>
#include <vector>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/folders.hpp"

namespace lab::outer {
namespace fs = std::filesystem;
namespace {

int add_path(dl_phdr_info* object, std::size_t, void* paths) {
  const std::string path = object->dlpi_name;  // "" for the program, no path for the kernel's own
  if (path.starts_with('/')) static_cast<std::vector<fs::path>*>(paths)->push_back(path);
  return 0;
}

std::vector<fs::path> loaded_libraries() {
  std::vector<fs::path> paths;
  ::dl_iterate_phdr(add_path, &paths);
  return paths;
}

std::fstream open_elf(const fs::path& path) {
  fs::permissions(path, fs::perms::owner_write, fs::perm_options::add);
  return std::fstream(path, std::ios::in | std::ios::out | std::ios::binary);
}

template <typename Value>
Value read_at(std::fstream& file, std::uint64_t offset) {
  Value value{};
  file.seekg(std::streamoff(offset));
  file.read(reinterpret_cast<char*>(&value), sizeof(value));
  return value;
}

// Returns the segment of this type (PT_...).
Elf64_Phdr find_segment(std::fstream& file, unsigned type, const fs::path& path) {
  const auto header = read_at<Elf64_Ehdr>(file, 0);
  for (unsigned i = 0; file && i < header.e_phnum; ++i) {
    const auto segment = read_at<Elf64_Phdr>(file, header.e_phoff + i * sizeof(Elf64_Phdr));
    if (segment.p_type == type) return segment;
  }
  throw base::infrastructure_error(
      fmt::format("'{}' has no ELF segment of type {}", path.string(), type));
}

// Turns a RUNPATH into an RPATH: a library with a RUNPATH ignores the program's RPATH for the
// libraries that it needs; one with an RPATH does not.
void ask_the_program(const fs::path& library) {
  std::fstream file = open_elf(library);
  const Elf64_Phdr segment = find_segment(file, PT_DYNAMIC, library);
  for (std::uint64_t at = 0; file && at < segment.p_filesz; at += sizeof(Elf64_Dyn)) {
    auto entry = read_at<Elf64_Dyn>(file, segment.p_offset + at);
    if (entry.d_tag != DT_RUNPATH) continue;
    entry.d_tag = DT_RPATH;
    file.seekp(std::streamoff(segment.p_offset + at));
    file.write(reinterpret_cast<const char*>(&entry), sizeof(entry));
  }
  if (!file.flush())
    throw base::infrastructure_error("'" + library.string() + "' cannot be changed");
}

std::string read_loader(std::fstream& file, const Elf64_Phdr& segment) {
  std::string path(segment.p_filesz, '\0');
  file.seekg(std::streamoff(segment.p_offset));
  file.read(path.data(), std::streamsize(path.size()));
  return path.c_str();
}

void write_loader(std::fstream& file, const Elf64_Phdr& segment, std::string path) {
  if (path.size() >= segment.p_filesz)
    throw base::infrastructure_error("the loader's path '" + path + "' is too long");
  path.resize(segment.p_filesz, '\0');
  file.seekp(std::streamoff(segment.p_offset));
  file.write(path.data(), std::streamsize(path.size()));
}

}  // namespace

void carry_libraries(const fs::path& program, const fs::path& loader) {
  const fs::path folder = program.parent_path() / libraries_name;
  fs::create_directory(folder);
  for (const fs::path& library : loaded_libraries()) {
    base::copy_file(library, folder / library.filename());
    ask_the_program(folder / library.filename());
  }
  std::fstream file = open_elf(program);
  const Elf64_Phdr segment = find_segment(file, PT_INTERP, program);
  base::copy_file(read_loader(file, segment), folder / loader.filename());
  write_loader(file, segment, loader.string());
  if (!file.flush())
    throw base::infrastructure_error("the loader of '" + program.string() + "' cannot be set");
}

}  // namespace lab::outer
