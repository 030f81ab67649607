/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks of emulated devices on the fake machine. They must not know the core's reasons. */
#include "fake.h"

#include <hyp/arch.h>

void arch_console_input(const struct plan_partition *partition)
{
	fake_note("console input %s", partition->name);
}

void arch_devices_reset(const struct plan_partition *partition)
{
	fake_note("devices reset %s", partition->name);
}

uint64_t arch_devices_deadline(const struct plan_partition *partition)
{
	(void)partition;
	return fake.device_deadline;
}

void arch_devices_tick(const struct plan_partition *partition)
{
	fake_note("devices tick %s", partition->name);
	fake.device_deadline = UINT64_MAX;
}
