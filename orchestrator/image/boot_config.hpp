// SPDX-License-Identifier: MIT
// GRUB's files in an image: the kernel's parameters as a scenario wants them.
#pragma once

#include <string>

namespace lab::image {

enum class Console { quiet, verbose, none };

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

// Such a file with the kernel's console as wanted and `cmdline` added. Where its options are
// $kernelopts, they come from `environment`, the text of GRUB's grubenv. Error (user) as
// grub_config_with(), for dollar signs, too; Error (infrastructure) where it has no options.
std::string boot_entry_with(const std::string& entry, const std::string& environment,
                            Console console, const std::string& cmdline);

}  // namespace lab::image
