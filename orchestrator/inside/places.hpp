// SPDX-License-Identifier: MIT
// Names places in an outer VM. Its image (images/outer) mounts the job's disk and names disks and
// ports; outer/places_test.cpp compares these words with its scripts.
#pragma once

namespace lab::inside {

inline constexpr const char* job_place = "/run/lab/job";  // the job's disk
inline constexpr const char* devices_place = "/dev/lab";  // disks and ports by lab's names
inline constexpr const char* stream_place = "/dev/lab/stream";

}  // namespace lab::inside
