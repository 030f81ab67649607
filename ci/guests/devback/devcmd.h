/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GUESTS_DEVCMD_H
#define GUESTS_DEVCMD_H

/*
 * What the test front-end (devfront) asks of the test back-end (devback), by registers of the device page behind those of
 * virtio. It must not know virtio.
 */

#define DEV_ECHO	0x140u	/* 0x40 bytes: what is written can be read, in all widths */
#define DEV_COMMAND	0x180u	/* enum dev_command */
#define DEV_ADDRESS	0x188u	/* 64 bits: for DEV_READ_WINDOW */
#define DEV_RESULT	0x190u	/* 64 bits, of the last command */
#define DEV_DOORBELLS	0x1a0u	/* 32 bits a queue: doorbells that were counted */
#define DEV_HANDOFFS	0x1c0u	/* 32 bits: hand-offs that were answered */
#define DEV_WAKES	0x1c4u	/* 32 bits: doorbell interrupts */

enum dev_command {
	DEV_MUTE = 1,		/* the next hand-off is not answered */
	DEV_LATE,		/* answer that one now; result: what the call said */
	DEV_BREAK,		/* mark the device broken */
	DEV_QUIET,		/* say that what was not answered is over; result: what the call said. Lives that end before are not told of */
	DEV_QUIET_OLD,		/* the same of the life before; that changes nothing */
	DEV_READ_WINDOW,	/* the 64 bits at the front-end's address; DEV_ABORTED if they cannot be read */
	DEV_COUNT_WINDOW,	/* of so many pages (DEV_ADDRESS) from the window's begin on: how many can be read */
};

#define DEV_ABORTED	0x64657274726f6261ull
#define DEV_SILENT	7u	/* a doorbell of this queue raises no interrupt; of another one, the one for a used buffer */

#endif
