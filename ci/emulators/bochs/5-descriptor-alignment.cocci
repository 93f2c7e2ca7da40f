// SPDX-License-Identifier: LGPL-2.0-or-later
//
// cpu: Accept posted-interrupt descriptors of 64 bytes' alignment
//
// VM entry wants the descriptor's address to be that of a page; the manual (Intel SDM, volume 3,
// "VM-Execution Control Fields") asks for bits 5:0 to be 0. KVM's lies in the vCPU, and no guest
// starts on a processor with posted interrupts. Mended after 3.0.
//
// instead: cpu/vmx.cc ==> if (! IsValidPageAlignedPhyAddr(vm->pid_addr)) { ==> if (! IsValidPhyAddr(vm->pid_addr) || (vm->pid_addr & 0x3f) != 0) {
// expect: cpu/vmx.cc 1 IsValidPhyAddr(vm->pid_addr) || (vm->pid_addr & 0x3f) != 0
// expect: cpu/vmx.cc 0 IsValidPageAlignedPhyAddr(vm->pid_addr)
