// SPDX-License-Identifier: MIT
#include "orchestrator/image/disk_file.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/json.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/base/text.hpp"

namespace lab::image {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* wanted = "lab takes images in the formats qcow2 and raw";
constexpr std::string_view qcow2_magic = "QFI\xFB";

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

// QEMU knows these formats, too. Lab does not ask it: some name other files, which QEMU opens.
constexpr std::pair<std::string_view, const char*> other_formats[] = {
    {"KDMV", "vmdk"},    {"# Disk DescriptorFile", "vmdk"},
    {"<<< ", "vdi"},     {"vhdxfile", "vhdx"},
    {"conectix", "vhd"}, {"QED", "qed"}};

// Marks a disk without partitions that holds one file system (ext2 to ext4, XFS, btrfs) or is
// LVM's, by its magic bytes: the kernel's include/uapi/linux/magic.h, and LVM2's
// lib/format_text/layout.h.
struct WholeDisk {
  std::streamoff at;
  std::string_view magic;
};

constexpr WholeDisk whole_disks[] = {
    {1080, "\x53\xEF"}, {0, "XFSB"}, {65600, "_BHRfS_M"}, {512, "LABELONE"}};

std::string first_sector(const fs::path& file) {
  return base::read_bytes(file, 0, 512);
}

// A master boot record, also the protective one before a GPT, ends with 55 AA (UEFI 2.10, 5.2.1).
bool has_boot_record(const std::string& sector) {
  return sector.size() == 512 && sector.ends_with("\x55\xAA");
}

bool is_whole_disk(const fs::path& file) {
  return std::ranges::any_of(whole_disks, [&](const WholeDisk& kind) {
    return base::read_bytes(file, kind.at, kind.magic.size()) == kind.magic;
  });
}

// Follows QEMU's docs/interop/qcow2.rst. The version is at byte 4; QEMU reads only 2 and 3. In
// version 3, bit 2 of the incompatible features (byte 72) marks an external data file. Numbers are
// big-endian.
bool has_data_file(const std::string& sector) {
  constexpr std::string_view version_3("\0\0\0\3", 4);
  return sector.size() >= 80 && sector.substr(4, 4) == version_3 && (sector[79] & 4) != 0;
}

void check_unpacked(const std::string& sector) {
  for (const Packing& packing : packings)
    if (sector.starts_with(packing.magic))
      throw base::infrastructure_error(
          std::string("it is packed by ") + packing.name,
          std::string("unpack it (") + packing.program +
              "), and name the file in images/manifest.yaml: url: file:///PATH, digest: of that");
}

[[noreturn]] void refers_to_another(const std::string& what) {
  throw base::infrastructure_error(
      "it refers to another file (" + what + "), which may be any of this machine",
      "qemu-img convert -O qcow2 makes an image that stands alone, where you trust it");
}

// Limits qemu-img's memory and time, as the header may ask for anything.
json describe_qcow2(const fs::path& file) {
  const base::Outcome outcome =
      base::run({.argv = {"prlimit", "--as=2147483648", "--cpu=20", "--core=0", "qemu-img", "info",
                          "-f", "qcow2", "--output=json", fs::absolute(file).string()},
                 .limit = std::chrono::seconds(60)});
  auto described = base::try_parse_json(outcome.output);
  if (outcome.exit_code != 0 || !described || !described->is_object())
    throw base::infrastructure_error(
        "qemu-img cannot read it: " + std::string(base::first_line(outcome.errors)), wanted);
  return *std::move(described);
}

// Checks the data file first: qemu-img opens it to describe the image (CVE-2024-4467).
void check_qcow2(const std::string& sector, const fs::path& file) {
  if (has_data_file(sector)) refers_to_another("data-file");
  const json described = describe_qcow2(file);
  for (const char* key : {"backing-filename", "full-backing-filename"})
    if (described.contains(key)) refers_to_another(key);
  if (described.value("encrypted", false))
    throw base::infrastructure_error("it is encrypted", wanted);
  if (described.value(json::json_pointer("/format-specific/data/corrupt"), false))
    throw base::infrastructure_error("it is marked as damaged", "qemu-img check");
}

void convert_raw(const fs::path& file, const fs::path& disk) {
  base::run_checked(
      {.argv = {"qemu-img", "convert", "-f", "raw", "-O", "qcow2", file.string(), disk.string()}});
  fs::remove(file);
}

// Returns whether it is a qcow2 disk; otherwise it is a raw one.
bool is_qcow2_disk(const fs::path& file) {
  const std::string sector = first_sector(file);
  check_unpacked(sector);
  for (const auto& [magic, format] : other_formats)
    if (sector.starts_with(magic))
      throw base::infrastructure_error(std::string("its format is ") + format, wanted);
  if (sector.starts_with(qcow2_magic)) {
    check_qcow2(sector, file);
    return true;
  }
  if (!has_boot_record(sector) && !is_whole_disk(file))
    throw base::infrastructure_error(
        "it is no disk image: it has neither a partition table nor one of the file systems ext4, "
        "XFS and btrfs, nor is it LVM's",
        wanted);
  return false;
}

void take(const fs::path& file, const fs::path& disk) {
  if (is_qcow2_disk(file))
    fs::rename(file, disk);
  else
    convert_raw(file, disk);
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

void check_takeable(const fs::path& file) {
  is_qcow2_disk(file);
}

void check_disk_file(const fs::path& disk) {
  const std::string sector = first_sector(disk);
  if (!sector.starts_with(qcow2_magic))
    throw base::infrastructure_error("it is not in the format qcow2", wanted);
  check_qcow2(sector, disk);
}

}  // namespace lab::image
