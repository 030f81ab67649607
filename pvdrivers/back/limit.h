/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACK_LIMIT_H
#define BACK_LIMIT_H

/*
 * A rate limit that delays: what is asked for is granted once the debt of what was granted before is paid. It must not know what it counts.
 */

#include <stdint.h>

#define LIMIT_NS_PER_S	1000000000ull

struct limit {
	uint64_t per_second;	/* 0: no limit */
	uint64_t burst;		/* may be granted at once after a rest */
	uint64_t paid_ns;	/* when all that was granted will be paid; a burst may lie in the future */
};

/** When the next may be granted: at once, if not later than `now_ns`. */
static inline uint64_t limit_ready_ns(const struct limit *l)
{
	uint64_t burst_ns = l->per_second ? l->burst * LIMIT_NS_PER_S / l->per_second : 0;

	return l->paid_ns > burst_ns ? l->paid_ns - burst_ns : 0;
}

/** Grants `amount`, below 2^33. */
static inline void limit_grant(struct limit *l, uint64_t amount, uint64_t now_ns)
{
	if (!l->per_second)
		return;
	if (l->paid_ns < now_ns)
		l->paid_ns = now_ns;
	l->paid_ns += amount * LIMIT_NS_PER_S / l->per_second;
}

#endif
