/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGE_MANIFEST_IN_H
#define IMAGE_MANIFEST_IN_H

/* Reads `manifest.in` (manifest-in.md) and the files it names. It must not know keys or disks. */

#include "../update/manifest.h"

#define PATH_BYTES 512u

struct manifest_input {
	struct manifest manifest;
	char path[MANIFEST_COMPONENT_COUNT][PATH_BYTES];
	uint8_t *content[MANIFEST_COMPONENT_COUNT];
};

/* Prints what is wrong and ends the program on any error: half an image is worse than none. */
void manifest_input_read(const char *path, struct manifest_input *out);

/* A whole file; ends the program if that fails. */
uint8_t *read_file(const char *path, uint64_t *size);

#endif
