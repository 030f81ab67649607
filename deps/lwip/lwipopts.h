/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

/*
 * The one configuration of lwIP that our unikernels link: no threads and no operating system, everything called from the program's loop, all
 * memory in fixed pools (about 250 KiB). What is not needed is not in: no IPv6, no fragments, no sockets, no DNS.
 */

/* pvdrivers/ip has these. */
#include <stdint.h>
uint32_t ip_random(void);
#define LWIP_RAND()			ip_random()
#define LWIP_HOOK_FILENAME		"ip/ip_hooks.h"

#define NO_SYS				1
#define SYS_LIGHTWEIGHT_PROT		0
#define LWIP_NETCONN			0
#define LWIP_SOCKET			0

#define LWIP_IPV4			1
#define LWIP_IPV6			0
#define LWIP_ARP			1
#define LWIP_ICMP			1
#define LWIP_UDP			1
#define LWIP_TCP			1
#define LWIP_DHCP			1
#define LWIP_ACD			0
#define LWIP_DHCP_DOES_ACD_CHECK	0
#define LWIP_RAW			0
#define LWIP_DNS			0
#define LWIP_IGMP			0
/* Fragments are a way to attack, and nothing that is served here needs them. */
#define IP_REASSEMBLY			0
#define IP_FRAG				0
#define IP_FORWARD			0
#define IP_OPTIONS_ALLOWED		0
#define LWIP_BROADCAST_PING		0
#define LWIP_MULTICAST_PING		0

#define MEM_ALIGNMENT			8
#define MEM_SIZE			(64 * 1024)
#define MEMP_NUM_TCP_PCB		16
#define MEMP_NUM_TCP_PCB_LISTEN		4
#define MEMP_NUM_TCP_SEG		128
#define MEMP_NUM_UDP_PCB		4
#define MEMP_NUM_PBUF			64
#define PBUF_POOL_SIZE			64
#define PBUF_POOL_BUFSIZE		1600

#define TCP_MSS				1460
#define TCP_WND				(16 * TCP_MSS)
#define TCP_SND_BUF			(16 * TCP_MSS)
#define TCP_SND_QUEUELEN		64
#define TCP_LISTEN_BACKLOG		1
#define TCP_DEFAULT_LISTEN_BACKLOG	8
#define TCP_QUEUE_OOSEQ			1
#define LWIP_TCP_KEEPALIVE		1

#define LWIP_NETIF_STATUS_CALLBACK	1
#define LWIP_STATS			0
#define LWIP_DEBUG			0

#endif
