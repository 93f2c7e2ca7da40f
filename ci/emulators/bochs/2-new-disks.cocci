// SPDX-License-Identifier: LGPL-2.0-or-later
//
// hdimage: Begin anew with a disk whose changes were not saved
//
// A restored machine may have another disk in the place of one that it had released. Whoever
// exchanges it removes the file with the old one's changes, without which Bochs would give up.
//
// line: iodev/hdimage/hdimage.cc ==> if (temp_redolog->open(backup_fname, REDOLOG_SUBTYPE_VOLATILE, O_RDONLY) < 0) { ==> if (access(backup_fname, F_OK) < 0) { delete temp_redolog; return; }
// expect: iodev/hdimage/hdimage.cc 1 if (access(backup_fname, F_OK) < 0) { delete temp_redolog; return; }
