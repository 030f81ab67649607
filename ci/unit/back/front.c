/* SPDX-License-Identifier: Apache-2.0 */
/* Front-ends for tests, and the hypervisor between them and their devices. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <back/host.h>

#include "front.h"

static struct front *fronts[FRONT_MAX];

static void set(struct front *f, uint32_t offset, uint32_t value)
{
	f->page[offset / 4] = value;
}

uint32_t front_read(const struct front *f, uint32_t offset)
{
	return f->page[offset / 4];
}

/* ---- the hypervisor ---- */

static void image(struct front *f)
{
	memset(f->page, 0, sizeof(f->page));
	set(f, VIRTIO_MMIO_MAGIC_VALUE, VIRTIO_MMIO_MAGIC);
	set(f, VIRTIO_MMIO_VERSION, VIRTIO_MMIO_VERSION_2);
	f->needs_reset = false;
}

static void window_put(struct front *f, bool is_shown)
{
	f->is_gone = !is_shown;
	f->line.flags = is_shown ? f->line.flags | DEVICE_LINE_WINDOW : f->line.flags & ~DEVICE_LINE_WINDOW;
}

void front_stop(struct front *f)
{
	window_put(f, false);
	f->line.answered = f->line.sequence;
	f->line.life++;
	f->is_open = false;
	f->has_past = true;
}

void front_begin(struct front *f)
{
	image(f);
	f->line.flags &= ~DEVICE_LINE_BROKEN;
	f->line.life++;
	f->is_open = true;
	window_put(f, !f->has_past);
}

void front_restart(struct front *f)
{
	front_stop(f);
	front_begin(f);
}

void host_device_quiet(uint32_t line, uint32_t life)
{
	struct front *f = fronts[line];

	host_now_ns();
	f->quiets++;
	if (life != f->line.life)
		return;
	f->has_past = false;
	window_put(f, f->is_open);
}

int64_t host_device_answer(uint32_t line, uint32_t sequence, uint32_t status)
{
	struct front *f = fronts[line];

	host_now_ns();	/* a step */
	if (sequence != f->line.sequence || sequence == f->line.answered) {
		f->late++;
		return -1;
	}
	if (f->line.offset == DEVICE_STATUS && !f->line.value)
		f->needs_reset = false;
	set(f, DEVICE_STATUS, status | (f->needs_reset ? DEVICE_STATUS_NEEDS_RESET : 0));
	f->line.answered = sequence;
	f->answers++;
	return 0;
}

void host_device_interrupt(uint32_t line, uint32_t bits, uint32_t status)
{
	struct front *f = fronts[line];

	host_now_ns();
	f->interrupts++;
	set(f, DEVICE_INTERRUPT_STATUS, front_read(f, DEVICE_INTERRUPT_STATUS) | bits);
	if (status & DEVICE_STATUS_NEEDS_RESET) {
		f->needs_reset = true;
		set(f, DEVICE_STATUS, front_read(f, DEVICE_STATUS) | DEVICE_STATUS_NEEDS_RESET);
	}
}

/* ---- front-ends ---- */

void front_attach(struct front *f)
{
	device_attach(&f->device, &f->setup, f->config);
}

/* From the heap, so that an access beyond it is seen; kept, because thousands of front-ends come and go. */
static uint8_t *memory_of(uint32_t line)
{
	static uint8_t *memories[FRONT_MAX];

	if (!memories[line])
		memories[line] = aligned_alloc(4096, FRONT_BYTES);
	if (!memories[line])
		abort();
	return memories[line];
}

void front_open(struct front *f, uint32_t line, const struct device_kind *kind, void *self, uint64_t features, const void *config,
		uint32_t config_bytes)
{
	memset(f, 0, sizeof(*f));
	fronts[line] = f;
	f->memory = memory_of(line);
	memcpy(f->config, config, config_bytes);
	image(f);
	f->line.life = 1;
	f->is_open = true;
	window_put(f, true);
	f->setup = (struct device_setup){
		.label = "front", .line = line, .page = f->page, .shared = &f->line, .state = &f->state,
		.window = { FRONT_BASE, FRONT_BYTES, f->memory },
		.kind = kind, .self = self, .features = features, .config_bytes = config_bytes,
	};
	front_attach(f);
}

void front_close(struct front *f)
{
	fronts[f->setup.line] = NULL;
}

void front_hand_off(struct front *f, uint32_t offset, uint32_t width, uint64_t value)
{
	f->line.offset = offset;
	f->line.width = width;
	f->line.value = value;
	f->line.sequence++;
}

bool front_write(struct front *f, uint32_t offset, uint32_t width, uint64_t value)
{
	front_hand_off(f, offset, width, value);
	for (int tries = 0; tries < 100 && f->line.answered != f->line.sequence; tries++) {
		device_poll(&f->device);
		if (f->meanwhile)
			f->meanwhile(f->arg);
	}
	return f->line.answered == f->line.sequence;
}

