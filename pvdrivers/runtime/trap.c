/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions: an abort in an access to a peer's window ends that access with an error; else the program's hook first, then the
 * GIC for interrupts, then a dump in words and the end.
 */

#include <stdio.h>

#include <rt/cpu.h>
#include <rt/irq.h>
#include <rt/psci.h>
#include <rt/sysreg.h>
#include <rt/trap.h>

#include <virtio/vq_err.h>

#define CLASS_DATA_ABORT	0x25u	/* taken from the same exception level */

/* Of window.S. */
extern char window_code_start[], window_code_end[];

static trap_hook_t sync_hook;
static trap_hook_t irq_hook;

void trap_set_hook(trap_hook_t hook)
{
	sync_hook = hook;
}

void trap_set_irq_hook(trap_hook_t hook)
{
	irq_hook = hook;
}

const char *trap_class_name(uint64_t esr)
{
	switch (esr >> 26 & 0x3f) {
	case 0x00: return "undefined instruction";
	case 0x01: return "trapped WFI or WFE";
	case 0x07: return "trapped floating point";
	case 0x0e: return "illegal execution state";
	case 0x15: return "SVC";
	case 0x16: return "HVC";
	case 0x17: return "SMC";
	case 0x18: return "trapped system register";
	case 0x20: case 0x21: return "instruction abort";
	case 0x22: return "misaligned PC";
	case 0x24: case 0x25: return "data abort";
	case 0x26: return "misaligned SP";
	case 0x2f: return "SError";
	case 0x3c: return "breakpoint instruction";
	default: return "exception";
	}
}

static const char *fault_name(uint64_t esr)
{
	switch (esr & 0x3c) {
	case 0x00: return "address size";
	case 0x04: return "translation";
	case 0x08: return "access flag";
	case 0x0c: return "permission";
	case 0x10: return "external abort";
	case 0x20: return "alignment";
	default: return "other";
	}
}

static bool is_abort(uint64_t esr)
{
	uint64_t class = esr >> 26 & 0x3f;

	return class == 0x20 || class == 0x21 || class == 0x24 || class == 0x25;
}

static void dump(unsigned vector, const struct trap_frame *frame)
{
	static const char *const kinds[] = { "synchronous", "IRQ", "FIQ", "SError" };

	printf("\nEXCEPTION on CPU %u: %s, %s", cpu_index(), kinds[vector & 3], trap_class_name(frame->esr));
	if (is_abort(frame->esr))
		printf(", %s, %s at %#018llx", fault_name(frame->esr),
		       frame->esr & 1u << 6 && frame->esr >> 26 >= 0x24 ? "write" : "read",
		       (unsigned long long)frame->far);
	printf("\n  pc %016llx  sp %016llx  esr %08llx  spsr %08llx\n", (unsigned long long)frame->elr,
	       (unsigned long long)frame->sp, (unsigned long long)frame->esr, (unsigned long long)frame->spsr);
	for (unsigned n = 0; n < 31; n++)
		printf("%s x%-2u %016llx", n % 4 ? "" : n ? "\n " : " ", n, (unsigned long long)frame->x[n]);
	printf("\n");
}

/* The accesses to windows are leaf functions without a stack frame, so the link register is all that it takes to end one. */
static bool end_window_access(enum trap_kind kind, struct trap_frame *frame)
{
	if (kind != TRAP_SYNC || (frame->esr >> 26 & 0x3f) != CLASS_DATA_ABORT)
		return false;
	if (frame->elr < (uintptr_t)window_code_start || frame->elr >= (uintptr_t)window_code_end)
		return false;
	frame->x[0] = (uint64_t)VQ_ERR_FAULT;
	frame->elr = frame->x[30];
	return true;
}

void trap_handle(unsigned vector, struct trap_frame *frame)
{
	static unsigned depth;
	enum trap_kind kind = (enum trap_kind)(vector & 3);
	trap_hook_t hook = kind == TRAP_IRQ ? irq_hook : sync_hook;

	if (end_window_access(kind, frame))
		return;
	if (hook && hook(kind, frame))
		return;
	if (kind == TRAP_IRQ) {
		irq_dispatch();
		return;
	}
	if (!depth++)
		dump(vector, frame);
	psci_system_off();
}
