/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FW_ERR_H
#define FW_ERR_H

/* Why an image, a record or a disk was refused. Shared by the boot stage and the host tools; it must not know either. */

#include <stddef.h>
#include <stdint.h>

#define FW_MUST_CHECK __attribute__((warn_unused_result))

/* Each value's words for people stand in fw_err.c. */
enum fw_err {
	FW_OK = 0,
	FW_ERR_IO = -1,		/* the device failed */
	FW_ERR_RANGE = -2,	/* outside of the device or partition */
	FW_ERR_NOT_FOUND = -3,	/* no such partition, or no such thing */
	FW_ERR_MAGIC = -4,	/* not a manifest, record or table at all */
	FW_ERR_VERSION = -5,	/* a layout that this code does not know */
	FW_ERR_CRC = -6,	/* checksum */
	FW_ERR_LENGTH = -7,	/* a length that does not fit, or a wrong one */
	FW_ERR_TAG = -8,	/* an unknown critical tag, or one in the wrong place */
	FW_ERR_COUNT = -9,	/* too many, too few, or twice */
	FW_ERR_TEXT = -10,	/* a name or text that is not printable and terminated */
	FW_ERR_VALUE = -11,	/* a field with a value that means nothing */
	FW_ERR_OVERLAP = -12,	/* two ranges share bytes */
	FW_ERR_OUTSIDE = -13,	/* a load, clear, entry or handoff outside of the planned ranges */
	FW_ERR_SIGNATURE = -14,	/* no signature by our key, or a wrong one */
	FW_ERR_HASH = -15,	/* content differs from what was signed */
	FW_ERR_MEMORY = -16,	/* no room */
};

const char *fw_err_text(enum fw_err err);

/* The only macro here that changes control flow. */
#define FW_TRY(call)                            \
	do {                                    \
		enum fw_err try_err = (call);   \
		if (try_err != FW_OK)           \
			return try_err;         \
	} while (0)

#endif
