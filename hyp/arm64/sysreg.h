/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System registers, their bits as far as the hypervisor uses them, and the
 * barriers. Arm ARM DDI 0487, chapter D "System registers". No state.
 */
#ifndef ARM64_SYSREG_H
#define ARM64_SYSREG_H

#include <hyp/types.h>

#define SYSREG_READ(name)                                        \
	({                                                       \
		uint64_t sysreg_value_;                          \
		__asm__ volatile("mrs %0, " #name : "=r"(sysreg_value_) : : "memory"); \
		sysreg_value_;                                   \
	})
#define SYSREG_WRITE(name, value) __asm__ volatile("msr " #name ", %x0" : : "rZ"((uint64_t)(value)) : "memory")

#define ISB() __asm__ volatile("isb" : : : "memory")
#define DSB(domain) __asm__ volatile("dsb " #domain : : : "memory")
#define DMB(domain) __asm__ volatile("dmb " #domain : : : "memory")

/* HCR_EL2 */
#define HCR_VM BIT(0)
#define HCR_SWIO BIT(1)
#define HCR_FMO BIT(3)
#define HCR_IMO BIT(4)
#define HCR_AMO BIT(5)
#define HCR_VF BIT(6)
#define HCR_VI BIT(7)
#define HCR_VSE BIT(8)
#define HCR_FB BIT(9)
#define HCR_BSU_INNER BIT(10)
#define HCR_TWI BIT(13)
#define HCR_TWE BIT(14)
#define HCR_TID3 BIT(18)
#define HCR_TSC BIT(19)
#define HCR_TIDCP BIT(20)
#define HCR_TACR BIT(21)
#define HCR_TSW BIT(22)
#define HCR_RW BIT(31)
#define HCR_TLOR BIT(35)
#define HCR_TERR BIT(36)
#define HCR_APK BIT(40)
#define HCR_API BIT(41)

/* ESR_EL2 and ESR_EL1 */
#define ESR_CLASS_SHIFT 26
#define ESR_CLASS(esr) ((uint32_t)((esr) >> ESR_CLASS_SHIFT) & 0x3fu)
#define ESR_IL BIT(25)
#define ESR_ISS_MASK (BIT(25) - 1)
#define ESR_ISV BIT(24)
#define ESR_SAS(esr) ((uint32_t)((esr) >> 22) & 3u)
#define ESR_SSE BIT(21)
#define ESR_SRT(esr) ((uint32_t)((esr) >> 16) & 31u)
#define ESR_SF BIT(15)
#define ESR_FNV BIT(10)
#define ESR_EA BIT(9)
#define ESR_CM BIT(8)
#define ESR_S1PTW BIT(7)
#define ESR_WNR BIT(6)
#define ESR_FSC(esr) ((uint32_t)(esr) & 0x3fu)
#define FSC_EXTERNAL 0x10u
#define FSC_EXTERNAL_WALK 0x14u /* + level */
#define FSC_TYPE_MASK 0x3cu
#define FSC_TRANSLATION 0x04u
#define FSC_ACCESS_FLAG 0x08u
#define FSC_PERMISSION 0x0cu
#define FSC_ALIGNMENT 0x21u

enum esr_class {
	EC_UNKNOWN = 0x00,
	EC_WFX = 0x01,
	EC_CP15_32 = 0x03,
	EC_CP15_64 = 0x04,
	EC_CP14_32 = 0x05,
	EC_CP14_LDC = 0x06,
	EC_FP = 0x07,
	EC_CP10_ID = 0x08,
	EC_PAUTH = 0x09,
	EC_CP14_64 = 0x0c,
	EC_HVC32 = 0x12,
	EC_SMC32 = 0x13,
	EC_HVC64 = 0x16,
	EC_SMC64 = 0x17,
	EC_SYSREG = 0x18,
	EC_SVE = 0x19,
	EC_INSTR_ABORT = 0x20,
	EC_INSTR_ABORT_SAME = 0x21,
	EC_DATA_ABORT = 0x24,
	EC_DATA_ABORT_SAME = 0x25,
	EC_COUNT = 0x40,
};

/* SPSR */
#define SPSR_EL0 0x0u
#define SPSR_EL1T 0x4u
#define SPSR_EL1H 0x5u
#define SPSR_MODE_MASK 0xfu
#define SPSR_AARCH32 BIT(4)
#define SPSR_DAIF (BIT(9) | BIT(8) | BIT(7) | BIT(6))
#define SPSR_SSBS BIT(12)
#define SPSR_SS BIT(21)
#define SPSR_PAN BIT(22)
#define SPSR_FLAGS 0xf0000000ul

/* A register as an instruction encodes it: op0, op1, CRn, CRm, op2. The fields stand where ESR_EL2's ISS has them. */
#define SYSREG(op0, op1, crn, crm, op2) \
	((uint32_t)(op0) << 20 | (uint32_t)(op2) << 17 | (uint32_t)(op1) << 14 | (uint32_t)(crn) << 10 | (uint32_t)(crm) << 1)
#define SYSREG_MASK SYSREG(3, 7, 15, 15, 7)
#define SYSREG_IS_READ 1u

/* CPTR_EL2 without VHE: RES1 bits, traps */
#define CPTR_RES1 0x32ffu
#define CPTR_TZ BIT(8)
#define CPTR_TFP BIT(10)
#define CPTR_TTA BIT(20)
#define CPTR_TAM BIT(30)
#define CPTR_TCPAC BIT(31)

/* CNTHCTL_EL2 */
#define CNTHCTL_EL1PCTEN BIT(0)
#define CNTHCTL_EL1PCEN BIT(1)

/* Timer control registers */
#define TIMER_ENABLE BIT(0)
#define TIMER_IMASK BIT(1)
#define TIMER_ISTATUS BIT(2)

/* MDCR_EL2 */
#define MDCR_HPMN(n) ((uint64_t)(n))
#define MDCR_TPMCR BIT(5)
#define MDCR_TPM BIT(6)
#define MDCR_HPME BIT(7)
#define MDCR_TDE BIT(8)
#define MDCR_TDA BIT(9)
#define MDCR_TDOSA BIT(10)
#define MDCR_TDRA BIT(11)
#define MDCR_TPMS BIT(14)
#define MDCR_TTRF BIT(19)

/* SCTLR_EL1 and SCTLR_EL2 */
#define SCTLR_M BIT(0)
#define SCTLR_A BIT(1)
#define SCTLR_C BIT(2)
#define SCTLR_SA BIT(3)
#define SCTLR_I BIT(12)
#define SCTLR_WXN BIT(19)
#define SCTLR_EL2_RES1 0x30c50830ul
#define SCTLR_EL1_RESET 0x30d00800ul /* RES1 in an Armv8.0 CPU; all else off */

/* TCR_EL2, VTCR_EL2: 39 bits, 4 KiB, inner shareable, write-back */
#define TCR_T0SZ_39 25ul
#define TCR_WALKS (BIT(8) | BIT(10) | 3ul << 12)
#define TCR_EL2_RES1 (BIT(31) | BIT(23))
#define TCR_PS_SHIFT 16
#define VTCR_SL0_LEVEL1 (1ul << 6)
#define VTCR_RES1 BIT(31)

/* PAR_EL1 */
#define PAR_F BIT(0)
#define PAR_ADDRESS 0x000ffffffffff000ul

/* HPFAR_EL2, the only way to it. Hardware leaves it as it was when stage 2 refuses a permission of the access itself (DDI 0487,
 * HPFAR_EL2); emulators fill it in all the same, so a test build puts a page there that is not the one. */
static inline uint64_t hpfar_read(uint64_t esr)
{
#ifdef TEST_POISON_HPFAR
	if ((esr & FSC_TYPE_MASK) == FSC_PERMISSION && !(esr & ESR_S1PTW))
		return 0x080000ul; /* 0x08000000: the distributor */
#else
	(void)esr;
#endif
	return SYSREG_READ(hpfar_el2);
}

#endif
