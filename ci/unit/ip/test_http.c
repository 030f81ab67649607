/* SPDX-License-Identifier: Apache-2.0 */
/* The few words of HTTP that partitions/hello knows. */

#include <string.h>

#include "../../../partitions/hello/http.h"
#include "../tap.h"

static const struct http_facts facts = { .name = "web", .up_s = 7, .request_count = 3, .cpu_count = 1, .memory_mib = 16 };

static enum http_state ask(const char *text)
{
	struct http_request request = { .count = 0 };

	return http_feed(&request, text, strlen(text));
}

static void requests_are_judged(void)
{
	CHECK(ask("GET / HTTP/1.1\r\n\r\n") == HTTP_OK);
	CHECK(ask("HEAD /status HTTP/1.0\r\nA: b\r\n\r\n") == HTTP_OK);
	CHECK(ask("GET /x HTTP/1.1\r\n\r\n") == HTTP_NOT_FOUND);
	CHECK(ask("GET /statusx HTTP/1.1\r\n\r\n") == HTTP_NOT_FOUND);
	CHECK(ask("POST / HTTP/1.1\r\n\r\n") == HTTP_METHOD);
	CHECK(ask("GET /\r\n\r\n") == HTTP_BAD);
	CHECK(ask("\x16\x03\x01\r\n\r\n") == HTTP_BAD);
	CHECK(ask("get / HTTP/1.1\r\n\r\n") == HTTP_BAD);
	CHECK(ask("GET /\r\nX: HTTP/1.1\r\n\r\n") == HTTP_BAD);
	CHECK(ask("GET / HTTP/1.1\r\n") == HTTP_MORE);
	CHECK(ask("") == HTTP_MORE);
}

static void a_request_may_come_in_pieces(void)
{
	const char *text = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	struct http_request request = { .count = 0 };

	for (size_t i = 0; i + 1 < strlen(text); i++)
		CHECK(http_feed(&request, text + i, 1) == HTTP_MORE);
	CHECK(http_feed(&request, "\n", 1) == HTTP_OK);
}

static void what_is_too_long_or_not_text_is_refused(void)
{
	struct http_request request = { .count = 0 };
	char text[3000];

	memset(text, 'A', sizeof(text));
	CHECK(http_feed(&request, text, sizeof(text)) == HTTP_TOO_LARGE);
	request.count = 0;
	CHECK(http_feed(&request, "GET \0 HTTP/1.1\r\n\r\n", 18) == HTTP_BAD);
}

static void answers_are_whole(void)
{
	struct http_request request = { .head = "GET / HTTP/1.1\r\n\r\n" };
	char text[2048], *body;
	unsigned length = 0;

	CHECK(http_answer(&request, HTTP_OK, &facts, text, sizeof(text)) == strlen(text));
	body = strstr(text, "\r\n\r\n");
	CHECK(body && strstr(text, "Content-Length: ") && sscanf(strstr(text, "Content-Length: "), "Content-Length: %u", &length) == 1);
	CHECK(body && strlen(body + 4) == length && strstr(body, "Up 7 s, request 3") && strstr(body, "1 CPU,"));
	strcpy(request.head, "HEAD / HTTP/1.1\r\n\r\n");
	CHECK(http_answer(&request, HTTP_OK, &facts, text, sizeof(text)) > 0);
	CHECK(strcmp(strstr(text, "\r\n\r\n"), "\r\n\r\n") == 0);
	strcpy(request.head, "GET /status HTTP/1.1\r\n\r\n");
	CHECK(http_answer(&request, HTTP_OK, &facts, text, sizeof(text)) > 0 && strstr(text, "requests 3\n"));
	CHECK(http_answer(&request, HTTP_OK, &facts, text, 40) == 0);
}

static void refusals_have_names(void)
{
	static const struct {
		enum http_state state;
		const char *line;
	} cases[] = { { HTTP_BAD, "400 Bad Request" }, { HTTP_NOT_FOUND, "404 Not Found" }, { HTTP_METHOD, "405 Method Not Allowed" },
		      { HTTP_TOO_LARGE, "431 Request Header Fields Too Large" } };
	struct http_request request = { .head = "x" };
	char text[512];

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CHECK(http_answer(&request, cases[i].state, &facts, text, sizeof(text)) > 0);
		CHECK(strncmp(text + 9, cases[i].line, strlen(cases[i].line)) == 0);
	}
}

int main(void)
{
	TEST(requests_are_judged);
	TEST(a_request_may_come_in_pieces);
	TEST(what_is_too_long_or_not_text_is_refused);
	TEST(answers_are_whole);
	TEST(refusals_have_names);
	return tap_done();
}
