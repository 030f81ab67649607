/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_VIRTIO_MODEL_H
#define UNIT_VIRTIO_MODEL_H

/*
 * A model checker for two threads of the real code: every access to a watched word is a point where the other thread may go on, and
 * every store waits in the thread's store buffer until the checker lets it out. All interleavings are tried. What a thread does next may depend on what it has read, on
 * bells, and on nothing else. It must not know rings.
 *
 * What a machine may do here: stores become visible late, and out of order but for releases, which come after all stores before them;
 * loads take place in order (the thread sanitizer judges acquires). A fence empties the buffer.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum model_thread {
	MODEL_DRIVER,
	MODEL_DEVICE,
	MODEL_NOBODY,
};

/* What is broken on purpose. */
struct model_plant {
	enum model_thread no_fence;	/* this thread's fences do nothing */
	enum model_thread no_release;	/* this thread's releases are plain stores */
};

struct model_scenario {
	void (*open)(void);			/* before each run; its accesses are plain */
	void (*thread[2])(void);
	bool (*good)(void);			/* after each run in which both ended */
	bool (*is_watched)(const void *at);
	const void *memory;			/* all that threads share, but for bells */
	size_t memory_bytes;
};

struct model_result {
	unsigned long runs;
	unsigned long states;	/* different ones: a state that was met before is not followed again */
	bool lost;		/* somebody slept for ever */
	bool wrong;		/* both ended, and good() said no */
	bool endless;		/* a run came to no end */
};

/** Tries all interleavings, or stops at the first bad one. */
struct model_result model_explore(const struct model_scenario *scenario, struct model_plant plant);

/** (threads) Sleeps until somebody rings; rings the other's bell. A ring is not lost if nobody sleeps yet. */
void model_sleep(void);
void model_ring(void);

#endif
