/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_BELL_H
#define UNIT_BELL_H

/*
 * A bell between two threads of a test: who sleeps is woken by it, once for any number of rings. Nobody waits for ever. It must not know who rings.
 */

#include <errno.h>
#include <semaphore.h>
#include <stdbool.h>
#include <time.h>

#define BELL_PATIENCE_S	20

/* Sleeps until somebody rings. False: nobody did. */
static inline bool bell_wait(sem_t *bell)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += BELL_PATIENCE_S;
	while (sem_timedwait(bell, &until)) {
		if (errno != EINTR)
			return false;
	}
	while (!sem_trywait(bell))
		;
	return true;
}

#endif
