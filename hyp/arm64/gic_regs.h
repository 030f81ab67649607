/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers of the distributor, of redistributors and of the GICv2
 * interfaces, for the driver and for the emulation. Arm IHI 0048 (GICv2) and
 * IHI 0069 (GICv3), "Programmers' model". No state.
 */
#ifndef ARM64_GIC_REGS_H
#define ARM64_GIC_REGS_H

/* Distributor; the banks from IGROUPR to ICFGR stand at the same offsets in a redistributor's second frame. */
#define GICD_CTLR 0x0000u
#define GICD_TYPER 0x0004u
#define GICD_IIDR 0x0008u
#define GICD_IGROUPR 0x0080u
#define GICD_ISENABLER 0x0100u
#define GICD_ICENABLER 0x0180u
#define GICD_ISPENDR 0x0200u
#define GICD_ICPENDR 0x0280u
#define GICD_ISACTIVER 0x0300u
#define GICD_ICACTIVER 0x0380u
#define GICD_IPRIORITYR 0x0400u
#define GICD_ITARGETSR 0x0800u
#define GICD_ICFGR 0x0c00u
#define GICD_SGIR 0x0f00u
#define GICD_CPENDSGIR 0x0f10u
#define GICD_SPENDSGIR 0x0f20u
#define GICD_IROUTER 0x6000u /* 8 bytes an interrupt */
#define GICD_PIDR4 0xffd0u
#define GICD_PIDR2 0xffe8u

#define GICD_CTLR_GROUP0 (1u << 0)
#define GICD_CTLR_GROUP1 (1u << 1)
#define GICD_CTLR_ARE (1u << 4)
#define GICD_CTLR_DS (1u << 6)
#define GICD_CTLR_RWP (1u << 31)
#define GICD_TYPER_ID_BITS(bits) (((bits) - 1u) << 19)
#define GICD_TYPER_LPIS (1u << 17)
#define GICD_TYPER_LINES(typer) ((typer) & 31u) /* 32 * (value + 1) interrupts */

/* Redistributor: two frames of 64 KiB. */
#define GICR_CTLR 0x0000u
#define GICR_IIDR 0x0004u
#define GICR_TYPER 0x0008u
#define GICR_WAKER 0x0014u
#define GICR_PROPBASER 0x0070u
#define GICR_PENDBASER 0x0078u
#define GICR_PIDR4 0xffd0u
#define GICR_SGI_FRAME 0x10000u
#define GICR_FRAMES_SHIFT 17u /* both */

#define GICR_CTLR_LPIS (1u << 0)
#define GICR_CTLR_RWP (1u << 3)
#define GICR_TYPER_LAST (1u << 4)
#define GICR_WAKER_SLEEP (1u << 1)
#define GICR_WAKER_ASLEEP (1u << 2)

/* Interrupt translation service: registers; in the next 64 KiB the page to which messages go. */
#define GITS_CTLR 0x0000u
#define GITS_IIDR 0x0004u
#define GITS_TYPER 0x0008u
#define GITS_CBASER 0x0080u
#define GITS_CWRITER 0x0088u
#define GITS_CREADR 0x0090u
#define GITS_BASER 0x0100u /* 8 of them */
#define GITS_CTLR_ENABLED (1u << 0)
#define GITS_CTLR_QUIESCENT (1u << 31)
#define GITS_VALID BIT(63)

/* Commands: the number in word 0 (7:0), DeviceID in word 0 (63:32), EventID in word 1 (31:0), collection in word 2 (15:0), V in
 * word 2 (63), redistributor in word 2 (51:16). */
enum its_command {
	ITS_MOVI = 0x01,
	ITS_INT = 0x03,
	ITS_CLEAR = 0x04,
	ITS_SYNC = 0x05,
	ITS_MAPD = 0x08,
	ITS_MAPC = 0x09,
	ITS_MAPTI = 0x0a, /* INTID in word 1 (63:32) */
	ITS_MAPI = 0x0b,
	ITS_INV = 0x0c,
	ITS_INVALL = 0x0d,
	ITS_MOVALL = 0x0e,
	ITS_DISCARD = 0x0f,
};

/* GICv2 CPU interface */
#define GICC_CTLR 0x0000u
#define GICC_PMR 0x0004u
#define GICC_BPR 0x0008u
#define GICC_IAR 0x000cu
#define GICC_EOIR 0x0010u
#define GICC_HPPIR 0x0018u
#define GICC_DIR 0x1000u
#define GICC_CTLR_ENABLE 1u
#define GICC_CTLR_EOIMODE (1u << 9)

#endif
