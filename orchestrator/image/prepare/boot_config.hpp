// SPDX-License-Identifier: MIT
// Changes GRUB's and systemd-boot's files in an image so that kernels get a scenario's parameters.
#pragma once

#include <string>
#include <string_view>

namespace lab::image {

enum class Console { quiet, verbose, none };

// The names of the consoles, in the order of the enumerators.
inline constexpr std::string_view console_words[] = {"quiet", "verbose", "none"};

// Returns the kernel parameters that select a console.
std::string console_parameters(Console console);

// Returns GRUB's configuration with the kernel's console as wanted, `cmdline` added to its
// parameters, and no wait at the menu. Throws a user error for quotes and backslashes, which GRUB
// escapes.
std::string grub_config_with(const std::string& config, Console console,
                             const std::string& cmdline);

// Checks whether the configuration starts kernels by lines of its own.
bool has_kernel_lines(const std::string& config);

// Checks whether the configuration takes kernels from /boot/loader/entries/*.conf (the Boot Loader
// Specification; Fedora, RHEL and their kin).
bool takes_entries(const std::string& config);

// Returns the parameters of the first kernel that the configuration starts by a line of its own;
// empty where it starts none. Leaves out those that select the console, and words in which GRUB
// would expand a variable ($root).
std::string first_kernel_parameters(const std::string& config);

// Returns the same parameters of a boot loader entry (see boot_entry_with).
std::string entry_parameters(const std::string& entry, const std::string& environment);

// Replaces the root= of the parameters by `root`; changes nothing where `root` is empty.
std::string with_root(const std::string& parameters, const std::string& root);

// Returns a boot loader entry with the kernel's console as wanted and `cmdline` added. Where its
// options are $kernelopts, they come from `environment`, the text of GRUB's grubenv. Throws a user
// error as grub_config_with() does, and for dollar signs; an infrastructure error if it has no
// options.
std::string boot_entry_with(const std::string& entry, const std::string& environment,
                            Console console, const std::string& cmdline);

// Does the same for systemd-boot, which passes the options on unchanged.
std::string systemd_boot_entry_with(const std::string& entry, Console console,
                                    const std::string& cmdline);

// Returns systemd-boot's loader.conf without the wait at the menu.
std::string loader_config_with(const std::string& config);

}  // namespace lab::image
