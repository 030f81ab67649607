/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_BACK_FRONT_H
#define UNIT_BACK_FRONT_H

/*
 * Front-ends for tests of back-ends: memory, pages and lines of each, what the hypervisor does with writes of a driver, and the driver's side
 * of the queues. It also gives what back-ends ask of their host, where a test may stop them between any two steps, take a window away, or
 * change memory behind a read. It must not know kinds of devices.
 */

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

#include <back/device.h>
#include <virtio/virtio_mmio.h>
#include <virtio/virtq_driver.h>

#define FRONT_MAX		4u
#define FRONT_BASE		0x40000000ull	/* of its memory, as it counts */
#define FRONT_BYTES		0x200000u
#define FRONT_QUEUES		2u
#define FRONT_QUEUE_SIZE	64u
#define FRONT_RINGS_AT		0x1000u		/* rings and tables of queue n: here, 0x10000 each */
#define FRONT_DATA_AT		0x40000u

struct front {
	struct device device;
	uint32_t page[1024];
	struct device_line line;
	struct device_state state;
	uint8_t *memory;
	bool is_gone;			/* its window was taken away */
	bool is_open, has_past;		/* it runs; a life ended, and the back-end has not said that it is through with it */
	bool needs_reset;		/* the hypervisor marked it */
	unsigned answers, late, interrupts, quiets;
	void (*meanwhile)(void *arg);	/* what else goes on while a write waits for its answer */
	void *arg;
	struct device_setup setup;
	uint8_t config[DEVICE_CONFIG_MAX];
	struct virtq_driver queue[FRONT_QUEUES];
	struct vqd_slot slots[FRONT_QUEUES][FRONT_QUEUE_SIZE];
};

/* Front-end number `line` with a device of this kind; it is attached, as after power-on. */
void front_open(struct front *f, uint32_t line, const struct device_kind *kind, void *self, uint64_t features, const void *config,
		uint32_t config_bytes);
void front_close(struct front *f);

/* The back-end begins anew, with nothing but the pages. */
void front_attach(struct front *f);

/* A write of the driver, served until it is answered. False: no answer came. */
bool front_write(struct front *f, uint32_t offset, uint32_t width, uint64_t value);
/* The same without an answer: the hand-off stands in the line. */
void front_hand_off(struct front *f, uint32_t offset, uint32_t width, uint64_t value);
uint32_t front_read(const struct front *f, uint32_t offset);

/* The driver's way to DRIVER_OK (3.1): up to the features, false if they are refused; its queues; ready. */
bool front_negotiate(struct front *f, uint64_t features);
void front_set_up_queue(struct front *f, uint32_t queue, uint16_t size);
void front_ready(struct front *f);
void front_start(struct front *f, uint64_t features, uint32_t queue_count);

/* The front-end stops: the window goes, the life ends. It begins: initial image, next life; the window as the back-end said. Both. */
void front_stop(struct front *f);
void front_begin(struct front *f);
void front_restart(struct front *f);

/* The driver's doorbell, if the device asked for one; and one round of the back-end. */
void front_kick(struct front *f, uint32_t queue);
unsigned front_round(struct front *f);

/* ---- the host of the back-ends ---- */

extern uint64_t host_time_ns;

/* Steps (a store to a state page, an access to a window, a call) until the back-end is killed by a jump to host_death; 0: never. */
extern unsigned long host_steps_left;
extern jmp_buf host_death;

/* Called behind each read of a window, for memory that changes. */
extern void (*host_after_read)(void *at, size_t size);

#endif
