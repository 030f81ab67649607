/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOOT_KEY_H
#define BOOT_KEY_H

/* The key of images, generated from the key directory when the boot stage is built. */

#include <stdbool.h>

#include "../update/slot.h"

extern const struct slot_key key_image;
extern const bool key_is_development;	/* its private half is no secret */

#endif
