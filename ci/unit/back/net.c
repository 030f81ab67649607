/* SPDX-License-Identifier: Apache-2.0 */
/* Front-ends around one switch. */

#include <stdlib.h>
#include <string.h>

#include "net.h"

#define RX	VIRTIO_NET_QUEUE_RECEIVE
#define TX	VIRTIO_NET_QUEUE_TRANSMIT
#define RX_AT	FRONT_DATA_AT
#define TX_AT	0x100000u
#define TX_ROOM	0x11000u	/* of one frame: 15 at once */

static void configure(struct net_machine *m)
{
	for (uint32_t n = 0; n < NET_PORTS; n++) {
		m->port[n] = (struct vswitch_port_config){
			.name = "port", .mac = { 2, 0, 0, 0, 0, (uint8_t)(n + 1) }, .vlan = 1, .mtu = 1500,
			.mirror_ingress_to = VSWITCH_NO_PORT, .mirror_egress_to = VSWITCH_NO_PORT,
			.allow = 7u & ~(1u << n), .default_ingress = VSWITCH_ALLOW, .default_egress = VSWITCH_ALLOW,
		};
	}
	m->config = (struct vswitch_config){ .port_count = NET_PORTS, .ports = m->port, .age_s = 300 };
}

static void make_switch(struct net_machine *m)
{
	if (!vswitch_init(&m->net.sw, &m->config, 1, host_time_ns))
		abort();
}

static void make_port(struct net_machine *m, uint32_t n, uint64_t *features, struct virtio_net_config *config)
{
	vnet_init(&m->vnet[n], &m->front[n].device, &m->net, n, features, config);
}

void net_open(struct net_machine *m)
{
	struct virtio_net_config config;
	uint64_t features;

	memset(m, 0, sizeof(*m));
	configure(m);
	make_switch(m);
	for (uint32_t n = 0; n < NET_PORTS; n++) {
		make_port(m, n, &features, &config);
		front_open(&m->front[n], n, &vnet_kind, &m->vnet[n], features, &config, sizeof(config));
	}
}

void net_start(struct net_machine *m, uint32_t n, uint64_t features, unsigned buffers)
{
	front_start(&m->front[n], features, 2);
	m->sent[n] = m->done[n] = 0;
	net_offer(m, n, buffers);
}

void net_close(struct net_machine *m)
{
	for (uint32_t n = 0; n < NET_PORTS; n++)
		front_close(&m->front[n]);
}

void net_die(struct net_machine *m)
{
	struct virtio_net_config config;
	uint64_t features;

	make_switch(m);
	for (uint32_t n = 0; n < NET_PORTS; n++)
		make_port(m, n, &features, &config);
	for (uint32_t n = 0; n < NET_PORTS; n++)
		front_attach(&m->front[n]);
}

