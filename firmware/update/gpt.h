/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FW_GPT_H
#define FW_GPT_H

/* Finds GPT partitions by name. Reads only; it must not know what partitions are for. */

#include "blockdev.h"

/* Finds the one partition with this name (ASCII). The primary table is read, then the backup. Two of the same name: FW_ERR_COUNT. */
FW_MUST_CHECK enum fw_err gpt_find(const struct blockdev *dev, const char *name, struct extent *out);

#endif
