// SPDX-License-Identifier: MIT
// SIGINT and SIGTERM as a question that every waiting loop asks, so that cleanup always runs.
#pragma once

#include <chrono>
#include <stop_token>

namespace lab::base {

// From now on SIGINT, SIGTERM and SIGHUP set a flag instead of ending the process, and SIGPIPE is
// ignored. A second one, two seconds later or more, ends the process at once (exit code 130): what
// cleans up may hang. Call once, at the start of main.
void catch_interrupts();

// Whether one of them came, or this thread alone is to end. Sleeping system calls end early at a
// signal.
bool interrupted();

// From now on interrupted() asks this token, too, in the calling thread.
void interrupt_thread_by(std::stop_token stop);

// Throws Error (interrupted) if so.
void throw_if_interrupted();

// Sleeps; throws Error (interrupted) as soon as the user asks to stop.
void sleep_interruptibly(double seconds);

// Sleeps until that very moment: the kernel may not let it wait for the next timer nearby.
void sleep_until_interruptibly(std::chrono::steady_clock::time_point moment);

}  // namespace lab::base
