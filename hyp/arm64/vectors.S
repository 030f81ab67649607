/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exception vectors and the way to a guest and back. A guest's registers go
 * to the top of this CPU's stack: x0..x19 and x30 at once, which C may
 * change; x20..x29 only for exits that look at them, or when the vCPU goes.
 * ELR_EL2 and SPSR_EL2 stay where they are.
 */
#include "offsets.h"

	.macro	save_first
	stp	x0, x1, [sp, #-FRAME_SIZE]!
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x19, [sp, #144]
	str	x30, [sp, #240]
	.endm

	.macro	save_rest
	stp	x20, x21, [sp, #160]
	stp	x22, x23, [sp, #176]
	stp	x24, x25, [sp, #192]
	stp	x26, x27, [sp, #208]
	stp	x28, x29, [sp, #224]
	.endm

	.macro	restore_rest
	ldp	x20, x21, [sp, #160]
	ldp	x22, x23, [sp, #176]
	ldp	x24, x25, [sp, #192]
	ldp	x26, x27, [sp, #208]
	ldp	x28, x29, [sp, #224]
	.endm

	.macro	restore_first
	ldp	x2, x3, [sp, #16]
	ldp	x4, x5, [sp, #32]
	ldp	x6, x7, [sp, #48]
	ldp	x8, x9, [sp, #64]
	ldp	x10, x11, [sp, #80]
	ldp	x12, x13, [sp, #96]
	ldp	x14, x15, [sp, #112]
	ldp	x16, x17, [sp, #128]
	ldp	x18, x19, [sp, #144]
	ldr	x30, [sp, #240]
	ldp	x0, x1, [sp], #FRAME_SIZE
	.endm

	/* Nothing speculates past the eret. */
	.macro	leave
	eret
	dsb	nsh
	isb
	.endm

	.macro	from_guest target
	.balign	0x80
	save_first
	b	\target
	.endm

	.macro	from_el2 target
	.balign	0x80
	b	\target
	.endm

	/* The first eight are exceptions that EL2 itself takes; only an SError can be expected, while one is being drained. */
	.macro	vector_table name, sync, irq, serror
	.balign	0x800
	.global	\name
\name:
	from_el2 el2_fault
	from_el2 el2_fault
	from_el2 el2_fault
	from_el2 el2_fault
	from_el2 el2_fault
	from_el2 el2_fault
	from_el2 el2_fault
	from_el2 el2_serror
	.rept	2
	from_guest \sync
	from_guest \irq
	from_guest \irq
	from_guest \serror
	.endr
	.endm

	.section .text.vectors, "ax"
	vector_table vectors_plain, guest_sync, guest_irq, guest_serror
	vector_table vectors_guarded, guarded_sync, guarded_irq, guarded_serror

	/* On CPUs that need it: firmware cleans the branch predictor before the first indirect branch. It changes x0..x3 only. */
	.macro	guarded name, target
\name:
	mrs	x0, tpidr_el2
	ldr	w0, [x0, #ARM64_CPU_WORKAROUND]
	smc	#0
	b	\target
	.endm
	guarded guarded_sync, guest_sync
	guarded guarded_irq, guest_irq
	guarded guarded_serror, guest_serror

/* The most frequent exits look at none of x20..x29. */
guest_sync:
	mrs	x1, esr_el2
	mov	x0, sp
	lsr	x2, x1, #26
	cmp	x2, #TRAP_HVC64
	b.ne	1f
	bl	trap_hvc
guest_exit:
	mrs	x0, tpidr_el2
	ldr	w1, [x0, #CPU_NEEDS_SCHEDULE]
	cbnz	w1, 2f
	restore_first
	leave

1:	cmp	x2, #TRAP_DATA_ABORT
	b.ne	3f
	tbnz	x1, #3, 5f		/* permission: a page that is only read */
	bl	trap_data_abort_fast	/* true: done */
	tbnz	w0, #0, guest_exit
	b	4f
5:	save_rest			/* the value may be in any register */
	bl	trap_device_fast
	tbnz	w0, #0, guest_exit
	b	4f
3:	cmp	x2, #TRAP_SYSREG
	b.ne	guest_full
	bl	trap_sysreg_fast
	tbnz	w0, #0, guest_exit
4:	mrs	x1, esr_el2

/* All registers are in the frame, and what the trap function leaves there counts. */
guest_full:
	save_rest
	adr	x3, trap_table
	lsr	x2, x1, #26
	mov	x0, sp
	ldr	x3, [x3, x2, lsl #3]
	blr	x3
	mrs	x0, tpidr_el2
	ldr	w1, [x0, #CPU_NEEDS_SCHEDULE]
	cbz	w1, guest_enter
	bl	cpu_schedule
	.global guest_enter
guest_enter:
	restore_rest
	restore_first
	leave

2:	save_rest
	bl	cpu_schedule
	b	guest_enter

guest_irq:
	bl	trap_irq
	b	guest_exit

guest_serror:
	save_rest
	mrs	x1, esr_el2
	mov	x0, sp
	bl	trap_serror
	mrs	x0, tpidr_el2
	bl	cpu_schedule
	b	guest_enter

/* An SError that serror_drain() let in: note it, go on. */
el2_serror:
	stp	x0, x1, [sp, #-16]!
	mrs	x0, tpidr_el2
	mrs	x1, esr_el2
	str	x1, [x0, #ARM64_CPU_SERROR]
	ldp	x0, x1, [sp], #16
	leave

/* A fault of the hypervisor's own: its stack may be the cause, so it reports on another one. */
el2_fault:
	adrp	x0, panic_stack_top
	add	x0, x0, :lo12:panic_stack_top
	mov	x3, sp
	mov	sp, x0
	mrs	x0, esr_el2
	mrs	x1, elr_el2
	mrs	x2, far_el2
	b	el2_panic

	.section .bss.panic_stack, "aw", %nobits
	.balign	16
	.skip	2048
panic_stack_top:
