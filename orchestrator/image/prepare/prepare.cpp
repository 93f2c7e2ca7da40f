// SPDX-License-Identifier: MIT
#include "orchestrator/image/prepare/prepare.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/atomic_folder.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/files/run_folder.hpp"
#include "orchestrator/base/files/shared_cache.hpp"
#include "orchestrator/base/files/sizes.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/image/overlay.hpp"

namespace lab::image {
namespace {

namespace fs = std::filesystem;

constexpr const char* reader_in_guest = "/usr/local/sbin/lab-reader";
constexpr const char* unit_folder = "/etc/systemd/system";
constexpr const char* parameters_name = "parameters";  // beside a disk for the user's own kernel
constexpr const char* uefi_name = "needs-uefi";        // beside a disk that no BIOS boots
// Change this whenever preparing an image does something else.
constexpr const char* recipe_version = "4";

struct Start {
  const char* word;  // part of the cache key
  const char* after;
  const char* wanted_by;
};

Start reader_start(ReadyAt ready_at) {
  switch (ready_at) {
    case ReadyAt::multi_user:
      return {"multi-user", "After=multi-user.target\n", "multi-user.target"};
    case ReadyAt::early:
      return {"early", "", "sysinit.target"};
    case ReadyAt::cloud_init:
      return {"cloud-init", "After=multi-user.target cloud-final.service cloud-init.target\n",
              "multi-user.target"};
  }
  return {};
}

// Without DefaultDependencies=no a unit that multi-user.target wants is ordered before that target.
std::string reader_unit(const Start& start) {
  return "[Unit]\n"
         "Description=lab's exit counter reader\n"
         "DefaultDependencies=no\n" +
         std::string(start.after) +
         "Conflicts=shutdown.target\n"
         "Before=shutdown.target\n"
         "[Service]\n"
         "ExecStart=" +
         std::string(reader_in_guest) +
         " --serve /dev/virtio-ports/lab.reader.0\n"
         "Restart=on-failure\n"
         "StandardOutput=null\n"
         "StandardError=journal\n";
}

void check_cloud_init(bool there, const std::string& image) {
  if (!there)
    throw base::user_error("image '" + image + "' has no cloud-init to wait for",
                           "boot: {until: multi-user}, or another image");
}

// An image that starts the reader by itself contains this file.
constexpr const char* own_start = "/etc/lab/starts-reader";

bool any_there(Guestfs& guest, std::initializer_list<const char*> paths) {
  return std::ranges::any_of(paths, [&](const char* path) { return guest.exists(path); });
}

// Names the service manager that the image has instead of systemd.
std::string other_service_manager(Guestfs& guest) {
  if (guest.exists("/sbin/openrc")) return "it has OpenRC";
  if (guest.exists("/etc/inittab")) return "it has an /etc/inittab";
  return "it has none that lab knows";
}

// The folders where the EFI system partition may be mounted; systemd-boot has its files there.
constexpr const char* boot_folders[] = {"/boot", "/boot/efi", "/efi"};

// Mounts the EFI system partition only here: other images do not need it to boot.
std::vector<std::string> systemd_boot_entries(Guestfs& guest) {
  guest.mount_efi_partition();
  std::vector<std::string> entries;
  for (const std::string folder : boot_folders)
    std::ranges::move(guest.glob(folder + "/loader/entries/*.conf"), std::back_inserter(entries));
  return entries;
}

// What was looked for may be on an EFI system partition that cannot be mounted.
std::string or_it_is_out_of_reach(Guestfs& guest) {
  const std::string why = guest.mount_efi_partition();
  return why.empty() ? "" : "; " + why;
}

// Checks that the image has what a trial needs besides a boot loader.
void check_needs(Guestfs& guest, const std::string& image, const PrepareOptions& options) {
  if (!any_there(guest, {"/usr/lib/systemd/systemd", "/lib/systemd/systemd", own_start}))
    throw base::user_error(
        "image '" + image + "' has no systemd to start the reader: " + other_service_manager(guest),
        "lab help yours, 'Another service manager', says how it starts it");
  const bool has_kernel =
      !guest.glob("/boot/vmlinu[xz]*").empty() || !guest.glob("/boot/*/*/linux").empty() ||
      !guest.glob("/usr/lib/modules/*/vmlinuz").empty() || !systemd_boot_entries(guest).empty();
  if (!options.own_kernel && !has_kernel)
    throw base::user_error(
        "image '" + image + "' has no kernel in /boot" + or_it_is_out_of_reach(guest),
        "install one there, or boot it with yours: guest.kernel");
}

// Puts cloud-init's data on the disk itself, so that it looks for no network service.
void write_seed(Guestfs& guest) {
  if (!guest.exists("/etc/cloud")) return;
  const std::string seed = "/var/lib/cloud/seed/nocloud";
  guest.make_folder(seed);
  guest.write(seed + "/meta-data", "instance-id: lab\nlocal-hostname: guest\n");
  guest.write(seed + "/user-data", "#cloud-config\n{}\n");
  guest.make_folder("/etc/cloud/cloud.cfg.d");
  guest.write("/etc/cloud/cloud.cfg.d/99-lab.cfg", "datasource_list: [NoCloud, None]\n");
}

std::string read_if_there(Guestfs& guest, const std::string& path) {
  return guest.exists(path) ? guest.read(path) : std::string();
}

// Changes the boot loader entries of the GRUB whose files are in `folder`. Returns whether there
// are any.
bool set_entries(Guestfs& guest, const std::string& folder, const PrepareOptions& options) {
  const std::string environment = read_if_there(guest, folder + "/grubenv");
  const std::vector<std::string> entries = guest.glob("/boot/loader/entries/*.conf");
  for (const std::string& path : entries)
    guest.write(path,
                boot_entry_with(guest.read(path), environment, options.console, options.cmdline));
  return !entries.empty();
}

// Changes systemd-boot's files. Returns whether systemd-boot has an entry to boot.
bool set_systemd_boot(Guestfs& guest, const PrepareOptions& options) {
  const std::vector<std::string> entries = systemd_boot_entries(guest);
  for (const std::string& path : entries)
    guest.write(path, systemd_boot_entry_with(guest.read(path), options.console, options.cmdline));
  for (const std::string folder : boot_folders) {
    const std::string path = folder + "/loader/loader.conf";
    if (!entries.empty() && guest.exists(path))
      guest.write(path, loader_config_with(guest.read(path)));
  }
  return !entries.empty();
}

// Sets the parameters in the image's boot loader. Returns whether only UEFI boots the image.
bool set_kernel_parameters(Guestfs& guest, const PrepareOptions& options) {
  const char* hint = "use an image that boots by GRUB or systemd-boot";
  for (const std::string folder : {"/boot/grub", "/boot/grub2"}) {
    const std::string path = folder + "/grub.cfg";
    if (!guest.exists(path)) continue;
    const std::string config = guest.read(path);
    guest.write(path, grub_config_with(config, options.console, options.cmdline), 0600);
    const bool has_entries = takes_entries(config) && set_entries(guest, folder, options);
    if (has_entries || has_kernel_lines(config)) return false;
    throw base::infrastructure_error("the image's " + path +
                                         " starts no kernel, and takes none from /boot/loader/"
                                         "entries: the kernel's parameters cannot be set",
                                     hint);
  }
  if (set_systemd_boot(guest, options)) return true;
  throw base::infrastructure_error(
      "the image has neither /boot/grub/grub.cfg nor /boot/grub2/grub.cfg, and no entries of "
      "systemd-boot (loader/entries/*.conf in /boot, /boot/efi or /efi)" +
          or_it_is_out_of_reach(guest),
      hint);
}

// Returns the parameters that the image's boot loader gives to kernels; without a boot loader,
// enough for a writable root.
std::string boot_loaders_parameters(Guestfs& guest) {
  std::string environment;
  for (const std::string folder : {"/boot/grub", "/boot/grub2"}) {
    const std::string config = read_if_there(guest, folder + "/grub.cfg");
    if (has_kernel_lines(config)) return first_kernel_parameters(config);
    environment += read_if_there(guest, folder + "/grubenv");
  }
  const std::vector<std::string> entries = systemd_boot_entries(guest);
  if (!entries.empty()) return entry_parameters(guest.read(entries.back()), environment);
  if (const std::string why = guest.mount_efi_partition(); !why.empty())
    spdlog::warn("the image's own parameters of its kernel are not known: {}", why);
  return "rw";
}

struct Injected {
  // Set where the user's kernel boots the image: all parameters except the scenario's.
  std::string parameters;
  bool needs_uefi = false;
};

Injected inject(const std::string& image, const fs::path& disk, const fs::path& reader,
                const PrepareOptions& options, const ApplianceOptions& appliance) {
  Guestfs guest(disk, "qcow2", appliance);
  guest.mount_root();
  check_needs(guest, image, options);
  const Start start = reader_start(options.ready_at);
  if (options.ready_at == ReadyAt::cloud_init)
    check_cloud_init(guest.exists("/etc/cloud/cloud.cfg"), image);
  guest.make_folder(fs::path(reader_in_guest).parent_path());
  guest.upload(reader, reader_in_guest, 0755);
  guest.make_folder(unit_folder);
  const std::string unit = std::string(unit_folder) + "/lab-reader.service";
  guest.write(unit, reader_unit(start));
  const std::string wants = std::string(unit_folder) + "/" + start.wanted_by + ".wants";
  guest.make_folder(wants);
  guest.link(unit, wants + "/lab-reader.service");
  write_seed(guest);
  Injected injected;
  if (options.own_kernel)
    injected.parameters = with_root(boot_loaders_parameters(guest), guest.root_partition());
  else
    injected.needs_uefi = set_kernel_parameters(guest, options);
  guest.finish();
  return injected;
}

// Appends an initrd: the kernel unpacks initrds that follow each other into one tree. The files'
// time is that of the images' (images/common/recipe.sh).
void append_reader(const fs::path& initrd, const fs::path& reader, const fs::path& work,
                   const fs::path& result) {
  const fs::path tree = work / "tree";
  fs::create_directories(tree / "sbin");
  base::copy_file(reader, tree / "sbin/lab-reader");
  base::run_checked(
      {.argv = {"sh", "-c",
                "cd \"$1\" && chmod -R 755 . && find . -exec touch -d @1767225600 {} + && "
                "find . | LC_ALL=C sort | cpio --quiet --owner=0:0 "
                "--reproducible -o -H newc | cat \"$2\" - > \"$3\"",
                "sh", tree.string(), initrd.string(), result.string()}});
  fs::remove_all(tree);
}

// Returns the disk's name for an overlay in `folder`: a relative path within the cache, so that a
// cache can be moved.
fs::path name_from(const fs::path& folder, const fs::path& disk, const fs::path& cache) {
  const fs::path way = disk.lexically_relative(cache);
  return way.empty() || *way.begin() == ".." ? disk : disk.lexically_relative(folder);
}

}  // namespace

Prepared prepare(const Image& image, const base::Folders& folders, const PrepareOptions& options,
                 const ApplianceOptions& appliance, const Progress& progress) {
  if (!fs::exists(folders.reader))
    throw base::infrastructure_error("the reader '" + folders.reader.string() + "' is missing",
                                     "ci/setup builds it; the Debian package has it");
  const bool direct = image.kind == Image::Kind::direct;
  if (direct && options.ready_at == ReadyAt::cloud_init) check_cloud_init(false, image.name);
  const bool by_own = options.own_kernel && !direct;
  const std::string made_of =
      std::string(recipe_version) + image.digest + base::sha256_file(folders.reader);
  const std::string key =
      base::sha256(made_of + console_parameters(options.console) +
                   (options.cmdline.empty() ? "" : " " + options.cmdline + "\n") +
                   reader_start(options.ready_at).word + (by_own ? " own kernel" : ""));
  // An initrd does not depend on the options; with the user's kernel the image depends only on when
  // the reader starts.
  const std::string folder_key =
      direct   ? base::sha256(made_of)
      : by_own ? base::sha256(made_of + reader_start(options.ready_at).word + " own kernel")
               : key;
  const fs::path folder =
      folders.cache / "prepared" / (image.name + "-" + folder_key.substr(0, 16));
  Prepared prepared{.kind = image.kind, .kernel = image.kernel, .digest = "sha256:" + key};
  base::remove_damaged(folder);
  base::take_shared(folder);
  prepared.found = !base::make_folder_once(folder, [&](const fs::path& work) {
    progress("injecting the reader into " + image.name);
    if (direct) {
      append_reader(image.initrd, folders.reader, work, work / "initrd");
    } else {
      create_overlay(name_from(work, image.disk, folders.cache), image.disk_format,
                     work / "disk.qcow2");
      const base::RunFolder run(folders);
      ApplianceOptions here = appliance;
      here.scratch = run.sockets();
      here.backing_file = image.disk;
      const Injected injected =
          inject(image.name, work / "disk.qcow2", folders.reader, options, here);
      if (options.own_kernel) base::write_file(work / parameters_name, injected.parameters);
      if (injected.needs_uefi) base::write_file(work / uefi_name, "");
    }
    base::record_sizes(work);
  });
  if (direct) {
    prepared.initrd = folder / "initrd";
    prepared.cmdline = image.cmdline;
  } else {
    prepared.disk = folder / "disk.qcow2";
    prepared.disk_format = "qcow2";
    prepared.needs_uefi = fs::exists(folder / uefi_name);
    if (by_own) prepared.cmdline = base::read_file(folder / parameters_name);
  }
  if (direct || by_own) {
    prepared.cmdline += " " + console_parameters(options.console);
    if (!options.cmdline.empty()) prepared.cmdline += " " + options.cmdline;
  }
  return prepared;
}

}  // namespace lab::image
