/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RT_MMIO_H
#define RT_MMIO_H

/*
 * Stands in for the runtime's header of this name: accesses to registers go to the test's machine.
 */

#include <stdint.h>

uint64_t fake_read(uint64_t at, unsigned bytes);
void fake_write(uint64_t at, uint64_t value, unsigned bytes);

static inline uint32_t mmio_read32(uintptr_t at) { return (uint32_t)fake_read(at, 4); }
static inline uint16_t mmio_read16(uintptr_t at) { return (uint16_t)fake_read(at, 2); }
static inline uint8_t mmio_read8(uintptr_t at) { return (uint8_t)fake_read(at, 1); }
static inline void mmio_write32(uintptr_t at, uint32_t value) { fake_write(at, value, 4); }
static inline void mmio_write16(uintptr_t at, uint16_t value) { fake_write(at, value, 2); }
static inline void mmio_write8(uintptr_t at, uint8_t value) { fake_write(at, value, 1); }

#endif
