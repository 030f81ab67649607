/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtio device behind PCI with split rings: whatever is offered comes back at once, its last byte zero.
 */

#include <string.h>

#include "machine.h"
#include "models.h"

#define COMMON		0x0000u
#define ISR		0x1000u
#define CONFIG		0x2000u
#define NOTIFY		0x3000u
#define QUEUE_COUNT	3u
#define QUEUE_SIZE	128u
#define ORDER_PLATFORM	(1u << 4)	/* of the upper half */

static struct queue {
	uint8_t regs[72];	/* of the common configuration, from queue_select on */
	uint16_t done;
} queues[QUEUE_COUNT];

static uint8_t common[64], config[96], status;
static const char *widths;	/* of the configuration's fields, one digit each */
static uint32_t features[2], select_features;
static unsigned selected, resetting;

static bool lying(void)
{
	return machine_random(1000) < machine.lies;
}

static bool is_field(unsigned at, unsigned bytes)
{
	unsigned field = 0;

	for (const char *width = widths; *width; field += (unsigned)*width++ - '0') {
		if (field == at)
			return bytes == (unsigned)*width - '0';
	}
	return false;
}

static uint64_t read_config(unsigned at, unsigned bytes)
{
	uint64_t value = 0;

	machine_rule(is_field(at, bytes), "a field is read by accesses as wide as it is (virtio 1.2, 4.1.3.1)");
	if (at + bytes <= sizeof(config))
		memcpy(&value, config + at, bytes);
	return value;
}

static uint64_t virtio_read(unsigned at, unsigned bytes)
{
	uint64_t value = 0;

	if (at == COMMON + 20 && resetting && --resetting)
		return status | 1;

	if (at == COMMON + 4)
		return select_features < 2 ? features[select_features] : 0;
	if (at == COMMON + 20)
		return status;
	if (at == ISR)
		return machine_random(4);
	if (at >= CONFIG && at < CONFIG + sizeof(config))
		return read_config(at - CONFIG, bytes);
	if (at == COMMON + 30)
		return selected;
	if (at >= 24 && at < 56 && selected < QUEUE_COUNT)
		memcpy(&value, queues[selected].regs + at, bytes);
	else if (at + bytes <= sizeof(common))
		memcpy(&value, common + at, bytes);
	return value;
}

static uint64_t address(const struct queue *queue, unsigned at)
{
	uint64_t value;

	memcpy(&value, queue->regs + at, 8);
	return value;
}

struct descriptor {
	uint64_t address;
	uint32_t bytes;
	uint16_t flags;
	uint16_t next;
};

/* Follows a chain, clears the last byte that may be written; returns how many there are. */
static uint32_t use_chain(uint64_t table, unsigned at, unsigned size)
{
	uint32_t writable = 0;
	uint8_t *last = NULL;

	for (unsigned steps = 0; steps < 200 && at < size; steps++) {
		const void *from = machine_memory(table + 16ull * at, 16);
		struct descriptor d;

		if (!from)
			break;
		memcpy(&d, from, sizeof(d));
		if (d.flags & 4)
			return use_chain(d.address, 0, d.bytes / 16);
		if (d.flags & 2) {
			writable += d.bytes;
			last = machine_memory(d.address + d.bytes - 1, 1);
		}
		if (!(d.flags & 1))
			break;
		at = d.next;
	}
	if (last)
		*last = (uint8_t)(lying() ? machine_random(256) : 0);
	return writable;
}

static void run(struct queue *queue)
{
	unsigned size = queue->regs[24];
	const uint16_t *avail = machine_memory(address(queue, 40), 6 + 2 * size);
	uint8_t *used = machine_memory(address(queue, 48), 6 + 8 * size);

	if (!avail || !used || !size)
		return;
	for (; queue->done != avail[1]; queue->done++) {
		unsigned slot = queue->done % size;
		uint32_t entry[2] = { avail[2 + slot], 0 };
		uint16_t index = (uint16_t)(lying() ? machine_random(65536) : queue->done + 1u);

		entry[1] = use_chain(address(queue, 32), entry[0], size);
		if (lying())
			entry[machine_random(2)] = machine_random(UINT32_MAX);
		memcpy(used + 4 + 8 * slot, entry, 8);
		memcpy(used + 2, &index, 2);
	}
	memcpy(used + 4 + 8 * size, &queue->done, 2);	/* with event index: a kick for the next one */
}

