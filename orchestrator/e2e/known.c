// SPDX-License-Identifier: MIT
// A module for a guest's kernel whose functions cause known exits, so many of each as the test
// Causes.OfAGuestsModuleHaveItsFunctionsNames wants. The instructions stand in the functions
// themselves: the kernel's own outb() and rdmsrl() may be calls of other functions.
#include <linux/init.h>
#include <linux/module.h>

static noinline void known_port(unsigned int times) {
  while (times--) asm volatile("outb %b0, %w1" : : "a"(0), "Nd"(0x7e0));  // no device is there
}

static noinline void known_msr(unsigned int times) {
  unsigned int low, high;

  while (times--) asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(0x8b));
}

static noinline void known_leaf(unsigned int times) {
  unsigned int eax, ebx, ecx, edx;

  while (times--)
    asm volatile("cpuid" : "=a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx) : "a"(0x80000002));
}

static int __init known_init(void) {
  known_port(300);
  known_msr(200);
  known_leaf(100);
  return 0;
}

static void __exit known_exit(void) {}

module_init(known_init);
module_exit(known_exit);
MODULE_DESCRIPTION("Causes known VM exits");
MODULE_LICENSE("Dual MIT/GPL");
