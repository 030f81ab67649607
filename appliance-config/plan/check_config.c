/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

static void check_partition_none(const struct model *model, struct findings *f)
{
	if (model->part_count == 0)
		find(f, "CONFIG_PARTITION_COUNT=0: an appliance without a partition does nothing; set it to 1 or more");
}

const struct check checks[] = {
	{ "partition-none", PHASE_CONFIG, check_partition_none },
};
const size_t check_count = COUNT_OF(checks);
