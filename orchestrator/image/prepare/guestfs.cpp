// SPDX-License-Identifier: MIT
#include "orchestrator/image/prepare/guestfs.hpp"

#include <fmt/format.h>
#include <guestfs.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/account.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/interrupt.hpp"
#include "orchestrator/base/text.hpp"

namespace lab::image {
namespace {

namespace fs = std::filesystem;

constexpr const char* socket_name = "guestfsd.sock";

// Makes supermin take the appliance's kernel from the kit instead of from /boot.
void use_kernel(const fs::path& kit) {
  if (kit.empty()) return;
  // supermin wants /lib/modules to exist even when it takes another kernel's modules, as it copies
  // that folder's mode. On a machine without a kernel the folder is missing.
  std::error_code without_root;
  fs::create_directories("/lib/modules", without_root);
  for (const auto& entry : fs::directory_iterator(kit / "lib/modules")) {
    const std::string release = entry.path().filename().string();
    ::setenv("SUPERMIN_KERNEL", (kit / "boot" / ("vmlinuz-" + release)).c_str(), 1);
    ::setenv("SUPERMIN_KERNEL_VERSION", release.c_str(), 1);
    ::setenv("SUPERMIN_MODULES", entry.path().c_str(), 1);
  }
}

// Returns a script for libguestfs that gives the user its socket and runs QEMU as the user.
std::string hypervisor(const std::string& qemu, const base::Account& account) {
  return fmt::format(R"(#!/bin/sh
for argument; do
  case $argument in
  socket,path=*/{socket},*)
    socket=${{argument#socket,path=}}
    chown {user}:{group} "${{socket%%,*}}" || exit
  esac
done
exec setpriv --reuid={user} --regid={group} --clear-groups --no-new-privs -- {qemu} "$@"
)",
                     fmt::arg("socket", socket_name), fmt::arg("user", account.user),
                     fmt::arg("group", account.group), fmt::arg("qemu", base::shell_quoted(qemu)));
}

// Returns the children of this process whose command line contains a text.
std::vector<pid_t> children_with(const std::string& text) {
  const std::string parent = "\nPPid:\t" + std::to_string(::getpid()) + "\n";
  std::vector<pid_t> found;
  std::error_code ignored;
  for (fs::directory_iterator at("/proc", ignored), end; !ignored && at != end;
       at.increment(ignored)) {
    try {
      if (base::read_file(at->path() / "status").find(parent) != std::string::npos &&
          base::read_file(at->path() / "cmdline").find(text) != std::string::npos)
        found.push_back(std::stoi(at->path().filename().string()));
    } catch (const base::Error&) {
      // This is no process, or one that has just ended.
    }
  }
  return found;
}

}  // namespace

// Ends the appliance when lab is interrupted or an operation takes too long. libguestfs waits for
// it without a limit, half a minute for its start on a slow machine, and offers no way to cancel
// that.
class Guestfs::Guard {
 public:
  // `text` occurs in the command lines of the programs that an appliance consists of, and in no
  // others.
  explicit Guard(const std::string& text) {
    answered();
    thread_ = std::jthread([this, text](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        gave_up_ = gave_up_ || Clock::now() > deadline_.load();
        if (!base::interrupted() && !gave_up_) continue;
        for (const pid_t child : children_with(text)) ::kill(child, SIGKILL);
      }
    });
  }

  // Restarts the time limit for the next answer.
  void answered() { deadline_ = Clock::now() + patience_; }
  void set_patience(std::chrono::milliseconds patience) {
    patience_ = patience;
    answered();
  }
  bool gave_up() const { return gave_up_; }
  std::chrono::milliseconds patience() const { return patience_; }

 private:
  using Clock = std::chrono::steady_clock;

  // Limits the start and each operation, which are slow by emulation in an emulated machine.
  std::chrono::milliseconds patience_ = std::chrono::minutes(20);
  std::atomic<Clock::time_point> deadline_;
  std::atomic<bool> gave_up_ = false;
  std::jthread thread_;
};

Guestfs::~Guestfs() = default;

void Guestfs::Closer::operator()(guestfs_h* handle) const {
  guestfs_close(handle);
}

Guestfs::Guestfs(const fs::path& disk, const std::string& format, const ApplianceOptions& options)
    // supermin makes the appliance in this folder, and QEMU boots it from there.
    : disk_(disk),
      guard_(std::make_unique<Guard>((options.cache / ".guestfs-").string())),
      handle_(guestfs_create_flags(GUESTFS_CREATE_NO_ENVIRONMENT)) {
  if (!handle_) throw base::infrastructure_error("libguestfs does not start");
  guestfs_h* handle = handle_.get();
  guestfs_set_error_handler(handle, nullptr, nullptr);  // do not print errors
  use_kernel(options.kernel_kit);
  fs::create_directories(options.cache);
  check(guestfs_set_cachedir(handle, options.cache.c_str()), "set cache of", "libguestfs");
  // libguestfs has no other way to set the folder of its sockets.
  std::string tmpdir = "TMPDIR=" + options.scratch.string();
  std::string sockets = "XDG_RUNTIME_DIR=" + options.scratch.string();
  char* const environment[] = {tmpdir.data(), sockets.data(), nullptr};
  check(guestfs_parse_environment_list(handle, environment), "set folders of", "libguestfs");
  check(guestfs_set_backend(handle, "direct"), "set backend of", "libguestfs");
  check(guestfs_set_backend_setting(handle, "force_tcg", "1"), "set backend of", "libguestfs");
  check(guestfs_set_tmpdir(handle, disk.parent_path().c_str()), "set folder of", "libguestfs");
  check(guestfs_set_memsize(handle, 768), "set memory of", "libguestfs");
  confine(options);
  check(guestfs_add_drive_opts(handle, disk.c_str(), GUESTFS_ADD_DRIVE_OPTS_FORMAT, format.c_str(),
                               GUESTFS_ADD_DRIVE_OPTS_CACHEMODE, "unsafe", -1),
        "add disk", disk.string());
  check(guestfs_launch(handle), "start the libguestfs appliance for", disk.string());
}

