// SPDX-License-Identifier: MIT
// libguestfs: changing the files of a disk image without mounting it on this machine.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

extern "C" {
typedef struct guestfs_h guestfs_h;
}

namespace lab::image {

// How the appliance is started: always by emulation, since /dev/kvm can lie.
struct ApplianceOptions {
  std::filesystem::path cache;  // where the appliance is kept
  std::filesystem::path
      kernel_kit;  // a kernel kit, so that this machine needs no kernel of its own
  // Where libguestfs keeps sockets and files while it runs; swept with lab's run when lab is
  // killed. Short enough for a socket's name.
  std::filesystem::path scratch = std::filesystem::temp_directory_path();
};

// A running appliance with one disk. Every method throws Error (infrastructure) with libguestfs'
// own message.
class Guestfs {
 public:
  Guestfs(const std::filesystem::path& disk, const std::string& format,
          const ApplianceOptions& options);

  // Mounts the file system that holds an operating system (one with /etc/os-release) as /.
  void mount_root();
  bool exists(const std::string& path);
  std::string read(const std::string& path);
  void write(const std::string& path, const std::string& text, int mode = 0644);
  void upload(const std::filesystem::path& file, const std::string& path, int mode);
  void make_folder(const std::string& path);
  void link(const std::string& target, const std::string& path);
  // Writes everything out and ends the appliance.
  void finish();

 private:
  struct Closer {
    void operator()(guestfs_h* handle) const;
  };
  void check(int result, const std::string& operation, const std::string& object) const;
  std::vector<std::string> filesystems();

  std::unique_ptr<guestfs_h, Closer> handle_;
};

// Removes the folders of sockets that killed programs left: for root libguestfs makes them in /tmp
// and cannot be told another place.
void remove_dead_sockets();

// Starts the appliance with an empty disk and ends it again: "" where that works, else why not.
std::string try_appliance(const ApplianceOptions& options);

}  // namespace lab::image
