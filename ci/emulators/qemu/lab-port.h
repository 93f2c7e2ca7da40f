/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Adds a port at which a machine that counts instructions has its clock stopped,
 * or is paused: see the change machine-port.
 */
#ifndef LAB_PORT_H
#define LAB_PORT_H

#include "exec/memory.h"
#include "exec/address-spaces.h"

#define LAB_PORT 0x8901 /* as in Bochs */

/* A stopped clock goes on after so many instructions, as something waits for it. */
#define LAB_LONGEST_STAND 100000000
#define LAB_LONGEST_SKIP 10000000000

static bool lab_clock_stands;
static bool lab_clock_skips; /* stands, but for what the machine waits for */
static int64_t lab_stood_for; /* instructions */

/* The machine has asked to be paused, and executes nothing more. */
static bool lab_pauses;

/* Returns how much of the machine's time these instructions take. */
static int64_t lab_counted(int64_t executed)
{
    if (!lab_clock_stands) {
        return executed;
    }
    lab_stood_for += executed;
    if (lab_stood_for > (lab_clock_skips ? LAB_LONGEST_SKIP : LAB_LONGEST_STAND)) {
        lab_clock_stands = false;
    }
    return 0;
}

/* An OUT is the last instruction of its TB, so the count is that of this very one. */
static void lab_port_write(void *opaque, hwaddr address, uint64_t value,
                           unsigned size)
{
    switch (value) {
    case 's': /* save: who watches QEMU does that as soon as it is paused */
        lab_pauses = true;
        vm_stop(RUN_STATE_PAUSED);
        break;
    case '0':
    case '1':
    case '2':
        icount_update(current_cpu);
        lab_clock_stands = value != '1';
        lab_clock_skips = value == '2';
        lab_stood_for = 0;
        break;
    }
}

/*
 * Is called where the machine has nothing to do but wait, before its clock is set
 * to the next deadline. Returns false where it only waits to be paused: the host's
 * time decides when QEMU's main loop does that, and would decide the clock, too.
 */
static bool lab_may_wait(void)
{
    lab_clock_stands = lab_clock_stands && lab_clock_skips;
    return !lab_pauses;
}

static uint64_t lab_port_read(void *opaque, hwaddr address, unsigned size)
{
    return lab_clock_stands ? '0' : '1';
}

static void lab_add_port(void)
{
    static const MemoryRegionOps ops = {
        .read = lab_port_read,
        .write = lab_port_write,
        .valid = { .min_access_size = 1, .max_access_size = 1 },
    };
    static MemoryRegion region;

    memory_region_init_io(&region, NULL, &ops, NULL, "lab-port", 1);
    memory_region_add_subregion(get_system_io(), LAB_PORT, &region);
}

#endif
