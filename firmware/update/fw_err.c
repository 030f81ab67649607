/* SPDX-License-Identifier: Apache-2.0 */
/* Words for the reasons of a refusal. They appear on consoles and in tests: a changed word is a changed interface. */

#include "fw_err.h"

static const char *const texts[] = {
	[-FW_OK] = "good",
	[-FW_ERR_IO] = "the device failed",
	[-FW_ERR_RANGE] = "outside of the device",
	[-FW_ERR_NOT_FOUND] = "not found",
	[-FW_ERR_MAGIC] = "not recognized",
	[-FW_ERR_VERSION] = "unknown layout version",
	[-FW_ERR_CRC] = "wrong checksum",
	[-FW_ERR_LENGTH] = "wrong length",
	[-FW_ERR_TAG] = "unknown critical item",
	[-FW_ERR_COUNT] = "wrong number of items",
	[-FW_ERR_TEXT] = "malformed text",
	[-FW_ERR_VALUE] = "meaningless value",
	[-FW_ERR_OVERLAP] = "overlapping ranges",
	[-FW_ERR_OUTSIDE] = "memory outside of the planned ranges",
	[-FW_ERR_SIGNATURE] = "signature does not verify",
	[-FW_ERR_HASH] = "content differs from what was signed",
	[-FW_ERR_MEMORY] = "out of memory",
};

const char *fw_err_text(enum fw_err err)
{
	int index = -(int)err;

	if (index < 0 || index >= (int)(sizeof(texts) / sizeof(texts[0])))
		return "unknown error";
	return texts[index];
}
