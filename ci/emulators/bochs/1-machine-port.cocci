// SPDX-License-Identifier: LGPL-2.0-or-later
//
// cpu: Add a port at which a machine is saved, or stops its clock
//
// SIM->save_state() is called from a display's window only. A machine that writes an 's' to port
// 0x8901 is saved in the folder `state` right after that instruction, and Bochs ends: at the same
// instruction each time, which a signal from outside would not be.
//
// After a '0' instructions take no time: until a '1', until the machine has nothing to do but wait,
// or until 100 million have been executed. What lab does in the machine differs from build to build,
// and nobody there may notice how long it takes.
//
// file: lab-clock.h
// file: lab-port.h
// line: cpu/event.cc ==> #include "iodev/iodev.h" ==> #include "lab-port.h"
// line: cpu/event.cc ==> // This area is where we process special conditions and events. ==> lab_do_what_was_asked();
// instead: cpu/event.cc ==> BX_TICKN(10); // when in HLT run time faster for single CPU ==> lab_set_clock(false); BX_TICKN(10); // when in HLT run time faster for single CPU
// line: iodev/unmapped.cc ==> #include "iodev.h" ==> #include "lab-port.h"
// line: iodev/unmapped.cc ==> // IO port are ignored. ==> if (address == lab_port) lab_ask(value);
// line: iodev/unmapped.cc ==> Bit32u retval; ==> if (address == lab_port) return lab_clock_stands ? '0' : '1';
// line: pc_system.h ==> #define BX_PCSYS_H ==> #include "lab-clock.h"
// line: pc_system.h ==> static BX_CPP_INLINE void tickn(Bit32u n) { ==> n = lab_counted(n);
// expect: cpu/event.cc 1 lab_do_what_was_asked();
// expect: cpu/event.cc 1 lab_set_clock(false);
// expect: iodev/unmapped.cc 1 lab_ask(value);
// expect: iodev/unmapped.cc 1 lab_clock_stands
// expect: pc_system.h 1 n = lab_counted(n);
