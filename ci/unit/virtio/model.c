/* SPDX-License-Identifier: Apache-2.0 */
/* The model checker: coroutines, store buffers, and a depth-first walk through all choices by running again from the start. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <virtio/window.h>

#include <virtio/ring.h>

#include "model.h"

#define STACK_BYTES	65536u
#define STORES_MAX	64u
#define CHOICES_MAX	400u
#define STATES_MAX	(1u << 20)	/* a power of two */

struct store {
	void *at;
	uint64_t value;
	uint8_t size;
	bool is_release;	/* also: the checker decides when it is let out */
};

struct thread {
	ucontext_t context;
	struct store stores[STORES_MAX];
	unsigned store_count;
	unsigned bell;
	bool sleeps, ended;
	uint64_t history;	/* of what it has read: with it, where it stands */
	void (*run)(void);
	uint64_t stack[STACK_BYTES / 8];
};

struct choice {
	uint8_t taken, count;
};

static struct thread threads[2];
static struct thread *running;		/* NULL: accesses are plain */
static ucontext_t checker;
static const struct model_scenario *scenario;
static struct model_plant plant;
static struct choice choices[CHOICES_MAX];
static unsigned depth, depth_known;
static uint64_t states[STATES_MAX];
static unsigned long state_count;

static bool is_planted(enum model_thread which)
{
	return which != MODEL_NOBODY && running == &threads[which];
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = ((hash + 0x2545f4914f6cdd1dull) ^ value) * 0x9e3779b97f4a7c15ull;
	return hash ^ hash >> 29;
}

/* ---- store buffers ---- */

static void let_out(struct thread *t, unsigned n)
{
	memcpy(t->stores[n].at, &t->stores[n].value, t->stores[n].size);
	t->store_count--;
	memmove(&t->stores[n], &t->stores[n + 1], (t->store_count - n) * sizeof(t->stores[0]));
}

static void let_all_out(struct thread *t)
{
	while (t->store_count)
		let_out(t, 0);
}

/* A release brings what is before it; a plain store brings only earlier stores to its own place. */
static void let_out_with_order(struct thread *t, unsigned n)
{
	const void *at = t->stores[n].at;
	bool all = t->stores[n].is_release;

	for (unsigned i = 0; i < n; ) {
		if (all || t->stores[i].at == at) {
			let_out(t, i);
			n--;
		} else {
			i++;
		}
	}
	let_out(t, n);
}

static void pass(void)
{
	struct thread *me = running;

	me->history = mix(me->history, 2);	/* further on than before */
	running = NULL;
	swapcontext(&me->context, &checker);
	running = me;
}

static void point(const void *at)
{
	if (running && scenario->is_watched(at))
		pass();
}

static void store(void *at, uint64_t value, uint8_t size, bool is_release)
{
	if (!running) {
		memcpy(at, &value, size);
		return;
	}
	if (running->store_count == STORES_MAX)
		abort();
	running->history = mix(running->history, value);
	if (is_planted(plant.no_release))
		is_release = false;
	running->stores[running->store_count++] = (struct store){ at, value, size, is_release };
	point(at);
}

/* The last store of one's own to this place, or memory. Accesses to one place have one size. */
static uint64_t look(const void *at, uint8_t size)
{
	uint64_t value = 0;

	for (unsigned n = running ? running->store_count : 0; n-- > 0; ) {
		if (running->stores[n].at == at && running->stores[n].size == size)
			return running->stores[n].value;
	}
	memcpy(&value, at, size);
	return value;
}

static uint64_t load(const void *at, uint8_t size)
{
	uint64_t value;

	point(at);
	value = look(at, size);
	if (running)
		running->history = mix(running->history, value);
	return value;
}

void model_sleep(void)
{
	running->sleeps = true;
	pass();
	running->sleeps = false;
	running->bell = 0;
	running->history = mix(running->history, 1);
}

void model_ring(void)
{
	threads[running == &threads[0]].bell++;
}

/* ---- the accesses of the code under test ---- */

uint16_t ring_load16(const uint16_t *at) { return (uint16_t)load(at, 2); }
uint32_t ring_load32(const uint32_t *at) { return (uint32_t)load(at, 4); }
uint64_t ring_load64(const uint64_t *at) { return load(at, 8); }
void ring_store16(uint16_t *at, uint16_t value) { store(at, value, 2, true); }
void ring_store32(uint32_t *at, uint32_t value) { store(at, value, 4, true); }
void ring_store64(uint64_t *at, uint64_t value) { store(at, value, 8, true); }
void ring_put16(uint16_t *at, uint16_t value) { store(at, value, 2, false); }
void ring_put64(uint64_t *at, uint64_t value) { store(at, value, 8, false); }

void ring_fence(void)
{
	if (running && !is_planted(plant.no_fence))
		let_all_out(running);
}

enum vq_err window_load16(const uint16_t *at, uint16_t *value) { *value = (uint16_t)load(at, 2); return VQ_OK; }
enum vq_err window_load32(const uint32_t *at, uint32_t *value) { *value = (uint32_t)load(at, 4); return VQ_OK; }
enum vq_err window_load64(const uint64_t *at, uint64_t *value) { *value = load(at, 8); return VQ_OK; }
enum vq_err window_store16(uint16_t *at, uint16_t value) { store(at, value, 2, true); return VQ_OK; }
enum vq_err window_store32(uint32_t *at, uint32_t value) { store(at, value, 4, true); return VQ_OK; }
enum vq_err window_store64(uint64_t *at, uint64_t value) { store(at, value, 8, true); return VQ_OK; }

