// SPDX-License-Identifier: MIT
// Lets lab be process 1 of a container that has no other init.
#pragma once

namespace lab::base {

// Forks where this is process 1, and returns in the child. Process 1 stays behind as an init (as
// tini does): it reaps orphaned processes, passes signals on to the child, and ends with the
// child's exit code, or 128 and the number of the signal that ended it. Without this a QEMU that
// has ended exists for ever, and libvirt waits for its end. Call it before starting threads.
void leave_first_process();

}  // namespace lab::base
