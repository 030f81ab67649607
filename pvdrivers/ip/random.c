/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers that others cannot guess, for lwIP: transaction identifiers, ports, and where TCP connections begin to count (RFC 6528). The key
 * comes from the seed that the hypervisor gives at each start. It must not know frames.
 */

#include <string.h>

#include <libfdt.h>

#include <rt/timer.h>
#include <rt/tree.h>

#include "ip_hooks.h"
#include "siphash.h"

#define SEQUENCE_NS	4096u	/* a step each four microseconds, about */

/* Without a seed the time of the first use is all there is. */
static const struct siphash_key *key(void)
{
	static struct siphash_key secret;
	static bool is_made;
	int node = fdt_path_offset(tree_blob(), "/chosen"), size = 0;
	const void *seed = NULL;

	if (is_made)
		return &secret;
	is_made = true;
	secret.k0 = time_ticks();
	if (node >= 0)
		seed = fdt_getprop(tree_blob(), node, "rng-seed", &size);
	if (seed && (size_t)size >= sizeof(secret))
		memcpy(&secret, seed, sizeof(secret));
	return &secret;
}

uint32_t ip_random(void)
{
	static uint64_t count[2] = { 1 };

	count[1]++;
	return (uint32_t)siphash(key(), count, 2);
}

u32_t ip_first_sequence(const ip_addr_t *local, u16_t local_port, const ip_addr_t *remote, u16_t remote_port)
{
	uint64_t connection[2] = { (uint64_t)ip_addr_get_ip4_u32(local) << 32 | ip_addr_get_ip4_u32(remote),
				   (uint64_t)local_port << 16 | remote_port };

	return (u32_t)siphash(key(), connection, 2) + (u32_t)(time_ns() / SEQUENCE_NS);
}
