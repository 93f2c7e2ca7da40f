/* SPDX-License-Identifier: MIT */
/* The service: answers the host's requests on a virtio-serial port. */
#ifndef READER_SERVE_H
#define READER_SERVE_H

#include "leaves.h"

#define READER_VERSION "4.0"
#define READER_PROTOCOL 4

/* Serves until the host asks to power off or to reboot (0), or the port is gone (1). */
int serve(const char *port, struct leaves *leaves);

#endif
