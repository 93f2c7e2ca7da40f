// SPDX-License-Identifier: MIT
#include "orchestrator/run/artifacts/own_emulator.hpp"

#include <unistd.h>

#include <map>
#include <utility>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/atomic_folder.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/base/text.hpp"
#include "orchestrator/guest/libvirt/software.hpp"
#include "orchestrator/image/kept_file.hpp"

namespace lab::run {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t most_data_bytes = 4u
                                          << 20;  // of a data file; the largest of use has 256 KiB
constexpr const char* script =
    "#!/bin/sh\n"
    "here=${0%/*}\n"
    "export QEMU_MODULE_DIR=\"$here/modules\"\n"
    "exec \"$here/libs/ld.so\" --library-path \"$here/libs\" \"$here/qemu-system-x86_64\" "
    "-L \"$here/data\" \"$@\"\n";

base::Error about(const char* key, const fs::path& file, const std::string& cause,
                  const std::string& remedy = "") {
  return base::user_error(std::string(key) + " '" + file.string() + "': " + cause, remedy);
}

void check_regular(const char* key, const fs::path& file) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) throw about(key, file, "there is no such file");
  if (!fs::is_regular_file(file, ignored)) throw about(key, file, "it is no regular file");
}

// Maps a name in the folder to the file that it is copied from.
using Files = std::map<std::string, fs::path>;

std::string ask(const fs::path& file, const std::vector<std::string>& words) {
  std::vector<std::string> argv{file.string()};
  argv.insert(argv.end(), words.begin(), words.end());
  const base::Outcome outcome = base::run({.argv = argv, .limit = std::chrono::seconds(30)});
  if (outcome.exit_code == 0) return outcome.output;
  throw about("guest.emulator", file,
              "it does not run here: " + std::string(base::first_line(outcome.errors)),
              "a qemu-system-x86_64 that was built for this machine");
}

// Returns the firmware and option ROMs in the folders that QEMU names; of equal names the first.
Files data_files(const fs::path& file) {
  Files files;
  const std::string folders = ask(file, {"-L", "help"});
  for (const std::string_view folder : base::split_lines(folders)) {
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(folder, none))
      if (entry.path().extension() == ".bin" && entry.is_regular_file(none) &&
          entry.file_size(none) <= most_data_bytes)
        files.emplace("data/" + entry.path().filename().string(), entry.path());
  }
  if (!files.contains("data/bios-256k.bin"))
    throw about("guest.emulator", file, "it finds no bios-256k.bin in its data folders",
                "its pc-bios or share/qemu folder belongs where '-L help' says");
  return files;
}

// Starts the emulator as libvirt does to ask it what it can do, and returns the modules that it
// loads: Debian's QEMU has its accelerators in such files (QEMU's configure --enable-modules).
std::vector<fs::path> loaded_modules(const fs::path& file) {
  constexpr const char* questions =
      R"sh(printf '{"execute":"qmp_capabilities"}\n{"execute":"quit"}\n' | LD_DEBUG=files exec "$0" )sh"
      "-machine none,accel=tcg -nodefaults -display none -qmp stdio";
  const base::Outcome outcome = base::run(
      {.argv = {"sh", "-c", questions, file.string()}, .limit = std::chrono::seconds(30)});
  return modules_in(outcome.errors);
}

Files list_files(const fs::path& file) {
  Files files = data_files(file);
  std::vector<fs::path> programs = loaded_modules(file);
  for (const fs::path& module : programs) files["modules/" + module.filename().string()] = module;
  programs.push_back(file);
  for (const fs::path& program : programs) {
    const auto libraries = libraries_in(base::run_checked({.argv = {"ldd", program.string()}}));
    for (const fs::path& library : libraries)
      files["libs/" + (library == libraries.back() ? "ld.so" : library.filename().string())] =
          library;
  }
  files["qemu-system-x86_64"] = file;
  return files;
}

}  // namespace

void check_emulator(const fs::path& file) {
  constexpr const char* key = "guest.emulator";
  constexpr std::size_t machine_at = 18;
  constexpr char x86_64 = 0x3e;
  check_regular(key, file);
  const std::string head = base::read_bytes(file, 0, 64);
  if (!head.starts_with("\x7f"
                        "ELF\x02\x01") ||
      head.size() < 64 || head[machine_at] != x86_64)
    throw about(key, file, "it is no program for x86-64", "a qemu-system-x86_64 itself, no script");
  if (::access(file.c_str(), X_OK) != 0)
    throw about(key, file, "it is not executable", "chmod +x " + file.string());
}

