/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A network card through nic.h.
 */

#include "phys.h"

void test_nic(struct nic_device *nic)
{
	(void)nic;
}
