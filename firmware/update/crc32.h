/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FW_CRC32_H
#define FW_CRC32_H

/* CRC-32 as GPT and Ethernet use it (reflected 0xedb88320). Against accidents, never against people. */

#include <stddef.h>
#include <stdint.h>

uint32_t crc32_of(const void *data, size_t size);

#endif
