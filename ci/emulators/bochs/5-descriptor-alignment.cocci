// SPDX-License-Identifier: LGPL-2.0-or-later
//
// cpu: Accept posted-interrupt descriptors of 64 bytes' alignment
//
// VM entry requires that the descriptor begins at a page; the manual (Intel SDM, volume 3,
// "VM-Execution Control Fields") only requires bits 5:0 of its address to be 0. KVM's descriptor is
// in the vCPU, so no guest starts on a processor with posted interrupts. Bochs fixed this after 3.0.
//
// instead: cpu/vmx.cc ==> if (! IsValidPageAlignedPhyAddr(vm->pid_addr)) { ==> if (! IsValidPhyAddr(vm->pid_addr) || (vm->pid_addr & 0x3f) != 0) {
// expect: cpu/vmx.cc 1 IsValidPhyAddr(vm->pid_addr) || (vm->pid_addr & 0x3f) != 0
// expect: cpu/vmx.cc 0 IsValidPageAlignedPhyAddr(vm->pid_addr)
