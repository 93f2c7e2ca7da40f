// SPDX-License-Identifier: LGPL-2.0-or-later
//
// cpu: Save the state when the machine asks for it
//
// SIM->save_state() is called from a display's window only. A machine that writes a byte to port
// 0x8901 is saved in the folder `state` right after that instruction, and Bochs ends: at the same
// instruction each time, which a signal from outside would not be.
//
// file: lab-save.h
// line: cpu/event.cc ==> #include "iodev/iodev.h" ==> #include "lab-save.h"
// line: cpu/event.cc ==> // This area is where we process special conditions and events. ==> lab_save_where_asked();
// line: iodev/unmapped.cc ==> #include "iodev.h" ==> #include "lab-save.h"
// line: iodev/unmapped.cc ==> // IO port are ignored. ==> if (address == lab_save_port) lab_ask_to_save();
// expect: cpu/event.cc 1 lab_save_where_asked();
// expect: iodev/unmapped.cc 1 lab_ask_to_save();
