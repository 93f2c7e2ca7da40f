// SPDX-License-Identifier: LGPL-2.0-or-later
//
// config: Allow 3 GiB of memory in the host
//
// The rest of a larger machine lies in a file. The limit of 2 GiB is for 32-bit hosts; 3 GiB fit
// below the addresses of PCI.
//
// line: config.cc ==> host_ramsize->set_ask_format("Enter host memory size (MB): [%d] "); ==> host_ramsize->set_range(1, 3072);
// expect: config.cc 1 host_ramsize->set_range(1, 3072);