static void reset(void)
{
	memset(queues, 0, sizeof(queues));
	for (unsigned i = 0; i < QUEUE_COUNT; i++)
		queues[i].regs[24] = QUEUE_SIZE;
}

static void enable(const struct queue *queue, uint64_t value)
{
	machine_rule(value == 1, "a queue is only ever enabled (4.1.4.3.2)");
	machine_rule(address(queue, 32) && address(queue, 40) && address(queue, 48), "a queue is described before it is enabled (4.1.4.3.2)");
}

static void virtio_write(unsigned at, uint64_t value, unsigned bytes)
{
	machine_rule(!resetting || at == COMMON + 20, "nothing is done before the reset is over (4.1.4.3.2)");
	if (at == COMMON + 20) {
		status = (uint8_t)value;
		resetting = status ? 0 : 3;
		if (!status)
			reset();
	} else if (at == COMMON) {
		select_features = (uint32_t)value;
	} else if (at == COMMON + 22) {
		selected = (unsigned)value;
	} else if (at >= 24 && at < 56 && selected < QUEUE_COUNT) {
		if (at == 28)
			enable(&queues[selected], value);
		memcpy(queues[selected].regs + at, &value, bytes);
	} else if (at >= NOTIFY && (at - NOTIFY) / 4 < QUEUE_COUNT) {
		run(&queues[(at - NOTIFY) / 4]);
	} else if (at + bytes <= sizeof(common)) {
		machine_rule(at != 12 || common[8] != 1 || value & ORDER_PLATFORM, "the order of hardware is accepted where it is offered (6.1)");
		memcpy(common + at, &value, bytes);
	}
}

static void put_capability(unsigned at, uint8_t type, uint32_t offset, uint32_t bytes, unsigned next)
{
	const uint32_t step = 4;

	machine.config[at] = 9;
	machine.config[at + 1] = (uint8_t)next;
	machine.config[at + 3] = type;
	memcpy(machine.config + at + 8, &offset, 4);
	memcpy(machine.config + at + 12, &bytes, 4);
	memcpy(machine.config + at + 16, &step, 4);
}

static void plug_in(uint16_t type, uint32_t low)
{
	static const struct machine_device device = { virtio_read, virtio_write };

	machine.device = &device;
	machine_set_function(0x1af4, (uint16_t)(0x1040 + type), 0x020000);
	machine.config[6] = 1u << 4;
	machine.config[0x34] = 0x40;
	put_capability(0x40, 1, COMMON, 0x38, 0x54);
	put_capability(0x54, 3, ISR, 4, 0x68);
	put_capability(0x68, 4, CONFIG, sizeof(config), 0x7c);
	put_capability(0x7c, 2, NOTIFY, 4 * QUEUE_COUNT, 0);
	features[0] = low;
	features[1] = 1 | ORDER_PLATFORM;
	reset();
}

void model_virtio_blk(void)
{
	const uint32_t words[] = { 1u << 20, 0, 0, 62, 0, 512, 0, 0, 0, 4096, 1, 0, 4096, 1 };

	widths = "44442114112411244444";
	plug_in(2, 1u << 2 | 1u << 6 | 1u << 9 | 1u << 13 | 1u << 14 | 1u << 28 | 1u << 29);
	memcpy(config, words, sizeof(words));
}

void model_virtio_net(void)
{
	const uint8_t bytes[] = { 0x52, 0x54, 0, 1, 2, 3, 1, 0, 1, 0, 0xdc, 0x05 };

	widths = "1111112224";
	plug_in(1, 1u | 2u | 1u << 3 | 1u << 5 | 1u << 16 | 1u << 17 | 1u << 18 | 1u << 28 | 1u << 29);
	memcpy(config, bytes, sizeof(bytes));
}
