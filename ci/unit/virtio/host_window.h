/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_VIRTIO_HOST_WINDOW_H
#define UNIT_VIRTIO_HOST_WINDOW_H

/*
 * The accesses of window.h on the host, where no memory goes away by itself: a test says when. It must not know rings.
 */

#include <stdbool.h>
#include <stddef.h>

/* While set, every access ends as if the window had been taken away. */
extern bool host_window_gone;

/* Accesses until it goes by itself; 0: never. */
extern size_t host_window_left;

#endif
