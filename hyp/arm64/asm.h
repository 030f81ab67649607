/* SPDX-License-Identifier: Apache-2.0 */
/* Constants that only assembly needs, and its macros. Preprocessed; no C. */
#ifndef ARM64_ASM_H
#define ARM64_ASM_H

#define SCTLR_EL2_OFF 0x30c50830
#define HYP_TEXT_OFFSET 0

	.macro	stub_align
	.balign	0x80
	.endm

#endif
