/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HELLO_HTTP_H
#define HELLO_HTTP_H

/* As much of HTTP as one page needs: reads a request from bytes that come in pieces, writes an answer. It must not know where bytes come from. */

#include <stddef.h>
#include <stdint.h>

#define HTTP_HEAD_MAX	1024u

enum http_state {
	HTTP_MORE,		/* the head has not ended yet */
	HTTP_OK = 200,
	HTTP_BAD = 400,		/* not HTTP */
	HTTP_NOT_FOUND = 404,
	HTTP_METHOD = 405,	/* neither GET nor HEAD */
	HTTP_TOO_LARGE = 431,
};

struct http_request {
	char head[HTTP_HEAD_MAX];
	uint32_t count;
};

/* What the page tells. */
struct http_facts {
	const char *name;
	uint64_t up_s;
	uint32_t request_count;
	uint32_t cpu_count;
	uint32_t memory_mib;
};

/* Adds bytes; tells whether the request is whole, and what is to be answered. Bytes behind the head are ignored. */
enum http_state http_feed(struct http_request *request, const void *bytes, size_t count);

/* Writes a whole answer with a terminating 0, and returns its length, which is less than `room`; 0 if it does not fit. */
size_t http_answer(const struct http_request *request, enum http_state state, const struct http_facts *facts, char *to, size_t room);

#endif
