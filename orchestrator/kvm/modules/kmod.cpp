// SPDX-License-Identifier: MIT
#include "orchestrator/kvm/modules/kmod.hpp"

#include <libkmod.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/kvm/modules/refusal.hpp"

namespace lab::kvm {
namespace fs = std::filesystem;
namespace {

struct ModuleUnref {
  void operator()(kmod_module* module) const { kmod_module_unref(module); }
};
using ModulePtr = std::unique_ptr<kmod_module, ModuleUnref>;

struct ListUnref {
  void operator()(kmod_list* list) const { kmod_module_unref_list(list); }
};
using ModuleListPtr = std::unique_ptr<kmod_list, ListUnref>;

struct InformationFree {
  void operator()(kmod_list* list) const { kmod_module_info_free_list(list); }
};
using InformationPtr = std::unique_ptr<kmod_list, InformationFree>;

// Without this libkmod prints its messages.
void no_log(void*, int, const char*, int, const char*, const char*, va_list) {}

std::string hint_for(int error) {
  switch (error) {
    case EKEYREJECTED:
    case ENOKEY:
      return "the kernel takes no unsigned modules: dmesg | tail";
    case EPERM:
      return ::geteuid() == 0
                 ? "a container's root may not; or the kernel takes no unsigned modules"
                 : "only root may";
    case ENOEXEC:
    case EINVAL:
      return "the modules were built for another kernel, or have no such parameter: dmesg | tail";
    case EOPNOTSUPP:
    case EIO:
    case ENODEV:
      return "this machine has no (nested) hardware virtualization: lab doctor";
    case EEXIST:
      return "another kvm module is loaded: lab kvm restore";
    default:
      return "dmesg | tail";
  }
}

// Checks for the kernel's errors for a module that it does not trust.
bool is_refusal(int error) {
  return error == EKEYREJECTED || error == ENOKEY || (error == EPERM && ::geteuid() == 0);
}

// libkmod returns a negative errno.
void check(int result, const std::string& operation, const std::string& object) {
  if (result >= 0) return;
  const base::Error error = base::errno_error(operation, object, -result);
  if (is_refusal(-result))
    if (const auto refusal = unsigned_modules_refused())
      throw base::infrastructure_error(error.what() + (": " + refusal->cause), refusal->hint);
  throw base::infrastructure_error(error.what(), hint_for(-result));
}

ModulePtr by_name(kmod_ctx* context, const std::string& name) {
  kmod_module* module = nullptr;
  check(kmod_module_new_from_name(context, name.c_str(), &module), "find module", name);
  return ModulePtr(module);
}

ModulePtr by_file(kmod_ctx* context, const fs::path& file) {
  kmod_module* module = nullptr;
  check(kmod_module_new_from_path(context, file.c_str(), &module), "open module", file.string());
  return ModulePtr(module);
}

kmod_ctx* new_context() {
  kmod_ctx* context = kmod_new(nullptr, nullptr);
  if (!context) throw base::infrastructure_error("libkmod cannot be used");
  kmod_set_log_fn(context, no_log, nullptr);
  return context;
}

void probe_module(kmod_module* module, const std::string& name) {
  check(kmod_module_probe_insert_module(module, 0, nullptr, nullptr, nullptr, nullptr),
        "load module", name);
}

bool insert_module(kmod_module* module, const std::string& options, const std::string& object) {
  const int result = kmod_module_insert_module(module, 0, options.c_str());
  if (result == -EEXIST) return false;
  check(result, "load module", object);
  return true;
}

std::vector<std::string> information_in(kmod_module* module, const std::string& field) {
  kmod_list* list = nullptr;
  check(kmod_module_get_info(module, &list), "read module", kmod_module_get_name(module));
  const InformationPtr owner(list);
  std::vector<std::string> values;
  kmod_list* entry = nullptr;
  kmod_list_foreach(entry, list) if (kmod_module_info_get_key(entry) == field)
      values.emplace_back(kmod_module_info_get_value(entry));
  return values;
}

fs::path sysfs(const std::string& name) {
  return fs::path("/sys/module") / name;
}

}  // namespace

void Kmod::Unref::operator()(kmod_ctx* context) const {
  kmod_unref(context);
}

Kmod::Kmod() : context_(new_context()) {}

std::string Kmod::options(const std::string& name) const {
  const ModulePtr module = by_name(context_.get(), name);  // owns the text
  const char* options = kmod_module_get_options(module.get());
  return options ? options : "";
}

void Kmod::load_dependencies(const std::string& name, const std::set<std::string>& except) const {
  const ModulePtr module = by_name(context_.get(), name);
  const ModuleListPtr list(kmod_module_get_dependencies(module.get()));
  kmod_list* entry = nullptr;
  kmod_list_foreach(entry, list.get()) {
    const ModulePtr dependency(kmod_module_get_module(entry));
    const std::string dependency_name = kmod_module_get_name(dependency.get());
    if (!except.contains(dependency_name)) probe_module(dependency.get(), dependency_name);
  }
}

void Kmod::probe(const std::string& name) const {
  probe_module(by_name(context_.get(), name).get(), name);
}

bool Kmod::insert_file(const fs::path& file, const std::string& options) const {
  // Uses its own context: in ours the name may already refer to the system's file.
  const std::unique_ptr<kmod_ctx, Unref> context(new_context());
  const ModulePtr module = by_file(context.get(), file);
  spdlog::debug("insmod {} {}", file.string(), options);
  return insert_module(module.get(), options, file.string());
}

bool Kmod::remove(const std::string& name) const {
  if (!is_loaded(name)) return true;
  spdlog::debug("rmmod {}", name);
  // Never forces it: the kernel would do that, and crash.
  const int result = kmod_module_remove_module(by_name(context_.get(), name).get(), 0);
  if (result == -EAGAIN || result == -EBUSY) return false;
  check(result == -ENOENT ? 0 : result, "unload module", name);
  return true;
}

fs::path Kmod::file(const std::string& name) const {
  const ModulePtr module = by_name(context_.get(), name);  // owns the text
  const char* path = kmod_module_get_path(module.get());
  return path ? path : "";
}

std::vector<std::string> Kmod::information(const fs::path& file, const std::string& field) {
  const std::unique_ptr<kmod_ctx, Unref> context(new_context());
  return information_in(by_file(context.get(), file).get(), field);
}

std::vector<std::string> Kmod::read_information(const std::string& name,
                                                const std::string& field) const {
  return information_in(by_name(context_.get(), name).get(), field);
}

bool is_loaded(const std::string& name) {
  return fs::exists(sysfs(name) / "initstate");
}

int use_count(const std::string& name) {
  return std::atoi(base::read_line(sysfs(name) / "refcnt").c_str());
}

std::vector<std::string> holders(const std::string& name) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(sysfs(name) / "holders", error))
    names.push_back(entry.path().filename());
  return names;
}

std::string parameter(const std::string& name, const std::string& parameter) {
  return base::read_line(sysfs(name) / "parameters" / parameter);
}

}  // namespace lab::kvm
