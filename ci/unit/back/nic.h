/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_BACK_NIC_H
#define UNIT_BACK_NIC_H

/*
 * A network card for tests: keeps what it sends, receives what a test puts on its wire, dies when told. It must not know who uses it.
 */

#include <phys/nic.h>

#define TEST_NIC_DEPTH	32u
#define TEST_NIC_BYTES	2048u
#define TEST_NIC_FRAME	70000u

struct test_nic {
	struct nic_device device;
	struct {
		struct dma_segment buffer;
		uint64_t cookie;
	} posted[256];
	unsigned posted_count;
	uint64_t under_way[TEST_NIC_DEPTH];
	unsigned under_way_count;
	bool frozen;			/* completes nothing */
	bool broken;			/* its link comes up, and then it takes no filter */
	uint64_t reset_ns;		/* that a reset takes */
	unsigned sent_count, resets;
	uint8_t frame[TEST_NIC_FRAME];	/* the last one sent */
	uint32_t bytes;
	struct nic_offload offload;
	bool is_promiscuous;
};

void test_nic_init(struct test_nic *nic, uint32_t can);

/* A frame comes in. False: not enough buffers. */
bool test_nic_arrive(struct test_nic *nic, const uint8_t *frame, uint32_t bytes, const struct nic_offload *offload);

#endif
