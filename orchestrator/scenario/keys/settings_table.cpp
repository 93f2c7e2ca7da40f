// SPDX-License-Identifier: MIT
// Contains the table of settings: each key's values, its meaning, and how it is read and written.
#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "orchestrator/scenario/keys/read_member.hpp"
#include "orchestrator/scenario/keys/settings.hpp"

namespace lab::scenario {
namespace {

constexpr std::string_view on_off[] = {"on", "off"};
// These words stand for a file that is not the user's own: the image's, or the outer VM's.
constexpr std::string_view of_image[] = {"image"}, usual[] = {"usual"};
constexpr std::string_view own_model[] = {"host"}, no_disk[] = {"none"};

template <auto member>
std::string write_enum(const Settings& settings) {
  return std::string(to_string(settings.*member));
}

template <auto member>
std::string write_flag(const Settings& settings) {
  return std::string(on_off[settings.*member ? 0 : 1]);
}

template <auto member>
std::string write_number(const Settings& settings) {
  return std::to_string(settings.*member);
}

template <auto member>
std::string write_bytes(const Settings& settings) {
  return memory_text(settings.*member);
}

template <auto member>
std::string write_text(const Settings& settings) {
  return settings.*member;
}

bool is_allowed_word(const KeyInfo& key, const Node& value) {
  return value.kind == Node::Kind::scalar &&
         std::ranges::find(key.form.words, value.text) != key.form.words.end();
}

template <auto member>
void read_file(Settings& settings, const KeyInfo& key, const Node& value) {
  settings.*member = is_allowed_word(key, value) ? "" : read_path(value, std::string(key.key));
}

template <auto member>
constexpr Setting number(std::string_view key, std::uint64_t min, std::uint64_t max,
                         std::string_view meaning) {
  return {{key, number_form(min, max), meaning}, read_number<member>, write_number<member>};
}

template <auto member>
constexpr Setting file(std::string_view key, std::span<const std::string_view> instead,
                       std::string_view meaning, std::string_view otherwise) {
  return {{key, {.type = Form::Type::path, .words = instead}, meaning, otherwise},
          read_file<member>,
          write_text<member>};
}

template <auto member>
constexpr Setting flag(std::string_view key, std::string_view meaning) {
  return {{key, word_form(on_off), meaning}, read_flag<member>, write_flag<member>};
}

template <typename Enum, auto member>
constexpr Setting one_of(std::string_view key, std::string_view meaning) {
  return {{key, word_form(words_of<Enum>), meaning}, read_enum<member>, write_enum<member>};
}

void read_image(Settings& settings, const KeyInfo& key, const Node& value) {
  const std::string what(key.key);
  const bool file = value.kind == Node::Kind::scalar && is_path(value.text);
  settings.image = file ? read_path(value, what) : read_name(value, what);
}

void read_kernel_name(Settings& settings, const KeyInfo& key, const Node& value) {
  const std::string what(key.key);
  const bool tree = value.kind == Node::Kind::scalar && is_path(value.text);
  settings.kernel = tree ? read_path(value, what) : read_kernel(value, what);
}

void read_paging(Settings& settings, const KeyInfo& key, const Node& value) {
  settings.paging = Paging(read_word(value, key));
}

void read_model(Settings& settings, const KeyInfo& key, const Node& value) {
  settings.cpu_model = is_allowed_word(key, value) ? "" : read_name(value, std::string(key.key));
}

void read_cpu_features(Settings& settings, const KeyInfo& key, const Node& value) {
  static constexpr std::string_view encrypting[] = {"+sev", "+sev-es", "+sev-snp", "+tdx-guest"};
  settings.cpu_features = read_features(value, std::string(key.key));
  for (const std::string& feature : settings.cpu_features)
    if (std::ranges::find(encrypting, feature) != std::end(encrypting))
      fail(
          value.where,
          fmt::format("guest.cpu.features has {}: encrypted guests (SEV, SEV-ES, SEV-SNP, TDX) are "
                      "not supported",
                      in_quotes(feature)),
          "leave it out");
}

void read_scratch_size(Settings& settings, const KeyInfo& key, const Node& value) {
  settings.scratch_size = is_allowed_word(key, value) ? 0 : read_memory(value, key);
}

// exit_scope is the parameter's name in the modules; check() knows which of the two names was used.
void read_scope(Settings& settings, const KeyInfo& key, const Node& value) {
  settings.parameters["exit_scope"] = key.form.words[read_word(value, key)];
}

// Accepts what the module accepts: fewer than 16 entries count as none.
void read_causes(Settings& settings, const KeyInfo& key, const Node& value) {
  read_number<&Settings::causes>(settings, key, value);
  if (settings.causes != 0 && settings.causes < 16)
    fail(value.where,
         fmt::format("kvm.causes must be 0 or 16 to {} entries, not {}", key.form.max,
                     settings.causes),
         "16384, as 'lab run --causes' takes");
}

std::string write_paging(const Settings& settings) {
  return settings.paging ? std::string(to_string(*settings.paging)) : "";
}

std::string write_model(const Settings& settings) {
  return settings.cpu_model.empty() ? std::string(own_model[0]) : settings.cpu_model;
}

std::string write_features(const Settings& settings) {
  return fmt::format("{}", fmt::join(settings.cpu_features, " "));
}

std::string write_scratch_size(const Settings& settings) {
  return settings.scratch_size == 0 ? std::string(no_disk[0]) : memory_text(settings.scratch_size);
}

constexpr Setting all_settings[] = {
    {{"image",
      {.type = Form::Type::image},
      "the guest's image (`lab image list`), or [a file of your own](#files-of-your-own)",
      "required (in the file, the matrix or by `--set`)"},
     read_image,
     write_text<&Settings::image>},
    number<&Settings::guests>("guest.count", 1, 8,
                              "guests alike, at the same time; each has its own counts"),
    number<&Settings::vcpus>("guest.vcpus", 1, 64, "virtual processors"),
    {{"guest.memory", {Form::Type::memory, 64 * mib, 64 * gib}, "the guest's memory"},
     read_bytes<&Settings::memory>,
     write_bytes<&Settings::memory>},
    flag<&Settings::huge_pages>("guest.huge_pages",
                                "its memory in pages of 2 MiB on the outer VM; memory is then a "
                                "multiple of that"),
    one_of<Machine, &Settings::machine>("guest.machine", "the machine type"),
    {{"guest.cpu.model",
      {.type = Form::Type::name, .words = own_model},
      "a model of QEMU's (`EPYC`), or the outer VM's own"},
     read_model,
     write_model},
    {{"guest.cpu.features",
      {.type = Form::Type::features},
      "added to and taken from the model: `\"+invtsc -x2apic\"`"},
     read_cpu_features,
     write_features},
    one_of<DiskBus, &Settings::disk_bus>("guest.disk.bus", "where the image's disk is"),
    one_of<DiskCache, &Settings::disk_cache>("guest.disk.cache", "how QEMU caches it"),
    {{"guest.scratch.size", {Form::Type::memory, mib, 64 * gib, no_disk}, "one more disk, empty"},
     read_scratch_size,
     write_scratch_size},
    one_of<DiskBus, &Settings::scratch_bus>(
        "guest.scratch.bus", "where that disk is; only with a size, as `guest.scratch.cache`"),
    one_of<DiskCache, &Settings::scratch_cache>("guest.scratch.cache", "how QEMU caches it"),
    one_of<Nic, &Settings::nic>("guest.nic.model", "network card"),
    one_of<Network, &Settings::network>(
        "guest.nic.network",
        "what it is connected to: QEMU's user network, where only its gateway 10.0.2.2 answers; "
        "nothing; or the user network with a way out (`open`), to whatever the machine reaches on "
        "which the guest runs, and to that machine's own services"),
    one_of<Console, &Settings::console>(
        "guest.console",
        "how much the guest's kernel says on its serial console; every byte of it is an exit"),
    one_of<Clock, &Settings::clock>("guest.clock", "the guest's clock source"),
    {{"guest.cmdline",
      {Form::Type::line, 0, 1024},
      "added to the guest kernel's command line: `nohz=off`"},
     read_line<&Settings::cmdline>,
     write_text<&Settings::cmdline>},
    file<&Settings::guest_kernel>("guest.kernel", of_image,
                                  "[a kernel of your own](#files-of-your-own), a bzImage",
                                  "`image`: the image's own"),
    file<&Settings::guest_initrd>(
        "guest.initrd", of_image, "the initrd of that kernel",
        "`image`: the image's own where it boots without a disk (`tiny`), else none"),
    file<&Settings::guest_emulator>("guest.emulator", usual,
                                    "[a QEMU of your own](#files-of-your-own) for the guest",
                                    "`usual`: the outer VM's"),
    file<&Settings::guest_firmware>("guest.firmware", usual,
                                    "firmware of your own for the guest (SeaBIOS, OVMF)",
                                    "`usual`: the emulator's"),
    flag<&Settings::ksm>("host.ksm", "same-page merging runs on the outer VM meanwhile"),
    number<&Settings::samples>("samples", 0, 100, "of the timeline, a second; 0: no timeline"),
    one_of<Exact, &Settings::exact>(
        "exact",
        "the same exits each time: the outer VM counts instructions and nothing from outside "
        "reaches it (sites `svm`, `vmx`); `auto`: where that is possible (`lab run --exact`, "
        "`--no-exact`)"),
    one_of<Layout, &Settings::layout>("kvm.layout", "which CPUID leaf answers what"),
    {{"kvm.paging", word_form(words_of<Paging>),
      "guest's page tables: `nested` walked by the processor (EPT, NPT), `shadow` kept by KVM",
      "`nested`"},
     read_paging,
     write_paging},
    {{"kvm.kernel",
      {.type = Form::Type::kernel},
      "the outer VM's kernel: a release (`6.1.0-56-amd64`), a series (`6.12`), a suite (`trixie`: "
      "its newest) or `newest` (`lab kvm list --available` names them); or a kernel tree of yours "
      "(`./linux`, `~/linux@v6.12`) or a folder with a kernel's .deb files: [`lab help "
      "yours`](../orchestrator/help/yours.md)",
      "Debian 12's newest (`bookworm`)"},
     read_kernel_name,
     write_text<&Settings::kernel>},
    one_of<Processor, &Settings::processor>(
        "kvm.processor",
        "the outer VM's processor, on site `vmx` only; `skylake-x` needs lab's own Bochs"),
    {{"kvm.scope", word_form(scope_words),
      "whose exits the leaves answer for: the guest's, or all VMs' since the modules were loaded",
      "that of the modules: the guest's"},
     read_scope,
     nullptr},
    {{"kvm.causes", number_form(0, 65536),
      "entries a vCPU for the causes of exits (`lab run --causes` takes 16384), at least 16, made "
      "a "
      "power of two; 0: none"},
     read_causes,
     write_number<&Settings::causes>},
};

}  // namespace

std::span<const Setting> settings_table() {
  return all_settings;
}

}  // namespace lab::scenario
