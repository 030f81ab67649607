/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pool of random seed that the boot stage found. Each byte is given out
 * once, then wiped; when the pool is dry it is dry: there is no cryptography
 * here to stretch it. It must not know where seed comes from or goes to.
 */
#include <hyp/lock.h>
#include <hyp/upcall.h>

static struct {
	struct lock lock;
	size_t left;         /* (lock) */
	uint8_t bytes[256];  /* (lock) as many as a handoff holds */
	bool is_rich;        /* (lock) has had some, and always gave what was asked for */
} pool;

void core_seed_add(const void *from, size_t size)
{
	size_t room;

	lock_take(&pool.lock);
	room = sizeof(pool.bytes) - pool.left;
	size = size < room ? size : room;
	__builtin_memcpy(&pool.bytes[pool.left], from, size);
	pool.left += size;
	pool.is_rich = pool.left != 0;
	lock_drop(&pool.lock);
}

size_t core_seed_take(void *to, size_t size)
{
	uint8_t *bytes = to;
	size_t taken = 0;
	bool is_news;

	lock_take(&pool.lock);
	is_news = pool.is_rich && pool.left < size;
	pool.is_rich = pool.is_rich && !is_news;
	while (taken < size && pool.left) {
		bytes[taken++] = pool.bytes[--pool.left];
		pool.bytes[pool.left] = 0;
	}
	lock_drop(&pool.lock);
	if (is_news)
		hyp_print("no random seed is left: from now on guests start without");
	return taken;
}