/* Only used entries are copied here, words of 4 bytes, from private memory. */
enum vq_err window_copy(void *to, const void *from, size_t size)
{
	for (size_t n = 0; n < size; n += 4) {
		uint32_t word;

		memcpy(&word, (const uint8_t *)from + n, 4);
		store((uint8_t *)to + n, word, 4, false);
	}
	return VQ_OK;
}

enum vq_err window_zero(void *to, size_t size)
{
	memset(to, 0, size);
	return VQ_OK;
}

/* ---- all choices ---- */

static uint64_t thread_state(const struct thread *t)
{
	uint64_t hash = mix(t->history, t->bell * 4 + t->sleeps * 2 + t->ended);

	for (unsigned n = 0; n < t->store_count; n++)
		hash = mix(mix(hash, (uintptr_t)t->stores[n].at), t->stores[n].value);
	return mix(hash, t->store_count);
}

static uint64_t state_now(void)
{
	const uint64_t *words = scenario->memory;
	uint64_t hash = mix(thread_state(&threads[0]), thread_state(&threads[1]));

	for (size_t n = 0; n < scenario->memory_bytes / 8; n++)
		hash = mix(hash, words[n]);
	return hash ? hash : 1;
}

/* Remembers the state. False: it was known, so what follows is as well. */
static bool is_new_state(void)
{
	uint64_t state = state_now();
	size_t at = state % STATES_MAX;

	for (; states[at]; at = (at + 1) % STATES_MAX) {
		if (states[at] == state)
			return false;
	}
	states[at] = state;
	if (++state_count == STATES_MAX / 2)
		abort();
	return true;
}

static unsigned choose(unsigned count)
{
	if (depth == depth_known)
		choices[depth_known++] = (struct choice){ 0, (uint8_t)count };
	return choices[depth++].taken;
}

/* The next path in the tree of choices. False: there is none. */
static bool next_path(void)
{
	while (depth_known && choices[depth_known - 1].taken + 1 == choices[depth_known - 1].count)
		depth_known--;
	if (!depth_known)
		return false;
	choices[depth_known - 1].taken++;
	return true;
}

static bool can_run(const struct thread *t)
{
	return !t->ended && (!t->sleeps || t->bell);
}

/* Stores that the checker may let out: watched ones. The others come along, or at a fence, as late as can be. */
static bool can_go(const struct store *s)
{
	return scenario->is_watched(s->at);
}

static unsigned count_actions(void)
{
	unsigned count = 0;

	for (unsigned t = 0; t < 2; t++) {
		count += can_run(&threads[t]);
		for (unsigned n = 0; n < threads[t].store_count; n++)
			count += can_go(&threads[t].stores[n]);
	}
	return count;
}

static void resume(struct thread *t)
{
	running = t;
	swapcontext(&checker, &t->context);
	running = NULL;
}

static void act(unsigned which)
{
	for (unsigned t = 0; t < 2; t++) {
		if (can_run(&threads[t]) && which-- == 0) {
			resume(&threads[t]);
			return;
		}
		for (unsigned n = 0; n < threads[t].store_count; n++) {
			if (can_go(&threads[t].stores[n]) && which-- == 0) {
				let_out_with_order(&threads[t], n);
				return;
			}
		}
	}
}

static void thread_start(void)
{
	running->run();
	running->ended = true;
	pass();
}

static void begin(void)
{
	running = NULL;
	for (unsigned t = 0; t < 2; t++) {
		struct thread *me = &threads[t];

		me->store_count = me->bell = 0;
		me->history = 1;
		me->sleeps = me->ended = false;
		me->run = scenario->thread[t];
		getcontext(&me->context);
		me->context.uc_stack.ss_sp = me->stack;
		me->context.uc_stack.ss_size = sizeof(me->stack);
		me->context.uc_link = NULL;
		makecontext(&me->context, thread_start, 0);
	}
	scenario->open();
}

/* One run along the path. False: it is a bad one. */
static bool run_once(struct model_result *result)
{
	unsigned count;

	begin();
	for (depth = 0; (count = count_actions()) > 0; ) {
		if (depth == depth_known && !is_new_state())
			return true;
		if (depth == CHOICES_MAX) {
			result->endless = true;
			return false;
		}
		act(choose(count));
	}
	let_all_out(&threads[0]);
	let_all_out(&threads[1]);
	result->lost = !threads[0].ended || !threads[1].ended;
	result->wrong = !result->lost && !scenario->good();
	return !result->lost && !result->wrong;
}

struct model_result model_explore(const struct model_scenario *what, struct model_plant planted)
{
	struct model_result result = { 0 };

	scenario = what;
	plant = planted;
	depth_known = 0;
	state_count = 0;
	memset(states, 0, sizeof(states));
	do {
		result.runs++;
		if (!run_once(&result))
			break;
	} while (next_path());
	result.states = state_count;
	return result;
}
