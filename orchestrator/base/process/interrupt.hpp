// SPDX-License-Identifier: MIT
// Turns SIGINT and SIGTERM into a flag that every waiting loop checks, so that cleanup always runs.
#pragma once

#include <chrono>
#include <stop_token>

namespace lab::base {

// Makes SIGINT, SIGTERM and SIGHUP set a flag instead of ending the process, and ignores SIGPIPE. A
// second signal, two seconds later or more, ends the process at once (exit code 130), as cleanup
// may hang. Call once, at the start of main.
void catch_interrupts();

// Returns whether one of them came, or this thread alone should end. Sleeping system calls end
// early at a signal.
bool interrupted();

// Makes interrupted() check this token, too, in the calling thread.
void interrupt_thread_by(std::stop_token stop);

// Throws Error (interrupted) where interrupted() is true.
void throw_if_interrupted();

// Sleeps; throws Error (interrupted) as soon as the user asks to stop.
void sleep_interruptibly(double seconds);

// Sleeps until exactly that moment: the kernel may not delay it to a timer nearby.
void sleep_until_interruptibly(std::chrono::steady_clock::time_point moment);

}  // namespace lab::base
