// SPDX-License-Identifier: MIT
#include "orchestrator/kvm/modules/stock.hpp"

#include <spdlog/spdlog.h>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/machine/this_machine.hpp"
#include "orchestrator/kvm/modules/kmod.hpp"

namespace lab::kvm {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t largest_module = 64u << 20;

// The file is named by the module and keeps its ending, by which libkmod knows its compression.
fs::path find_copy(const fs::path& folder, const std::string& module) {
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none))
    if (entry.path().filename().string().starts_with(module + ".ko")) return entry.path();
  return {};
}

// Returns why a module's file could not be loaded into a kernel of this release; "" where it could.
std::string why_not(const fs::path& file, const std::string& module, const std::string& release) {
  if (file.empty() || !fs::exists(file))
    return "the running kernel, " + release + ", has no file of module '" + module + "'";
  std::vector<std::string> magic;
  try {
    magic = Kmod::information(file, "vermagic");
  } catch (const base::Error& error) {
    return "'" + file.string() + "' cannot be read as a module: " + error.what();
  }
  if (magic.empty() || !(magic[0] + " ").starts_with(release + " "))
    return "'" + file.string() + "' is not for the running kernel, " + release;
  return "";
}

[[noreturn]] void cannot_come_back(const std::string& why) {
  throw base::infrastructure_error("the stock kvm modules could not be loaded again: " + why,
                                   "reboot into the kernel that is installed, or --on svm");
}

}  // namespace

fs::path copies_folder(const fs::path& runtime) {
  return runtime / "stock-modules";
}

void keep_module(const fs::path& file, const std::string& module, const std::string& release,
                 const fs::path& folder) {
  if (const std::string why = why_not(file, module, release); !why.empty()) cannot_come_back(why);
  const std::string name = file.filename();
  fs::create_directories(folder);
  base::write_file(folder / (module + name.substr(name.find(".ko"))),
                   base::read_file(file, largest_module));
}

std::string why_not_stock(const std::string& vendor, const std::string& release,
                          const std::function<fs::path(const std::string&)>& file) {
  for (const std::string& module : {std::string("kvm"), vendor})
    if (std::string why = why_not(file(module), module, release); !why.empty()) return why;
  return "";
}

std::string why_not_back(const fs::path& runtime, const std::string& vendor,
                         const std::string& release,
                         const std::function<fs::path(const std::string&)>& file) {
  std::string why = why_not_stock(vendor, release, file);
  const auto copy = [&](const std::string& module) {
    return find_copy(copies_folder(runtime), module);
  };
  return why.empty() || why_not_stock(vendor, release, copy).empty() ? "" : why;
}

void check_stock_can_come_back(const fs::path& runtime, const std::string& vendor) {
  const Kmod kmod;
  const std::string why =
      why_not_back(runtime, vendor, base::running_kernel(),
                   [&](const std::string& module) { return kmod.file(module); });
  if (!why.empty()) cannot_come_back(why);
}

void keep_stock(const fs::path& runtime, const std::string& vendor) {
  const Kmod kmod;
  for (const std::string& module : {std::string("kvm"), vendor})
    keep_module(kmod.file(module), module, base::running_kernel(), copies_folder(runtime));
}

void load_stock(const fs::path& runtime, const std::string& vendor,
                const std::function<void()>& probe, const Insert& insert) {
  try {
    return probe();
  } catch (const base::Error& error) {
    if (find_copy(copies_folder(runtime), vendor).empty()) throw;
    spdlog::warn("{}; loading the copy that lab kept", error.what());
  }
  for (const std::string& module : {std::string("kvm"), vendor})
    insert(module, find_copy(copies_folder(runtime), module));
}

void load_stock(const fs::path& runtime, const std::string& vendor) {
  const Kmod kmod;
  load_stock(
      runtime, vendor, [&] { kmod.probe(vendor); },
      [&](const std::string& module, const fs::path& file) {
        if (!kmod.insert_file(file, kmod.options(module)))
          spdlog::debug("module {} is there already", module);
      });
}

void remove_stock(const fs::path& runtime) {
  std::error_code ignored;
  fs::remove_all(copies_folder(runtime), ignored);
}

}  // namespace lab::kvm
