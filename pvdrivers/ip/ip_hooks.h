/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IP_IP_HOOKS_H
#define IP_IP_HOOKS_H

/* What lwIP asks of us by macro: see deps/lwip/lwipopts.h. */

#include "lwip/ip_addr.h"

u32_t ip_first_sequence(const ip_addr_t *local, u16_t local_port, const ip_addr_t *remote, u16_t remote_port);
#define LWIP_HOOK_TCP_ISN	ip_first_sequence

#endif
