/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hello's network, where it has a port: an address and the web page. It must not know what else hello does.
 *
 * Words of its command line: ip=dhcp (if nothing is said), ip=10.0.0.2/24, or ip=10.0.0.2/24,10.0.0.1 with a gateway.
 */

#include "network.h"

#include <stdio.h>
#include <string.h>

#include <ip/ip_card.h>
#include <rt/tree.h>

#include "web.h"

#define SETTING_BYTES	48u

static bool is_up;
static char address[IP_TEXT_BYTES] = "none";

void network_start(void)
{
	const struct ip_link *link = ip_card_open();
	char setting[SETTING_BYTES] = "dhcp";

	if (!link)
		return;
	(void)tree_option("ip", setting, sizeof(setting));
	printf("hello: %s, ip=%s\n", ip_version(), setting);
	if (ip_start(link, setting))
		is_up = web_start("hello");
	else
		printf("hello: that is no address: dhcp, 10.0.0.2/24, or 10.0.0.2/24,10.0.0.1 with a gateway\n");
}

/* When it changes: DHCP gives it, and may take it away. */
static void tell_address(void)
{
	char now[IP_TEXT_BYTES];

	(void)ip_address(now);
	if (strcmp(now, address) == 0)
		return;
	strcpy(address, now);
	printf("hello: http://%s/\n", address);
}

uint64_t network_serve(void)
{
	uint64_t ns = is_up ? ip_poll() : UINT64_MAX;

	if (is_up)
		tell_address();
	return ns;
}

bool network_arm(void)
{
	return is_up && ip_arm();
}
