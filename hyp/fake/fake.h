/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fake architecture: every hook of arch.h on the host, for unit tests of
 * the core. It records calls in order, owns a counter that only tests and
 * idling move, and turns "never returns" into a jump back to the test. It
 * must not know what the core intends.
 */
#ifndef HYP_FAKE_H
#define HYP_FAKE_H

#include <hyp/plan.h>
#include <hyp/types.h>
#include <hyp/vcpu.h>

#include <setjmp.h>

#define FAKE_HZ 1000000u          /* the counter ticks in microseconds */
#define FAKE_MEMORY_BYTES (1u << 20)

/* Why the core did not come back to the caller. */
enum fake_end {
	FAKE_RETURNED = 0,
	FAKE_IDLE_FOREVER, /* a CPU idles, no timer is set and no interrupt is pending */
	FAKE_BOARD_RESET,
	FAKE_BOARD_OFF,
	FAKE_PANIC,
};

/* A PCI function: what its registers hold, and which of their bits take what is written. */
struct fake_pci {
	uint16_t requester;
	uint8_t bytes[256];
	uint8_t writable[256];
	uint8_t cleared[256]; /* bits that a one clears */
};

struct fake {
	uint64_t counter;
	uint64_t timer[PLAN_CPU_MAX];     /* arch_timer_set() of each CPU */
	bool kicked[PLAN_CPU_MAX];
	uint32_t cpu;                     /* index of the CPU that runs now */
	uint64_t device_deadline;         /* what arch_devices_deadline() answers */
	uint32_t irq_vcpus;               /* bit of each vCPU (by order in fake_vcpus) that has an interrupt */
	const struct vcpu *irq_of;        /* the vCPU that has an interrupt */
	uint64_t work_ticks;              /* what each piece of memory work costs */
	jmp_buf end;
	bool end_is_set;
	char trace[65536];                /* one call a line */
	size_t trace_length;
	/* at physical address 0; where it stands on the host, for addresses that the core took from a pointer */
	__attribute__((aligned(4096))) uint8_t memory[FAKE_MEMORY_BYTES];
	uint8_t uart_input[64];
	uint32_t uart_input_count, uart_input_next;
	char uart_output[65536];
	uint32_t uart_output_count;
	uint32_t uart_room;               /* bytes that the transmitter still takes */
	struct fake_pci pci[2];           /* those with a vendor are there */
	bool is_held;                     /* an idle CPU returns: time does not go on to its timer */
	void (*on_flush)(void);           /* called in each arch_stage2_flush() */
	void (*on_uart_put)(void);        /* called once, inside the next arch_uart_put(): another CPU at that moment */
};

extern struct fake fake;

/** Everything to its first state. */
void fake_begin(void);

/** Forget the trace. */
void fake_trace_clear(void);

/** Add a line to the trace. */
void fake_note(const char *format, ...) PRINTF(1, 2);

/** Is `text` in the trace? If `after` is not null, behind that text. */
bool fake_traced(const char *text, const char *after);

/** How often `text` stands in the trace. */
uint32_t fake_count(const char *text);

/** Run `function(argument)` as CPU `cpu`. Returns how it ended. */
enum fake_end fake_run(uint32_t cpu, void (*function)(void *), void *argument);

#endif
