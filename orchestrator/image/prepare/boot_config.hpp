// SPDX-License-Identifier: MIT
// GRUB's and systemd-boot's files in an image: the kernel's parameters as a scenario wants them.
#pragma once

#include <string>
#include <string_view>

namespace lab::image {

enum class Console { quiet, verbose, none };

// Their words, in the same order.
inline constexpr std::string_view console_words[] = {"quiet", "verbose", "none"};

// The kernel's parameters for a console.
std::string console_parameters(Console console);

// GRUB's configuration with the kernel's console as wanted, `cmdline` added to its parameters, and
// no waiting at the menu. Error (user) for quotes and backslashes: GRUB hands them on escaped.
std::string grub_config_with(const std::string& config, Console console,
                             const std::string& cmdline);

// Whether the configuration starts kernels by lines of its own.
bool has_kernel_lines(const std::string& config);

// Whether it takes them from the files /boot/loader/entries/*.conf (the Boot Loader Specification;
// Fedora, RHEL and their kin).
bool takes_entries(const std::string& config);

// The parameters of the first kernel that the configuration starts by a line of its own, but for
// those that say where the console is; empty where it starts none. Words in which GRUB would put
// something ($root) are left out.
std::string first_kernel_parameters(const std::string& config);

// The same of a boot loader entry (boot_entry_with).
std::string entry_parameters(const std::string& entry, const std::string& environment);

// The parameters with `root` instead of their own root=; as they are where it is empty.
std::string with_root(const std::string& parameters, const std::string& root);

// Such a file with the kernel's console as wanted and `cmdline` added. Where its options are
// $kernelopts, they come from `environment`, the text of GRUB's grubenv. Error (user) as
// grub_config_with(), for dollar signs, too; Error (infrastructure) where it has no options.
std::string boot_entry_with(const std::string& entry, const std::string& environment,
                            Console console, const std::string& cmdline);

// The same for systemd-boot, which hands on the options as they are.
std::string systemd_boot_entry_with(const std::string& entry, Console console,
                                    const std::string& cmdline);

// systemd-boot's loader.conf without waiting at the menu.
std::string loader_config_with(const std::string& config);

}  // namespace lab::image
