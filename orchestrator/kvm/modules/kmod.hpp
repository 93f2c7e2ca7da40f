// SPDX-License-Identifier: MIT
// Kernel modules through libkmod, which modprobe is made of: dependencies and the user's options
// in /etc/modprobe.d are those that modprobe would take.
#pragma once

#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

struct kmod_ctx;

namespace lab::kvm {

class Kmod {
 public:
  // Modules of the running kernel. Error (infrastructure) where libkmod cannot be used.
  Kmod();

  // What the user's configuration gives a module: "nested=1 npt=0", or "".
  std::string options(const std::string& name) const;

  // Loads a module's dependencies where they are not loaded, but none of `except`.
  void load_dependencies(const std::string& name, const std::set<std::string>& except) const;

  // Loads the running kernel's own module, as modprobe does. Nothing happens where it is loaded.
  void probe(const std::string& name) const;

  // Loads exactly this file with exactly these options. False where a module of that name is
  // there already. Error (infrastructure), with what the kernel says and a hint.
  [[nodiscard]] bool insert_file(const std::filesystem::path& file,
                                 const std::string& options) const;

  // Unloads a module. False where something uses it. Nothing happens where it is not loaded.
  bool remove(const std::string& name) const;

  // The module's file in the running kernel's folder; empty where there is none.
  std::filesystem::path file(const std::string& name) const;

  // Values of a module file's information field, e.g. "parm" or "vermagic".
  static std::vector<std::string> information(const std::filesystem::path& file,
                                              const std::string& field);
  std::vector<std::string> read_information(const std::string& name,
                                            const std::string& field) const;

 private:
  struct Unref {
    void operator()(kmod_ctx* context) const;
  };
  std::unique_ptr<kmod_ctx, Unref> context_;
};

// What /sys/module says: loaded as a module (not built in), how many use it, which modules do.
bool is_loaded(const std::string& name);
int use_count(const std::string& name);
std::vector<std::string> holders(const std::string& name);

// A parameter's value as /sys/module shows it; "" where there is none.
std::string parameter(const std::string& name, const std::string& parameter);

}  // namespace lab::kvm
