/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IP_CARD_LINK_H
#define IP_CARD_LINK_H

/* IP on a virtio network card. */

#include "ip.h"

/**
 * Opens the first network card as a link for ip_start(), one time.
 *
 * Returns: NULL if there is none, or it cannot be used.
 */
const struct ip_link *ip_card_open(void);

#endif
