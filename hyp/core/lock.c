/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ticket lock. First come, first served, so that the wait of a CPU is bounded
 * by the holders before it. It must not know what it protects.
 */
#include <hyp/arch.h>
#include <hyp/lock.h>

void lock_take(struct lock *lock)
{
	uint32_t ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);

	/* acquire: pairs with the release in lock_drop() of the holder before us */
	while (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket)
		arch_relax();
}

void lock_drop(struct lock *lock)
{
	/* only the holder writes `serving` */
	__atomic_store_n(&lock->serving, lock->serving + 1, __ATOMIC_RELEASE);
}
