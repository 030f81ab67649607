/* SPDX-License-Identifier: Apache-2.0 */
/* As much of HTTP as one page needs. It must not know where bytes come from. */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "http.h"

#define BODY_MAX	1024u

static bool starts_with(const struct http_request *request, const char *word)
{
	return strncmp(request->head, word, strlen(word)) == 0;
}

/* True if the request asks for exactly this path. */
static bool asks_for(const struct http_request *request, const char *path)
{
	const char *at = strchr(request->head, ' ');

	return at && strncmp(at + 1, path, strlen(path)) == 0 && at[1 + strlen(path)] == ' ';
}

static bool is_http(const struct http_request *request)
{
	const char *end = strchr(request->head, '\r');
	const char *version = strstr(request->head, " HTTP/1.");

	return end && version && version < end && request->head[0] >= 'A' && request->head[0] <= 'Z';
}

static enum http_state judge(const struct http_request *request)
{
	if (!is_http(request))
		return HTTP_BAD;
	if (!starts_with(request, "GET ") && !starts_with(request, "HEAD "))
		return HTTP_METHOD;
	return asks_for(request, "/") || asks_for(request, "/status") ? HTTP_OK : HTTP_NOT_FOUND;
}

enum http_state http_feed(struct http_request *request, const void *bytes, size_t count)
{
	size_t room = sizeof(request->head) - 1 - request->count, taken = count < room ? count : room;

	memcpy(request->head + request->count, bytes, taken);
	request->count += (uint32_t)taken;
	request->head[request->count] = 0;
	if (memchr(request->head, 0, request->count))
		return HTTP_BAD;
	if (strstr(request->head, "\r\n\r\n"))
		return judge(request);
	return request->count == sizeof(request->head) - 1 ? HTTP_TOO_LARGE : HTTP_MORE;
}

static const char *reason(enum http_state state)
{
	switch (state) {
	case HTTP_OK:
		return "OK";
	case HTTP_NOT_FOUND:
		return "Not Found";
	case HTTP_METHOD:
		return "Method Not Allowed";
	case HTTP_TOO_LARGE:
		return "Request Header Fields Too Large";
	default:
		return "Bad Request";
	}
}

static void write_page(const struct http_facts *f, char *to)
{
	(void)snprintf(to, BODY_MAX,
		       "<!DOCTYPE html>\n<title>%s</title>\n<h1>Hello from %s</h1>\n"
		       "<p>A unikernel on Bulkhead: one C program, %u CPU%s, %u MiB, no operating system.</p>\n"
		       "<p>Up %llu s, request %u. <a href=\"/status\">Status</a></p>\n",
		       f->name, f->name, f->cpu_count, f->cpu_count == 1 ? "" : "s", f->memory_mib, (unsigned long long)f->up_s, f->request_count);
}

static void write_status(const struct http_facts *f, char *to)
{
	(void)snprintf(to, BODY_MAX, "name %s\nup_s %llu\nrequests %u\ncpus %u\nmemory_mib %u\n", f->name, (unsigned long long)f->up_s,
		       f->request_count, f->cpu_count, f->memory_mib);
}

size_t http_answer(const struct http_request *request, enum http_state state, const struct http_facts *facts, char *to, size_t room)
{
	char body[BODY_MAX];
	bool is_page = state == HTTP_OK && asks_for(request, "/");
	int count;

	if (is_page)
		write_page(facts, body);
	else if (state == HTTP_OK)
		write_status(facts, body);
	else
		(void)snprintf(body, sizeof(body), "%d %s\n", (int)state, reason(state));
	count = snprintf(to, room, "HTTP/1.1 %d %s\r\nContent-Type: text/%s; charset=utf-8\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
			 (int)state, reason(state), is_page ? "html" : "plain", strlen(body), starts_with(request, "HEAD ") ? "" : body);
	return count > 0 && (size_t)count < room ? (size_t)count : 0;
}
