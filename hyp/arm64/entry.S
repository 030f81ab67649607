/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the boot stage and the secondary CPUs come in: MMU off, EL2. Gives
 * each CPU a stack and leads it to C with its MMU on. It must not know the
 * plan beyond what C left in registers.
 */
#include "offsets.h"

	.section .head, "ax"
	.global image_start
image_start:
	b	entry_boot		/* the Image header, Documentation/arm64/booting.rst of Linux */
	.word	0
	.quad	0
	.quad	image_size
	.quad	0xa			/* little endian, 4 KiB pages, placed anywhere */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.word	0

	.section .text.entry, "ax"
entry_boot:
	mov	x19, x0			/* the handoff */
	msr	daifset, #0xf
	bl	cpu_baseline
	adrp	x0, boot_stack_top
	add	x0, x0, :lo12:boot_stack_top
	mov	sp, x0
	mov	x0, x19
	bl	boot_map		/* fills stage 1; returns the boot CPU's struct arm64_cpu */
	mov	x20, x0
	bl	mmu_on
	ldr	x1, [x20, #ARM64_CPU_STACK_TOP]
	sub	sp, x1, #FRAME_SIZE
	mov	x0, x20
	msr	tpidr_el2, x0
	mov	x1, x19
	mov	x29, xzr
	bl	boot_main
	b	guest_enter

/* A CPU that PSCI turned on: x0 is its struct arm64_cpu. */
	.global entry_secondary
entry_secondary:
	mov	x20, x0
	msr	daifset, #0xf
	bl	cpu_baseline
	bl	mmu_on
	ldr	x1, [x20, #ARM64_CPU_STACK_TOP]
	sub	sp, x1, #FRAME_SIZE
	mov	x0, x20
	msr	tpidr_el2, x0
	mov	x29, xzr
	bl	secondary_main
	b	guest_enter

/* What must not depend on firmware. No stack yet. */
cpu_baseline:
	msr	tpidr_el2, xzr		/* no CPU is known yet */
	ldr	x1, =0x30c50830		/* SCTLR_EL2: all off, RES1 bits */
	msr	sctlr_el2, x1
	mov	x1, #1 << 31		/* HCR_EL2.RW: no traps, no stage 2, E2H and TGE 0 */
	msr	hcr_el2, x1
	isb
	msr	spsel, #1
	adrp	x1, vectors_plain
	add	x1, x1, :lo12:vectors_plain
	msr	vbar_el2, x1
	isb
	ret

/* Loads what boot_map() left in mmu_values, from memory since secondaries come here with caches off. */
mmu_on:
	adrp	x1, mmu_values
	add	x1, x1, :lo12:mmu_values
	ldp	x2, x3, [x1]		/* MAIR, TCR */
	ldp	x4, x5, [x1, #16]	/* TTBR0, SCTLR */
	msr	mair_el2, x2
	msr	tcr_el2, x3
	msr	ttbr0_el2, x4
	isb
	tlbi	alle2
	tlbi	alle1
	ic	iallu
	dsb	nsh
	isb
	msr	sctlr_el2, x5
	isb
	ret

/* The first stack, until stage 1 is on; then nothing uses it. */
	.section .bss.boot_stack, "aw", %nobits
	.balign	16
	.skip	2048
boot_stack_top:
