/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RT_CPU_H
#define RT_CPU_H

/*
 * The machine's CPUs: who runs, and starting the others.
 */

#include <stdint.h>

#define CPU_COUNT_MAX	8u

/** (runtime) Learns the CPUs' numbers from the device tree. */
void cpu_init(void);

/** Number of CPUs that the program can use, and the index of the one that runs it. */
unsigned cpu_count(void);
unsigned cpu_index(void);

/** Starts CPU `cpu` with `function(arg)`, interrupts unmasked, on a stack of its own. When that returns, the CPU is off.
 *  Returns PSCI's answer: 0, or a negative error. */
int cpu_start(unsigned cpu, void (*function)(void *arg), void *arg);

/** MPIDR affinity of the CPU with this index. */
uint64_t cpu_mpidr(unsigned cpu);

/** Turns off the CPU that calls. */
_Noreturn void cpu_off(void);

/** A lock for what several CPUs touch; take it with interrupts masked if a handler takes it too. */
struct spinlock {
	uint32_t taken;
};

static inline void spin_lock(struct spinlock *lock)
{
	while (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE))
		__asm__ volatile("yield");
}

static inline void spin_unlock(struct spinlock *lock)
{
	__atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
}

#endif