std::vector<fs::path> libraries_in(const std::string& ldd) {
  std::vector<fs::path> libraries;
  fs::path loader;
  for (std::string_view line : base::split_lines(ldd)) {
    const std::string name(base::take_word(line));
    const std::string_view arrow = base::take_word(line), path = base::take_word(line);
    if (arrow == "=>" && path == "not")
      throw base::user_error("guest.emulator: its library " + name + " is not found",
                             "install it, or set LD_LIBRARY_PATH");
    if (arrow == "=>" && path.starts_with("/")) libraries.emplace_back(path);
    if (name.starts_with("/")) loader = name;
  }
  if (loader.empty())
    throw base::user_error("guest.emulator: it has no loader of shared libraries",
                           "a QEMU that is not linked statically");
  libraries.push_back(loader);
  return libraries;
}

std::vector<fs::path> modules_in(const std::string& debug) {
  std::vector<fs::path> modules;
  for (const std::string_view line : base::split_lines(debug)) {
    const std::size_t begin = line.find("file=/"), end = line.find(" [");
    if (begin == std::string_view::npos || end == std::string_view::npos || end < begin ||
        line.find("dynamically loaded by") == std::string_view::npos)
      continue;
    const std::size_t path = begin + std::string_view("file=").size();
    modules.push_back(fs::path(line.substr(path, end - path)).lexically_normal());
  }
  return modules;
}

OwnEmulator keep_emulator(const fs::path& file, const base::Folders& folders) {
  check_emulator(file);
  const std::string said = ask(file, {"--version"}), version = guest::qemu_version(said);
  if (version.empty() || !said.starts_with("QEMU emulator version "))
    throw about("guest.emulator", file, "it is no QEMU", "a qemu-system-x86_64");
  const Files files = list_files(file);
  std::string contents = script;
  std::map<std::string, std::string> digests;
  for (const auto& [name, from] : files)
    contents += name + " " + (digests[name] = base::sha256_file(from)) + "\n";
  const fs::path folder =
      folders.cache / image::own_files / ("qemu-" + base::sha256(contents).substr(0, 32));
  base::make_folder_once(folder, [&](const fs::path& work) {
    for (const auto& [name, from] : files) {
      fs::create_directories((work / name).parent_path());
      base::copy_file(from, work / name);
      if (base::sha256_file(work / name) != digests[name])
        throw base::infrastructure_error("'" + from.string() + "' changes while lab reads it",
                                         "wait until what writes it has ended");
    }
    base::write_file(work / "qemu", script);
    fs::permissions(work / "qemu", fs::perms(0755));
  });
  return {folder / "qemu", version, "sha256:" + digests["qemu-system-x86_64"]};
}

std::string missing_firmware_package(const fs::path& file) {
  constexpr std::pair<const char*, const char*> packages[] = {
      {"/usr/share/OVMF", "ovmf"}, {"/usr/share/ovmf", "ovmf"}, {"/usr/share/seabios", "seabios"}};
  std::error_code ignored;
  if (fs::exists(file, ignored)) return "";
  for (const auto& [folder, package] : packages)
    if (file.parent_path() == folder) return package;
  return "";
}

bool check_firmware(const fs::path& file) {
  constexpr const char* key = "guest.firmware";
  constexpr std::uint64_t unit = 64u << 10, flash_unit = 4u << 10, most = 16u << 20;
  constexpr std::size_t volume_mark_at =
      40;  // UEFI's firmware volume: 16 bytes, GUID, size, "_FVH"
  if (const std::string package = missing_firmware_package(file); !package.empty())
    throw base::infrastructure_error(
        "guest.firmware '" + file.string() + "' is not on this machine",
        "apt-get install " + package);
  check_regular(key, file);
  const std::uint64_t size = fs::file_size(file);
  const std::string head = base::read_bytes(file, 0, 64);
  const bool flash = head.size() == 64 && head.compare(volume_mark_at, 4, "_FVH") == 0;
  if (size == 0 || size > most || size % (flash ? flash_unit : unit) != 0)
    throw about(key, file,
                "it has " + std::to_string(size) +
                    " bytes; firmware has a multiple of 64 KiB, at "
                    "most 16 MiB",
                "SeaBIOS' out/bios.bin, or OVMF_CODE.fd");
  if (flash) return true;
  // The processor begins 16 bytes before the end, with a far jump.
  if (base::read_bytes(file, size - 16, 1) != "\xea")
    throw about(key, file, "it is no PC's firmware: neither a BIOS nor a UEFI firmware volume",
                "SeaBIOS' out/bios.bin, or OVMF_CODE.fd");
  return false;
}

}  // namespace lab::run
