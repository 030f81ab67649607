/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ticket lock in the hypervisor's own memory. A partition can never write
 * the word, so no guest can keep a holder or a waiter spinning. Lock order,
 * outermost first: partition.lock, vgic lock of that partition, console lock.
 */
#ifndef HYP_LOCK_H
#define HYP_LOCK_H

#include <hyp/types.h>

struct lock {
	uint32_t next;    /* (lock) ticket of the next that comes */
	uint32_t serving; /* (lock) ticket of the holder */
};

/**
 * Take `lock`. Context: any CPU, interrupts masked as everywhere in the
 * hypervisor. Pairs its acquire with the release of lock_drop().
 */
void lock_take(struct lock *lock);

/** Give `lock` to the next waiter. Context: the holder. */
void lock_drop(struct lock *lock);

#endif
