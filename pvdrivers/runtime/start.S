/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the loader's jump to C: the arm64 Image header, one way in for the boot CPU and one for the others. It knows the
 * arm64 boot protocol (x0 = device tree, MMU off, EL1) and nothing of the machine.
 */

	.section .head, "ax"
	.globl	_start
_start:
	b	boot_cpu
	.long	0
	.quad	0			/* text_offset */
	.quad	__image_size
	.quad	2			/* little-endian, 4 KiB pages, near the base of RAM */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

	.text
boot_cpu:
	mov	x19, x0
	bl	cpu_reset_state
	adrp	x0, __bss_start
	add	x0, x0, :lo12:__bss_start
	adrp	x1, __bss_end
	add	x1, x1, :lo12:__bss_end
1:	dc	ivac, x0		/* no stale line may cover what is written below with the caches off */
	stp	xzr, xzr, [x0], #16
	cmp	x0, x1
	b.lo	1b
	dsb	sy
	adrp	x0, __stack_top
	add	x0, x0, :lo12:__stack_top
	mov	sp, x0
	bl	mmu_build
	bl	mmu_on
	mov	x0, x19
	b	rt_main

/* A CPU that PSCI CPU_ON started: x0 = struct cpu_start, {stack top, function, argument}, cleaned to memory. */
	.globl	cpu_entry
cpu_entry:
	mov	x19, x0
	bl	cpu_reset_state
	bl	mmu_on
	ldr	x0, [x19]
	mov	sp, x0
	mov	x0, x19
	b	rt_cpu_main

/* A known state, whatever ran before: MMU off, vectors, FP on, EL1h, all exceptions masked. */
cpu_reset_state:
	msr	daifset, #15
	msr	spsel, #1
	ldr	x1, =0x30d00800		/* SCTLR_EL1: the bits that are one, nothing else */
	msr	sctlr_el1, x1
	mov	x1, #3 << 20		/* CPACR_EL1.FPEN */
	msr	cpacr_el1, x1
	adrp	x1, vectors
	add	x1, x1, :lo12:vectors
	msr	vbar_el1, x1
	isb
	ret

/* Turns the MMU and the caches on, with the tables of mmu_build. */
mmu_on:
	ldr	x1, =0x000000000044ff00	/* MAIR_EL1: 0 = device nGnRnE, 1 = normal write-back, 2 = normal non-cacheable */
	msr	mair_el1, x1
	ldr	x1, =0x00803519		/* TCR_EL1: T0SZ 25, write-back, inner shareable, 4 KiB, no TTBR1 */
	mrs	x2, id_aa64mmfr0_el1
	and	x2, x2, #7		/* PARange, up to 48 bits */
	cmp	x2, #5
	mov	x3, #5
	csel	x2, x2, x3, lo
	orr	x1, x1, x2, lsl #32
	msr	tcr_el1, x1
	adrp	x1, mmu_level1
	add	x1, x1, :lo12:mmu_level1
	msr	ttbr0_el1, x1
	isb
	tlbi	vmalle1
	ic	iallu
	dsb	nsh
	isb
	mrs	x1, sctlr_el1
	ldr	x2, =0x100d		/* I, SA, C, M */
	orr	x1, x1, x2
	msr	sctlr_el1, x1
	isb
	ret
