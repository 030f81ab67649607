/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHYS_E1000E_REGS_H
#define PHYS_E1000E_REGS_H

/*
 * Registers of the 82574, those that its driver touches. Source: Intel 82574 GbE Controller Family Datasheet, 10.2, by what public drivers
 * written to it cite; each number stands as well in Linux's e1000e (regs.h, defines.h) and in DPDK's drivers/net/intel/e1000/base. It must
 * not know what they are used for.
 */

#define CTRL		0x0000u
#define STATUS		0x0008u
#define EECD		0x0010u
#define CTRL_EXT	0x0018u
#define ICR		0x00c0u
#define IMS		0x00d0u
#define IMC		0x00d8u
#define RCTL		0x0100u
#define TCTL		0x0400u
#define TIPG		0x0410u
#define EXTCNF_CTRL	0x0f00u
#define RDBAL		0x2800u
#define RDTR		0x2820u
#define RADV		0x282cu
#define TDBAL		0x3800u
#define TIDV		0x3820u
#define TXDCTL		0x3828u
#define TADV		0x382cu
#define TARC0		0x3840u
#define CRCERRS		0x4000u
#define RXERRC		0x400cu
#define MPC		0x4010u		/* missed for want of a buffer */
#define RXCSUM		0x5000u
#define RFCTL		0x5008u
#define MTA		0x5200u
#define RAL		0x5400u
#define RAH		0x5404u
#define GCR		0x5b00u
#define GCR2		0x5b64u
#define REGISTER_BYTES	0x6000u

/* Of a ring, from its base address low on. */
#define RING_HIGH	0x04u
#define RING_BYTES	0x08u
#define RING_HEAD	0x10u
#define RING_TAIL	0x18u

/* Bits 3 and 20 of CTRL must stay one (10.2.2.1); the older 8254x have a reset of the link in bit 3. */
#define CTRL_NO_MASTER	(1u << 2)
#define CTRL_LINK_UP	(1u << 6)
#define CTRL_INVERT	(1u << 7)
#define CTRL_FORCE	(3u << 11)	/* speed, duplex */
#define CTRL_RESET	(1u << 26)
#define CTRL_UNWANTED	(1u << 29)	/* by the implementations only */
#define STATUS_LINK	(1u << 1)
#define STATUS_MASTER	(1u << 19)
#define EECD_LOADED	(1u << 9)
#define EXTCNF_PHY	(1u << 5)	/* software has the PHY's bus (4.5.2) */
#define RAH_VALID	(1u << 31)

#define RCTL_ENABLE	(1u << 1)
#define RCTL_UNICAST	(1u << 3)	/* promiscuous */
#define RCTL_MULTICAST	(1u << 4)
#define RCTL_LONG	(1u << 5)
#define RCTL_BROADCAST	(1u << 15)
#define RCTL_16384	(1u << 16 | 1u << 25)	/* buffer size; 0: 2048 */
#define RCTL_NO_CRC	(1u << 26)
#define TCTL_ENABLE	(1u << 1)
#define TCTL_REST	(1u << 3 | 15u << 4 | 63u << 12 | 1u << 28)	/* pad short ones; collisions: threshold, distance; several requests at once */
#define TIPG_USUAL	(8u | 8u << 10 | 6u << 20)
#define TXDCTL_ONE	(1u << 22)	/* to be written as one */
#define RXCSUM_ALL	(3u << 8)

#define CAUSES		(1u << 0 | 1u << 2 | 1u << 4 | 1u << 6 | 1u << 7)	/* sent, link, few buffers, none, received */
#define MTA_COUNT	128u

#endif
