// SPDX-License-Identifier: MIT
// What an outer VM stands in and cannot know itself: who emulates it, and the machine whose speed
// is its clock.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "orchestrator/record/record.hpp"
#include "orchestrator/site/job.hpp"
#include "orchestrator/site/outer_vm.hpp"

namespace lab::site {

// All that this QEMU says of its version; "" where it says nothing.
std::string qemu_version_text(const std::filesystem::path& emulator);

// What libvirt takes for an x86 guest where it is told no emulator.
inline constexpr const char* usual_qemu = "qemu-system-x86_64";

// "QEMU 10.0.2" or "Bochs 2.7", from what either says of itself; "" where it is neither.
std::string emulator_in_words(std::string_view text);

// "2 x AMD EPYC 7B13": one line of printable ASCII, at most 128 characters; "" where the model is
// not known.
std::string host_in_words(unsigned processors, std::string_view model);
std::string this_host();  // this machine's

// The value of the first line "name : value" of /proc/cpuinfo; "" where there is none.
std::string cpu_field(const std::string& name);

// Conditions of the job's records: the emulator; the host, where it is the outer VM's clock. They
// stay outside: the bytes of an exact job are the same everywhere. What cannot be found out is
// absent.
record::Conditions surroundings(const OuterImage& image, const Job& job);

}  // namespace lab::site
