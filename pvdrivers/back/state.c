/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stores to the state page. Who reads them is this CPU, after its partition was restarted, or another one that it was moved to: release
 * is enough. It must not know what is stored.
 */

#include "state.h"

void state_store16(uint16_t *at, uint16_t value)
{
	__atomic_store_n(at, value, __ATOMIC_RELEASE);
}

void state_store32(uint32_t *at, uint32_t value)
{
	__atomic_store_n(at, value, __ATOMIC_RELEASE);
}

void state_store64(uint64_t *at, uint64_t value)
{
	__atomic_store_n(at, value, __ATOMIC_RELEASE);
}
