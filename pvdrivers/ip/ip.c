/* SPDX-License-Identifier: Apache-2.0 */
/* Joins lwIP to a driver. It must not know any driver. */

#include <stdlib.h>
#include <string.h>

#include <rt/timer.h>

#include "ip.h"

#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/init.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"

#define MS_NS		1000000ull
#define PIECES_MAX	8u

static struct netif netif;
static const struct ip_link *driver;

u32_t sys_now(void)
{
	return (u32_t)(time_ns() / MS_NS);
}

static err_t send_frame(struct netif *to, struct pbuf *frame)
{
	struct ip_piece pieces[PIECES_MAX];
	uint32_t count = 0;

	(void)to;
	for (const struct pbuf *p = frame; p; p = p->next) {
		if (count == PIECES_MAX)
			return ERR_BUF;
		pieces[count++] = (struct ip_piece){ p->payload, p->len };
	}
	return driver->send(driver->device, pieces, count) ? ERR_OK : ERR_MEM;
}

static void receive_frame(const void *frame, uint32_t bytes)
{
	struct pbuf *p = bytes <= IP_FRAME_MAX ? pbuf_alloc(PBUF_RAW, (u16_t)bytes, PBUF_POOL) : NULL;

	if (!p)
		return;	/* as on a wire: who sent it sends it again */
	(void)pbuf_take(p, frame, (u16_t)bytes);
	if (netif.input(p, &netif) != ERR_OK)
		pbuf_free(p);
}

static err_t init_netif(struct netif *n)
{
	n->name[0] = 'e';
	n->name[1] = 'n';
	n->mtu = driver->mtu < IP_FRAME_MAX - 14 ? driver->mtu : IP_FRAME_MAX - 14;
	n->hwaddr_len = sizeof(driver->mac);
	memcpy(n->hwaddr, driver->mac, sizeof(driver->mac));
	n->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
	n->output = etharp_output;
	n->linkoutput = send_frame;
	return ERR_OK;
}

struct setting {
	bool is_dhcp;
	ip4_addr_t address, mask, gateway;
};

/* Copies what stands before `end` and reads it as an address. */
static bool read_address(const char *from, const char *end, ip4_addr_t *to)
{
	char text[IP_TEXT_BYTES];
	size_t count = (size_t)(end - from);

	if (count >= sizeof(text))
		return false;
	memcpy(text, from, count);
	text[count] = 0;
	return ip4addr_aton(text, to) != 0;
}

static bool read_setting(const char *text, struct setting *to)
{
	const char *slash = strchr(text, '/'), *comma = strchr(text, ',');
	unsigned long bits;
	char *end;

	memset(to, 0, sizeof(*to));
	to->is_dhcp = strcmp(text, "dhcp") == 0;
	if (to->is_dhcp)
		return true;
	if (!slash || !read_address(text, slash, &to->address))
		return false;
	bits = strtoul(slash + 1, &end, 10);
	if (end == slash + 1 || bits < 1 || bits > 32 || (*end != 0 && end != comma))
		return false;
	to->mask.addr = lwip_htonl(0xffffffffu << (32 - bits));
	return !comma || read_address(comma + 1, comma + strlen(comma), &to->gateway);
}

bool ip_start(const struct ip_link *link, const char *address)
{
	struct setting setting;

	if (!read_setting(address, &setting))
		return false;
	driver = link;
	lwip_init();
	netif_add(&netif, &setting.address, &setting.mask, &setting.gateway, NULL, init_netif, ethernet_input);
	netif_set_default(&netif);
	netif_set_up(&netif);
	return !setting.is_dhcp || dhcp_start(&netif) == ERR_OK;
}

uint64_t ip_poll(void)
{
	bool more = driver->poll(driver->device, receive_frame);
	u32_t ms;

	sys_check_timeouts();
	ms = sys_timeouts_sleeptime();
	return more ? 0 : ms * MS_NS;
}

bool ip_arm(void)
{
	return driver->arm(driver->device);
}

bool ip_address(char text[IP_TEXT_BYTES])
{
	strcpy(text, "none");
	if (ip4_addr_isany_val(*netif_ip4_addr(&netif)))
		return false;
	return ip4addr_ntoa_r(netif_ip4_addr(&netif), text, IP_TEXT_BYTES) != NULL;
}

const char *ip_version(void)
{
	return "IP by lwIP " LWIP_VERSION_STRING;
}