void net_offer(struct net_machine *m, uint32_t n, unsigned buffers)
{
	struct front *f = &m->front[n];

	for (unsigned k = 0; k < buffers; k++) {
		uint32_t at = RX_AT + k * NET_BUFFER;
		struct vqd_segment segment = { FRONT_BASE + at, NET_BUFFER };

		if (vqd_add(&f->queue[RX], &segment, 0, 1, f->memory + at))
			return;
	}
	front_kick(f, RX);
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void make_ip(uint8_t *ip, uint32_t from, uint32_t to, uint8_t protocol, uint32_t bytes)
{
	struct checksum sum = { 0 };

	memset(ip, 0, 20);
	ip[0] = 0x45;
	put16(ip + 2, bytes);
	ip[8] = 64;
	ip[9] = protocol;
	memcpy(ip + 12, (uint8_t[]){ 10, 0, 0, (uint8_t)(from + 1) }, 4);
	memcpy(ip + 16, (uint8_t[]){ 10, 0, 0, (uint8_t)(to + 1) }, 4);
	checksum_add(&sum, ip, 20);
	put16(ip + 10, checksum_field(&sum));
}

/* The sum of the pseudo-header, as a driver leaves it in the field. */
static uint32_t pseudo(const uint8_t *ip, uint32_t bytes)
{
	uint32_t sum = ip[9] + bytes;

	for (int n = 12; n < 20; n += 2)
		sum += (uint32_t)ip[n] << 8 | ip[n + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

uint32_t net_make(uint8_t *frame, uint32_t from, uint32_t to, bool is_tcp, uint32_t payload, uint8_t seed)
{
	uint32_t transport = is_tcp ? 20 : 8;
	uint8_t *l4 = frame + 34;

	memset(frame, to == NET_PORTS ? 0xff : 0, 6);
	if (to != NET_PORTS)
		memcpy(frame, (uint8_t[]){ 2, 0, 0, 0, 0, (uint8_t)(to + 1) }, 6);
	memcpy(frame + 6, (uint8_t[]){ 2, 0, 0, 0, 0, (uint8_t)(from + 1), 8, 0 }, 8);
	make_ip(frame + 14, from, to, is_tcp ? 6 : 17, 20 + transport + payload);
	memset(l4, 0, transport);
	put16(l4, 1000);
	put16(l4 + 2, 2000);
	if (is_tcp) {
		l4[12] = 0x50;
		l4[13] = 0x10;
		put16(l4 + 16, pseudo(frame + 14, transport + payload));
	} else {
		put16(l4 + 4, transport + payload);
		put16(l4 + 6, pseudo(frame + 14, transport + payload));
	}
	for (uint32_t n = 0; n < payload; n++)
		l4[transport + n] = (uint8_t)(seed + n * 7 + (n >> 8));
	return 34 + transport + payload;
}

bool net_send(struct net_machine *m, uint32_t n, const struct virtio_net_hdr *header, const uint8_t *frame, uint32_t bytes)
{
	struct front *f = &m->front[n];
	uint32_t at = TX_AT + m->sent[n] % 15 * TX_ROOM, half = bytes / 2;
	struct vqd_segment segments[3] = { { FRONT_BASE + at, sizeof(*header) + half }, { FRONT_BASE + at + sizeof(*header) + half, bytes - half } };

	memcpy(f->memory + at, header, sizeof(*header));
	memcpy(f->memory + at + sizeof(*header), frame, bytes);
	if (m->sent[n] - m->done[n] >= 15 || vqd_add(&f->queue[TX], segments, 2, 0, f->memory + at))
		return false;
	m->sent[n]++;
	front_kick(f, TX);
	return true;
}

void net_round(struct net_machine *m)
{
	unsigned done = 0;

	for (uint32_t n = 0; n < NET_PORTS; n++) {
		done += device_poll(&m->front[n].device);
		done += device_serve(&m->front[n].device, host_time_ns, 16);
	}
	for (uint32_t n = 0; n < NET_PORTS; n++)
		device_flush(&m->front[n].device);
	if (!done)
		host_time_ns += VNET_RETRY_NS;
}

static bool get_buffer(struct net_machine *m, uint32_t n, uint8_t **at, uint32_t *written)
{
	void *cookie;
	enum vq_err err = vqd_get(&m->front[n].queue[RX], &cookie, written);

	*at = cookie;
	m->wrong += err != VQ_OK && err != VQ_ERR_EMPTY;
	return err == VQ_OK;
}

/* One frame and all its buffers. */
static bool collect_frame(struct net_machine *m, uint32_t n)
{
	struct virtio_net_hdr *header = &m->header[n];
	uint32_t written;
	uint8_t *at;

	if (!get_buffer(m, n, &at, &written))
		return false;
	memcpy(header, at, sizeof(*header));
	m->wrong += written < sizeof(*header);
	m->bytes[n] = written - (uint32_t)sizeof(*header);
	memcpy(m->frame[n], at + sizeof(*header), m->bytes[n]);
	for (unsigned k = 1; k < header->num_buffers; k++) {
		if (!get_buffer(m, n, &at, &written) || m->bytes[n] + written > NET_FRAME_MAX) {
			m->wrong++;
			return false;
		}
		memcpy(m->frame[n] + m->bytes[n], at, written);
		m->bytes[n] += written;
	}
	m->received[n]++;
	return true;
}

void net_collect(struct net_machine *m)
{
	for (uint32_t n = 0; n < NET_PORTS; n++) {
		enum vq_err err = VQ_ERR_EMPTY;
		uint32_t written;
		void *cookie;

		if (!m->front[n].queue[TX].size)
			continue;
		while ((err = vqd_get(&m->front[n].queue[TX], &cookie, &written)) == VQ_OK)
			m->done[n]++;
		m->wrong += err != VQ_ERR_EMPTY;
		while (collect_frame(m, n))
			;
	}
}

uint64_t net_drops(const struct net_machine *m, uint32_t port, enum vswitch_drop why)
{
	return m->net.sw.port[port].counters.drops[why];
}
