/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IP_IP_H
#define IP_IP_H

/*
 * IP for a unikernel with one network port: joins lwIP to a driver, gives it an address, and runs its timers. The program then uses lwIP's
 * own functions (lwip/tcp.h, lwip/udp.h), all from its one loop: never from an interrupt handler, never from two CPUs.
 *
 *	for (;;) {
 *		uint64_t ns = ip_poll();		receives, answers, runs timers
 *		irq_mask();
 *		if (!ip_arm())
 *			sleep until an interrupt, at most `ns`
 *		irq_unmask();
 *	}
 *
 * It must not know any driver.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IP_FRAME_MAX	1514u
#define IP_TEXT_BYTES	16u

struct ip_piece {
	const void *bytes;
	uint32_t count;
};

/* What a driver gives. A frame has no header of the device and no checksum sequence. */
struct ip_link {
	void *device;
	uint8_t mac[6];
	uint16_t mtu;
	/** Sends a frame that lies in pieces; they may change when it returns. False: no room, it is lost. */
	bool (*send)(void *device, const struct ip_piece *pieces, uint32_t count);
	/** Calls `received` for some of the frames that came; the bytes are the driver's again when that returns. True: there may be more. */
	bool (*poll)(void *device, void (*received)(const void *frame, uint32_t bytes));
	/** Asks for an interrupt at the next frame. True: one waits already. */
	bool (*arm)(void *device);
};

/**
 * Brings up the one interface. `address` is "dhcp", or "10.0.0.2/24", or "10.0.0.2/24,10.0.0.1" with a gateway; the link must outlive it.
 *
 * Returns: false if `address` is none of these, with nothing done.
 */
__attribute__((warn_unused_result)) bool ip_start(const struct ip_link *link, const char *address);

/** Serves what came and what is due. Returns the nanoseconds after which it wants to be called again; 0: at once. */
uint64_t ip_poll(void);

/** True: do not sleep. */
bool ip_arm(void);

/** The address in decimal and dots; false, and "none", as long as there is none. */
bool ip_address(char text[IP_TEXT_BYTES]);

/** "IP by lwIP 2.2.1": what a program says on its console, and by which the bill of materials knows it. */
const char *ip_version(void);

#endif
