/* SPDX-License-Identifier: MIT */
/* Answers the host's requests on a virtio-serial port. */
#ifndef READER_SERVE_H
#define READER_SERVE_H

#include "leaves.h"

#define READER_VERSION "4.0"
#define READER_PROTOCOL 4

/* Serves until the host asks for a power-off or reboot (returns 0) or the port is gone (1). */
int serve(const char *port, struct leaves *leaves);

#endif
