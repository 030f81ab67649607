/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where addresses are. Those of the configuration never move. A learned one belongs to the port that was heard with it first, until it was
 * silent for the ageing time: another port neither takes it over nor pushes it out, since each port fills its own row of the table only.
 *
 * Entries hang in chains, picked by a keyed hash; a chain is never longer than all rows together, whatever senders choose.
 */

#include "vswitch_parts.h"

#define NO_ENTRY	0u	/* in chains, entries are numbered from 1 */

static uint64_t key_of(uint16_t vlan, uint64_t mac)
{
	return (uint64_t)vlan << 48 | mac;
}

/* The finalizer of MurmurHash3: every bit of the key reaches every bit of the result. */
static uint32_t chain_of(const struct vswitch *sw, uint64_t key)
{
	uint64_t x = key ^ sw->seed;

	x = (x ^ x >> 33) * 0xff51afd7ed558ccdull;
	x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53ull;
	return (uint32_t)((x ^ x >> 33) % VSWITCH_CHAIN_COUNT);
}

static struct vswitch_learned *entry_at(struct vswitch *sw, uint16_t number)
{
	return &sw->learned[(number - 1u) / VSWITCH_LEARN_MAX][(number - 1u) % VSWITCH_LEARN_MAX];
}

static uint16_t number_of(uint32_t port, uint32_t slot)
{
	return (uint16_t)(port * VSWITCH_LEARN_MAX + slot + 1);
}

static bool is_old(const struct vswitch *sw, const struct vswitch_learned *entry, uint64_t now_ns)
{
	return now_ns > entry->heard_ns && now_ns - entry->heard_ns > sw->config->age_s * SECOND_NS;
}

/* The number of the entry with that key, old or not; NO_ENTRY if there is none. */
static uint16_t find_entry(const struct vswitch *sw, uint64_t key)
{
	uint16_t at = sw->chain[chain_of(sw, key)];

	while (at != NO_ENTRY) {
		const struct vswitch_learned *entry = &sw->learned[(at - 1u) / VSWITCH_LEARN_MAX][(at - 1u) % VSWITCH_LEARN_MAX];

		if (entry->key == key)
			return at;
		at = entry->next;
	}
	return NO_ENTRY;
}

static void unlink_entry(struct vswitch *sw, uint16_t number)
{
	struct vswitch_learned *entry = entry_at(sw, number);
	uint16_t *link = &sw->chain[chain_of(sw, entry->key)];

	while (*link != number)
		link = &entry_at(sw, *link)->next;
	*link = entry->next;
	*entry = (struct vswitch_learned){ 0 };
}

static void link_entry(struct vswitch *sw, uint16_t number, uint64_t key, uint64_t now_ns)
{
	uint16_t *head = &sw->chain[chain_of(sw, key)];

	*entry_at(sw, number) = (struct vswitch_learned){ .key = key, .heard_ns = now_ns, .next = *head };
	*head = number;
}

/* A place in the port's own row, free or of an address that is silent for too long; NO_ENTRY if all are in use. */
static uint16_t find_place(struct vswitch *sw, uint32_t port, uint64_t now_ns)
{
	for (uint32_t slot = 0; slot < port_config(sw, port)->learn_limit; slot++) {
		const struct vswitch_learned *entry = &sw->learned[port][slot];

		if (entry->key == 0)
			return number_of(port, slot);
		if (is_old(sw, entry, now_ns)) {
			unlink_entry(sw, number_of(port, slot));
			return number_of(port, slot);
		}
	}
	return NO_ENTRY;
}

/* True if the key is in the table, so that nothing is to be added: refreshed if it is this port's, left alone if it is another's. */
static bool hear_again(struct vswitch *sw, uint32_t port, uint64_t key, uint64_t now_ns)
{
	uint16_t number = find_entry(sw, key);

	if (number == NO_ENTRY)
		return false;
	if ((number - 1u) / VSWITCH_LEARN_MAX == port) {
		entry_at(sw, number)->heard_ns = now_ns;
		return true;
	}
	if (is_old(sw, entry_at(sw, number), now_ns)) {
		unlink_entry(sw, number);
		return false;
	}
	sw->port[port].counters.learn_refused++;
	return true;
}

void vswitch_learn(struct vswitch *sw, uint32_t port, uint16_t vlan, uint64_t mac, uint64_t now_ns)
{
	uint64_t key = key_of(vlan, mac);
	uint16_t place;

	if (port_config(sw, port)->learn_limit == 0 || mac == sw->mac[port] || hear_again(sw, port, key, now_ns))
		return;
	place = find_place(sw, port, now_ns);
	if (place == NO_ENTRY)
		sw->port[port].counters.learn_refused++;
	else
		link_entry(sw, place, key, now_ns);
}

void vswitch_forget_port(struct vswitch *sw, uint32_t port)
{
	for (uint32_t slot = 0; slot < VSWITCH_LEARN_MAX; slot++)
		if (sw->learned[port][slot].key != 0)
			unlink_entry(sw, number_of(port, slot));
}

uint32_t vswitch_find_fixed(const struct vswitch *sw, uint16_t vlan, uint64_t mac)
{
	for (uint32_t ports = sw->vlan_ports[vlan] & sw->fixed; ports != 0; ports &= ports - 1)
		if (sw->mac[__builtin_ctz(ports)] == mac)
			return (uint32_t)__builtin_ctz(ports);
	return VSWITCH_NO_PORT;
}

uint32_t vswitch_find(const struct vswitch *sw, uint16_t vlan, uint64_t mac, uint64_t now_ns)
{
	uint32_t port = vswitch_find_fixed(sw, vlan, mac);
	uint16_t number;

	if (port != VSWITCH_NO_PORT)
		return port;
	number = find_entry(sw, key_of(vlan, mac));
	if (number == NO_ENTRY)
		return VSWITCH_NO_PORT;
	port = (number - 1u) / VSWITCH_LEARN_MAX;
	return is_old(sw, &sw->learned[port][(number - 1u) % VSWITCH_LEARN_MAX], now_ns) ? VSWITCH_NO_PORT : port;
}
