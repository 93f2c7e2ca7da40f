// SPDX-License-Identifier: MIT
// Handles kernel modules by libkmod, as modprobe does: it takes the same dependencies and the same
// user options in /etc/modprobe.d.
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
  // Opens the running kernel's modules. Throws an infrastructure error if libkmod fails.
  Kmod();

  // Returns the options that the user's configuration sets for a module: "nested=1 npt=0", or "".
  std::string options(const std::string& name) const;

  // Loads a module's dependencies that are not loaded, except those in `except`.
  void load_dependencies(const std::string& name, const std::set<std::string>& except) const;

  // Loads the running kernel's own module, as modprobe does. Does nothing where it is loaded.
  void probe(const std::string& name) const;

  // Loads exactly this file with exactly these options. Returns false where a module of that name
  // is already loaded. Throws an infrastructure error with the kernel's reason and a hint.
  [[nodiscard]] bool insert_file(const std::filesystem::path& file,
                                 const std::string& options) const;

  // Unloads a module. Returns false where something uses it. Does nothing where it is not loaded.
  bool remove(const std::string& name) const;

  // Returns the module's file in the running kernel's folder; empty where there is none.
  std::filesystem::path file(const std::string& name) const;

  // Returns the values of a module file's information field, e.g. "parm" or "vermagic".
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

// Read /sys/module: whether it is loaded as a module (not built in), its use count, its users.
bool is_loaded(const std::string& name);
int use_count(const std::string& name);
std::vector<std::string> holders(const std::string& name);

// Returns a parameter's value from /sys/module; "" where there is none.
std::string parameter(const std::string& name, const std::string& parameter);

}  // namespace lab::kvm
