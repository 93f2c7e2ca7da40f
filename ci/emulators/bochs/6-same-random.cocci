// SPDX-License-Identifier: LGPL-2.0-or-later
//
// cpu: RDRAND and RDSEED give the same numbers in each run
//
// They are rand()'s, seeded by the time of day. Programs in the outer VM ask the processor for
// random numbers without asking Linux (libstdc++, GnuTLS, libgcrypt): 2 of 30 runs that went on from
// saved states had other counts than the rest.
//
// instead: cpu/init.cc ==> srand(time(NULL)); // initialize random generator for RDRAND/RDSEED ==> srand(1);
// expect: cpu/init.cc 1 srand(1);
// expect: cpu/init.cc 0 time(NULL)
