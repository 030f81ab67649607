/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words that every file of the hypervisor shares: address types, the error
 * enum, TRY and ASSERT. It must know nothing of partitions or of an
 * architecture.
 */
#ifndef HYP_TYPES_H
#define HYP_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Host physical address, in bytes. */
typedef struct { uint64_t v; } pa_t;
/* Guest physical address (IPA on Arm, GPA on x86), in bytes. */
typedef struct { uint64_t v; } ipa_t;
/* Number of a physical or virtual interrupt in the numbering of the controller (INTID on Arm). */
typedef uint32_t irq_t;

#define PAGE_SHIFT 12
#define PAGE_SIZE (1ul << PAGE_SHIFT)

#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BIT(n) (1ul << (n))
#define MUST_CHECK __attribute__((warn_unused_result))
#define NORETURN __attribute__((noreturn))
#define PRINTF(format_at, first_at) __attribute__((format(printf, format_at, first_at)))

/* The object of type `type` whose member `member` is at `pointer`. */
#define CONTAINER_OF(pointer, type, member) \
	((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* What a function of the hypervisor can answer. Guests see another enum, in hyp/abi. */
enum err {
	OK = 0,
	ERR_RANGE = -1,    /* a number or address outside what its owner was given */
	ERR_GUEST = -2,    /* a guest broke a protocol; nothing of ours is wrong */
	ERR_STATE = -3,    /* not possible in the present state */
	ERR_DENIED = -4,   /* the plan gives the caller no such right */
	ERR_ABSENT = -5,   /* no such partition, device, call or resource in the plan */
	ERR_FULL = -6,     /* a statically sized table or ring has no room left */
	ERR_HARDWARE = -7, /* the machine did not do what its specification says */
};

/* Returns from the calling function with the error of `call`, if there is one. */
#define TRY(call)                            \
	do {                                 \
		enum err try_err_ = (call);  \
		if (try_err_ != OK)          \
			return try_err_;     \
	} while (0)

/* Stops the machine with a report: for our own invariants, never for anything that comes from outside. */
#define ASSERT(condition)                                         \
	do {                                                      \
		if (__builtin_expect(!(condition), 0))            \
			panic_assert(__FILE_NAME__, __LINE__, #condition); \
	} while (0)

#ifndef __FILE_NAME__
#define __FILE_NAME__ __FILE__
#endif

/**
 * Print `file`, `line` and the condition that does not hold, with the state
 * of this CPU, then reset the board.
 *
 * Context: any CPU, any state; takes no lock that it could already hold.
 */
NORETURN void panic_assert(const char *file, int line, const char *condition);

#endif
