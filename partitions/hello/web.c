/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The web service on lwIP: a few connections, one request each. A connection that says nothing for a while is ended, so that nobody can hold
 * them all. It must not know drivers.
 */

#include <string.h>

#include <rt/cpu.h>
#include <rt/timer.h>
#include <rt/tree.h>

#include "http.h"
#include "web.h"

#include "lwip/tcp.h"

#define PORT		80u
#define VISITOR_COUNT	8u
#define ANSWER_MAX	2048u
#define POLL_HALVES	4u	/* lwIP polls each half second times this */
#define PATIENCE	5u	/* polls */
#define NS_PER_S	1000000000ull

struct visitor {
	struct tcp_pcb *pcb;	/* NULL: free */
	struct http_request request;
	unsigned polls;
};

static struct visitor visitors[VISITOR_COUNT];
static const char *host_name;
static uint64_t start_ns;
static uint32_t request_count;

static struct visitor *find_free(void)
{
	for (unsigned i = 0; i < VISITOR_COUNT; i++)
		if (!visitors[i].pcb)
			return &visitors[i];
	return NULL;
}

/* lwIP will not call us for this connection again. */
static void detach(struct visitor *visitor)
{
	tcp_arg(visitor->pcb, NULL);
	tcp_recv(visitor->pcb, NULL);
	tcp_poll(visitor->pcb, NULL, 0);
	tcp_err(visitor->pcb, NULL);
	visitor->pcb = NULL;
}

/* Returns what the callback must: ERR_ABRT if the connection is gone already. */
static err_t leave(struct visitor *visitor)
{
	struct tcp_pcb *pcb = visitor->pcb;

	detach(visitor);
	if (tcp_close(pcb) == ERR_OK)
		return ERR_OK;
	tcp_abort(pcb);
	return ERR_ABRT;
}

static struct http_facts look(void)
{
	return (struct http_facts){
		.name = host_name,
		.up_s = (time_ns() - start_ns) / NS_PER_S,
		.request_count = request_count,
		.cpu_count = cpu_count(),
		.memory_mib = (uint32_t)(tree_ram().size >> 20),
	};
}

static err_t answer(struct visitor *visitor, enum http_state state)
{
	static char text[ANSWER_MAX];
	struct http_facts facts;
	size_t count;

	request_count++;
	facts = look();
	count = http_answer(&visitor->request, state, &facts, text, sizeof(text));
	if (count != 0 && tcp_write(visitor->pcb, text, (u16_t)count, TCP_WRITE_FLAG_COPY) == ERR_OK)
		(void)tcp_output(visitor->pcb);
	return leave(visitor);	/* what was written still goes out */
}

static err_t received(void *arg, struct tcp_pcb *pcb, struct pbuf *data, err_t err)
{
	struct visitor *visitor = arg;
	enum http_state state = HTTP_MORE;

	(void)err;
	if (!data)
		return leave(visitor);	/* the other side has closed */
	visitor->polls = 0;
	for (const struct pbuf *p = data; p && state == HTTP_MORE; p = p->next)
		state = http_feed(&visitor->request, p->payload, p->len);
	tcp_recved(pcb, data->tot_len);
	pbuf_free(data);
	return state == HTTP_MORE ? ERR_OK : answer(visitor, state);
}

static err_t waited(void *arg, struct tcp_pcb *pcb)
{
	struct visitor *visitor = arg;

	if (++visitor->polls < PATIENCE)
		return ERR_OK;
	detach(visitor);
	tcp_abort(pcb);
	return ERR_ABRT;
}

/* The connection is gone, and with it its pcb. */
static void failed(void *arg, err_t err)
{
	struct visitor *visitor = arg;

	(void)err;
	visitor->pcb = NULL;
}

static err_t accepted(void *arg, struct tcp_pcb *pcb, err_t err)
{
	struct visitor *visitor = find_free();

	(void)arg;
	if (err != ERR_OK || !visitor)
		return ERR_MEM;		/* lwIP resets it */
	memset(visitor, 0, sizeof(*visitor));
	visitor->pcb = pcb;
	tcp_arg(pcb, visitor);
	tcp_recv(pcb, received);
	tcp_poll(pcb, waited, POLL_HALVES);
	tcp_err(pcb, failed);
	return ERR_OK;
}

bool web_start(const char *name)
{
	struct tcp_pcb *pcb = tcp_new(), *listener;

	host_name = name;
	start_ns = time_ns();
	if (!pcb || tcp_bind(pcb, IP_ANY_TYPE, PORT) != ERR_OK)
		return false;
	listener = tcp_listen(pcb);
	if (listener)
		tcp_accept(listener, accepted);
	return listener != NULL;
}

uint32_t web_request_count(void)
{
	return request_count;
}
