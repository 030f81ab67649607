/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GUESTS_PHYS_H
#define GUESTS_PHYS_H

/*
 * What the files of this guest tell one another.
 */

#include <stdbool.h>
#include <stdint.h>

#include <phys/blk.h>
#include <phys/nic.h>

#define SECOND	1000000000ull

/** One line of TAP; the name is a format. Returns `good`. */
__attribute__((format(printf, 2, 3))) bool check(bool good, const char *name, ...);

/* Each puts one device through its questions. */
void test_disk(struct blk_device *disk);
void test_nic(struct nic_device *nic);

/* Sleeps until `*flag`, set by an interrupt, or until the time is over. */
bool sleep_for(const volatile bool *flag, uint64_t ns);

#endif
