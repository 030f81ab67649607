/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ticket lock. First come, first served, so that the wait of a CPU is bounded
 * by the holders before it. It must not know what it protects.
 */
#include <hyp/arch.h>
#include <hyp/lock.h>

void lock_wait(const struct lock *lock, uint32_t ticket)
{
	while (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket)
		arch_relax();
}
