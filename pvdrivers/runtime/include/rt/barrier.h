/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RT_BARRIER_H
#define RT_BARRIER_H

/*
 * Order between the CPU and devices that share its memory. It must not know what is shared.
 */

/* What the CPU wrote before is seen by a device that then learns of it; what the device told of is read after. The
 * partner is the device's own order: it reads a descriptor after the doorbell, and writes a status after the data. */
static inline void dma_write_barrier(void) { __asm__ volatile("dmb oshst" : : : "memory"); }
static inline void dma_read_barrier(void) { __asm__ volatile("dmb oshld" : : : "memory"); }
static inline void dma_full_barrier(void) { __asm__ volatile("dmb osh" : : : "memory"); }

#endif
