/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RT_MMIO_H
#define RT_MMIO_H

/*
 * Device registers: one access of the said width, in program order with the others. It knows no device.
 */

#include <stdint.h>

static inline uint32_t mmio_read32(uintptr_t at)
{
	uint32_t value;

	__asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(at) : "memory");
	return value;
}

static inline void mmio_write32(uintptr_t at, uint32_t value)
{
	__asm__ volatile("str %w0, [%1]" : : "rZ"(value), "r"(at) : "memory");
}

static inline uint64_t mmio_read64(uintptr_t at)
{
	uint64_t value;

	__asm__ volatile("ldr %0, [%1]" : "=r"(value) : "r"(at) : "memory");
	return value;
}

static inline void mmio_write64(uintptr_t at, uint64_t value)
{
	__asm__ volatile("str %x0, [%1]" : : "rZ"(value), "r"(at) : "memory");
}

static inline uint16_t mmio_read16(uintptr_t at)
{
	uint32_t value;

	__asm__ volatile("ldrh %w0, [%1]" : "=r"(value) : "r"(at) : "memory");
	return (uint16_t)value;
}

static inline void mmio_write16(uintptr_t at, uint16_t value)
{
	__asm__ volatile("strh %w0, [%1]" : : "rZ"((uint32_t)value), "r"(at) : "memory");
}

static inline uint8_t mmio_read8(uintptr_t at)
{
	uint32_t value;

	__asm__ volatile("ldrb %w0, [%1]" : "=r"(value) : "r"(at) : "memory");
	return (uint8_t)value;
}

static inline void mmio_write8(uintptr_t at, uint8_t value)
{
	__asm__ volatile("strb %w0, [%1]" : : "rZ"((uint32_t)value), "r"(at) : "memory");
}

#endif