bool front_negotiate(struct front *f, uint64_t features)
{
	front_write(f, VIRTIO_MMIO_STATUS, 4, 0);
	front_write(f, VIRTIO_MMIO_STATUS, 4, VIRTIO_STATUS_ACKNOWLEDGE);
	front_write(f, VIRTIO_MMIO_STATUS, 4, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
	for (uint32_t sel = 0; sel < 2; sel++) {
		front_write(f, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 4, sel);
		front_write(f, VIRTIO_MMIO_DRIVER_FEATURES, 4, (uint32_t)(features >> 32 * sel));
	}
	front_write(f, VIRTIO_MMIO_STATUS, 4, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_FEATURES_OK);
	return front_read(f, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_FEATURES_OK;
}

static void write_address(struct front *f, uint32_t offset, uint64_t address)
{
	front_write(f, offset, 4, (uint32_t)address);
	front_write(f, offset + 4, 4, (uint32_t)(address >> 32));
}

void front_set_up_queue(struct front *f, uint32_t queue, uint16_t size)
{
	uint32_t at = FRONT_RINGS_AT + queue * 0x10000, tables = at + 0x8000;
	struct vqd_memory memory = { f->memory + at, FRONT_BASE + at, f->slots[queue], f->memory + tables, FRONT_BASE + tables, 8 };
	struct vq_setup setup;

	if (vqd_init(&f->queue[queue], &memory, size, f->device.driver_features, &setup))
		abort();
	front_write(f, VIRTIO_MMIO_QUEUE_SEL, 4, queue);
	front_write(f, VIRTIO_MMIO_QUEUE_NUM, 4, size);
	write_address(f, VIRTIO_MMIO_QUEUE_DESC_LOW, setup.descriptors);
	write_address(f, VIRTIO_MMIO_QUEUE_DRIVER_LOW, setup.driver);
	write_address(f, VIRTIO_MMIO_QUEUE_DEVICE_LOW, setup.device);
	front_write(f, VIRTIO_MMIO_QUEUE_READY, 4, 1);
}

void front_ready(struct front *f)
{
	front_write(f, VIRTIO_MMIO_STATUS, 4, front_read(f, VIRTIO_MMIO_STATUS) | VIRTIO_STATUS_DRIVER_OK);
}

void front_start(struct front *f, uint64_t features, uint32_t queue_count)
{
	if (!front_negotiate(f, features))
		abort();
	for (uint32_t n = 0; n < queue_count; n++)
		front_set_up_queue(f, n, FRONT_QUEUE_SIZE);
	front_ready(f);
}

void front_kick(struct front *f, uint32_t queue)
{
	vqd_publish(&f->queue[queue]);
	if (vqd_kick_needed(&f->queue[queue]))
		f->line.doorbell[queue]++;
}

unsigned front_round(struct front *f)
{
	unsigned done = device_poll(&f->device);

	done += device_serve(&f->device, host_time_ns, 64);
	device_flush(&f->device);
	return done;
}

/* ---- steps ---- */

uint64_t host_time_ns = 1;
unsigned long host_steps_left;
jmp_buf host_death;
void (*host_after_read)(void *at, size_t size);

static void step(void)
{
	if (host_steps_left && --host_steps_left == 0)
		longjmp(host_death, 1);
}

uint64_t host_now_ns(void)
{
	step();
	return host_time_ns;
}

void host_say(const char *format, ...)
{
	(void)format;
}

void state_store16(uint16_t *at, uint16_t value)
{
	step();
	*at = value;
}

void state_store32(uint32_t *at, uint32_t value)
{
	step();
	*at = value;
}

void state_store64(uint64_t *at, uint64_t value)
{
	step();
	*at = value;
}

/* ---- windows ---- */

static bool is_gone(const void *at)
{
	for (uint32_t n = 0; n < FRONT_MAX; n++) {
		const struct front *f = fronts[n];

		if (f && f->is_gone && (const uint8_t *)at >= f->memory && (const uint8_t *)at < f->memory + FRONT_BYTES)
			return true;
	}
	return false;
}

enum vq_err window_copy(void *to, const void *from, size_t size)
{
	step();
	if (is_gone(to) || is_gone(from))
		return VQ_ERR_FAULT;
	memcpy(to, from, size);
	if (host_after_read)
		host_after_read((void *)(uintptr_t)from, size);
	return VQ_OK;
}

enum vq_err window_zero(void *to, size_t size)
{
	step();
	if (is_gone(to))
		return VQ_ERR_FAULT;
	memset(to, 0, size);
	return VQ_OK;
}

#define ACCESSES(bits)                                                             \
	enum vq_err window_load##bits(const uint##bits##_t *at, uint##bits##_t *value) \
	{                                                                              \
		step();                                                                \
		if (is_gone(at))                                                       \
			return VQ_ERR_FAULT;                                           \
		*value = __atomic_load_n(at, __ATOMIC_ACQUIRE);                        \
		if (host_after_read)                                                   \
			host_after_read((void *)(uintptr_t)at, sizeof(*at));           \
		return VQ_OK;                                                          \
	}                                                                              \
	enum vq_err window_store##bits(uint##bits##_t *at, uint##bits##_t value)       \
	{                                                                              \
		step();                                                                \
		if (is_gone(at))                                                       \
			return VQ_ERR_FAULT;                                           \
		__atomic_store_n(at, value, __ATOMIC_RELEASE);                         \
		return VQ_OK;                                                          \
	}

ACCESSES(16)
ACCESSES(32)
ACCESSES(64)
