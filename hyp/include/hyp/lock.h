/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ticket lock in the hypervisor's own memory. A partition can never write
 * the word, so no guest can keep a holder or a waiter spinning. Lock order,
 * outermost first: lock of what is typed, window lock, device.lock, partition.lock, vgic lock of a
 * partition, console lock.
 */
#ifndef HYP_LOCK_H
#define HYP_LOCK_H

#include <hyp/types.h>

struct lock {
	uint32_t next;    /* (lock) ticket of the next that comes */
	uint32_t serving; /* (lock) ticket of the holder */
};

/** Until `ticket` is served. For lock_take(). */
void lock_wait(const struct lock *lock, uint32_t ticket);

/**
 * Take `lock`. Context: any CPU, interrupts masked as everywhere in the
 * hypervisor. Pairs its acquire with the release of lock_drop().
 */
static inline void lock_take(struct lock *lock)
{
	uint32_t ticket = __atomic_fetch_add(&lock->next, 1u, __ATOMIC_RELAXED);

	if (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket)
		lock_wait(lock, ticket);
}

/** Give `lock` to the next waiter. Context: the holder. */
static inline void lock_drop(struct lock *lock)
{
	__atomic_store_n(&lock->serving, lock->serving + 1u, __ATOMIC_RELEASE);
}

#endif