void Guestfs::confine(const ApplianceOptions& options) {
  const auto account = base::account_for_emulators();
  if (!account) return;
  std::vector<fs::path> files{disk_, options.cache};
  if (!options.backing_file.empty()) files.push_back(options.backing_file);
  base::give(disk_, *account);
  given_away_ = true;
  if (!base::can_read_all(*account, files, "QEMU of libguestfs")) return;
  const TextPtr qemu(guestfs_get_hv(handle_.get()));
  if (!qemu) check(-1, "ask for QEMU of", "libguestfs");
  hypervisor_ = std::make_unique<base::TemporaryFolder>(options.scratch, "lab-appliance");
  const fs::path program = hypervisor_->path() / "qemu";
  base::write_file(program, hypervisor(qemu.get(), *account));
  fs::permissions(program, fs::perms(0755));
  check(guestfs_set_hv(handle_.get(), program.c_str()), "set QEMU of", "libguestfs");
}

void Guestfs::set_patience(std::chrono::milliseconds patience) {
  guard_->set_patience(patience);
}

void Guestfs::check_alive(const std::string& operation, const std::string& object) const {
  base::throw_if_interrupted();
  if (guard_->gave_up())
    throw base::infrastructure_error(
        operation + " '" + object + "': libguestfs' appliance did not answer within " +
            std::to_string(guard_->patience().count() / 1000) + " s, and lab ended it",
        "was its QEMU stopped (SIGSTOP), or is the disk slow? libguestfs-test-tool tries it");
}

void Guestfs::check(int result, const std::string& operation, const std::string& object) const {
  base::throw_if_interrupted();  // Ctrl-C ends the appliance, too: report that as the cause
  if (result != -1) return guard_->answered();
  check_alive(operation, object);
  const int number = guestfs_last_errno(handle_.get());
  throw base::infrastructure_error(
      operation + " '" + object + "': " + last_error(),
      number == ENOSPC ? "the image's file system is full: use a larger image"
                       : "lab doctor; LIBGUESTFS_DEBUG=1 libguestfs-test-tool shows more");
}

bool Guestfs::exists(const std::string& path) {
  const int found = guestfs_exists(handle_.get(), path.c_str());
  check(found, "look for", path);
  return found == 1;
}

std::string Guestfs::read(const std::string& path) {
  std::size_t size = 0;
  const TextPtr bytes(guestfs_read_file(handle_.get(), path.c_str(), &size));
  if (!bytes) check(-1, "read", path);
  return {bytes.get(), size};
}

void Guestfs::write(const std::string& path, const std::string& text, int mode) {
  check(guestfs_write(handle_.get(), path.c_str(), text.data(), text.size()), "write", path);
  check(guestfs_chmod(handle_.get(), mode, path.c_str()), "set mode of", path);
  give_label(path);
}

void Guestfs::upload(const fs::path& file, const std::string& path, int mode) {
  check(guestfs_upload(handle_.get(), file.c_str(), path.c_str()), "upload", path);
  check(guestfs_chmod(handle_.get(), mode, path.c_str()), "set mode of", path);
  give_label(path);
}

void Guestfs::make_folder(const std::string& path) {
  if (exists(path)) return;
  make_folder(fs::path(path).parent_path());  // each gets the label of the one above
  check(guestfs_mkdir(handle_.get(), path.c_str()), "make folder", path);
  give_label(path);
}

void Guestfs::link(const std::string& target, const std::string& path) {
  check(guestfs_ln_sf(handle_.get(), target.c_str(), path.c_str()), "link", path);
  give_label(path);
}

std::vector<std::string> Guestfs::glob(const std::string& pattern) {
  const ListPtr list(guestfs_glob_expand(handle_.get(), pattern.c_str()));
  if (!list) check(-1, "look for", pattern);
  std::vector<std::string> paths;
  for (char** path = list.get(); *path != nullptr; ++path) paths.emplace_back(*path);
  return paths;
}

void Guestfs::finish() {
  check(guestfs_umount_all(handle_.get()), "unmount", "the image");
  check(guestfs_shutdown(handle_.get()), "end", "the libguestfs appliance");
  if (given_away_) base::take_back(disk_);
}

void remove_dead_sockets() {
  std::error_code ignored;
  std::vector<fs::path> dead;
  for (const auto& entry : fs::directory_iterator("/tmp", ignored))
    if (entry.path().filename().string().starts_with("libguestfs") &&
        fs::is_socket(entry.path() / socket_name, ignored))
      dead.push_back(entry.path());
  if (dead.empty()) return;
  // Lists the sockets after the folders, so that a folder made meanwhile is found in use.
  const std::string sockets = base::read_file("/proc/net/unix");
  for (const fs::path& folder : dead)
    if (sockets.find((folder / socket_name).string()) == std::string::npos)
      fs::remove_all(folder, ignored);
}

std::string try_appliance(const ApplianceOptions& options) {
  try {
    const base::TemporaryFolder folder(options.scratch, "lab-appliance");
    const fs::path disk = folder.path() / "empty.img";
    base::write_file(disk, "");
    fs::resize_file(disk, 1 << 20);
    Guestfs(disk, "raw", options).finish();
    return "";
  } catch (const base::Error& error) {
    return error.what();
  }
}

}  // namespace lab::image
