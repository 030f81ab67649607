/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FW_MANIFEST_CHECK_H
#define FW_MANIFEST_CHECK_H

/* Whether a manifest that could be read makes sense as a whole. It must not know its encoding. */

#include "manifest.h"

FW_MUST_CHECK enum fw_err manifest_check(const struct manifest *m, uint64_t slot_bytes);

#endif
