/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACK_REVIVE_H
#define BACK_REVIVE_H

/*
 * When hardware that was lost is reset again. All others wait meanwhile, so it may take a tenth of the time: whether it does not come up, or
 * comes up and is lost again at once. It must not know what is reset.
 */

#include <stdbool.h>
#include <stdint.h>

#define REVIVE_NS	1000000000ull	/* and so long at least after a reset that failed */
#define REVIVE_PAUSES	9u

struct revive {
	uint64_t due_ns;	/* not before */
};

static inline bool revive_is_due(const struct revive *r, uint64_t now_ns)
{
	return now_ns >= r->due_ns;
}

/** A reset is over, well or not. */
static inline void revive_ended(struct revive *r, uint64_t began_ns, uint64_t now_ns, bool is_up)
{
	r->due_ns = now_ns + (is_up ? 0 : REVIVE_NS) + REVIVE_PAUSES * (now_ns - began_ns);
}

#endif
