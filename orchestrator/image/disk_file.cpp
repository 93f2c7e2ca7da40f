// SPDX-License-Identifier: MIT
#include "orchestrator/image/disk_file.hpp"

#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/subprocess.hpp"

namespace lab::image {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* wanted = "lab takes images in the formats qcow2 and raw";

struct Packing {
  std::string_view magic;
  const char* name;
  const char* program;
};

constexpr Packing packings[] = {{"\xFD"
                                 "7zXZ",
                                 "xz", "unxz"},
                                {"\x28\xB5\x2F\xFD", "zstd", "unzstd"},
                                {"\x1F\x8B", "gzip", "gunzip"},
                                {"BZh", "bzip2", "bunzip2"},
                                {"PK\x03\x04", "zip", "unzip"}};

// The first sector; shorter where the file is.
std::string first_sector(const fs::path& file) {
  std::array<char, 512> bytes{};
  std::ifstream stream(file, std::ios::binary);
  stream.read(bytes.data(), bytes.size());
  return {bytes.data(), static_cast<std::size_t>(stream.gcount())};
}

// A master boot record, also the protective one before a GPT, ends with 55 AA (UEFI 2.10, 5.2.1).
bool has_boot_record(const std::string& sector) {
  return sector.size() == 512 && sector.ends_with("\x55\xAA");
}

void check_unpacked(const std::string& sector) {
  for (const Packing& packing : packings)
    if (sector.starts_with(packing.magic))
      throw base::infrastructure_error(
          std::string("it is packed by ") + packing.name,
          std::string("unpack it (") + packing.program +
              "), and name the file in images/manifest.yaml: url: file:///PATH, digest: of that");
}

// Within limits: the header may ask for anything.
json describe(const fs::path& file) {
  const base::Outcome outcome =
      base::run({.argv = {"prlimit", "--as=2147483648", "--cpu=20", "--core=0", "qemu-img", "info",
                          "--output=json", fs::absolute(file).string()},
                 .limit = std::chrono::seconds(60)});
  json described = json::parse(outcome.output, nullptr, false);
  if (outcome.exit_code != 0 || !described.is_object())
    throw base::infrastructure_error(
        "qemu-img cannot read it: " + outcome.errors.substr(0, outcome.errors.find('\n')), wanted);
  return described;
}

// Found at any depth: the data file's name stands among what is specific to the format.
bool names(const json& described, const std::string& key) {
  for (const auto& [name, value] : described.items()) {
    if (name == key) return true;
    if (value.is_object() && names(value, key)) return true;
  }
  return false;
}

void check_qcow2(const json& described) {
  for (const char* key : {"backing-filename", "full-backing-filename", "data-file"})
    if (names(described, key))
      throw base::infrastructure_error(
          "it refers to another file (" + std::string(key) + "), which may be any of this machine",
          "qemu-img convert -O qcow2 makes an image that stands alone, where you trust it");
  if (described.value("encrypted", false))
    throw base::infrastructure_error("it is encrypted", wanted);
  if (names(described, "corrupt") && described.dump().find("\"corrupt\":true") != std::string::npos)
    throw base::infrastructure_error("it is marked as damaged", "qemu-img check");
}

void convert_raw(const fs::path& file, const fs::path& disk) {
  base::run_checked(
      {.argv = {"qemu-img", "convert", "-f", "raw", "-O", "qcow2", file.string(), disk.string()}});
  fs::remove(file);
}

void take(const fs::path& file, const fs::path& disk) {
  const std::string sector = first_sector(file);
  check_unpacked(sector);
  const json described = describe(file);
  const std::string format = described.value("format", "");
  if (format == "qcow2") {
    check_qcow2(described);
    fs::rename(file, disk);
  } else if (format == "raw" && has_boot_record(sector)) {
    convert_raw(file, disk);
  } else {
    throw base::infrastructure_error(
        format == "raw" ? "it is no disk image" : "its format is " + format, wanted);
  }
}

}  // namespace

void take_disk_file(const fs::path& file, const fs::path& disk) {
  try {
    take(file, disk);
  } catch (const base::Error& error) {
    std::error_code ignored;
    fs::remove(file, ignored);
    throw base::infrastructure_error("image '" + file.filename().string() + "': " + error.what(),
                                     error.hint());
  }
}

}  // namespace lab::image
