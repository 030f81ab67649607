/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's image file, recognized by its content. It must not know what
 * the partition wanted it to be, nor where its RAM is.
 */
#ifndef PLAN_IMAGE_H
#define PLAN_IMAGE_H

#include "text.h"

enum image_kind {
	IMAGE_ABSENT,   /* no such file */
	IMAGE_EMPTY,
	IMAGE_ARM64,    /* arm64 Linux `Image` header */
	IMAGE_ELF,      /* 64-bit little-endian ELF for AArch64 */
	IMAGE_ELF_OTHER,
	IMAGE_DTB,
	IMAGE_CPIO,
	IMAGE_PACKED,   /* gzip, xz, zstd, lz4, bzip2 */
	IMAGE_PE,       /* EFI application without an `Image` header */
	IMAGE_TEXT,
	IMAGE_FLAT,     /* anything else */
};

enum { IMAGE_SEGMENT_MAX = 8, IMAGE_SYMBOL_MAX = 4096 };

struct image_segment {
	uint64_t offset; /* in the file */
	uint64_t address;/* ELF: physical address */
	uint64_t size;   /* bytes in the file */
	uint64_t memory; /* bytes in memory, size or more */
};

struct image_symbol {
	uint64_t address;
	const char *name;
};

struct image {
	const char *path;     /* as opened */
	enum image_kind kind;
	const char *found;    /* kind in words, for people */
	bool is_unpacked;     /* the file was gzip; bytes are what was in it */
	bool is_assumed;      /* the file is not built yet: sizes are assumed */
	struct bytes bytes;
	uint64_t text_offset; /* Image */
	uint64_t footprint;   /* Image: bytes of memory that it needs from its first byte on */
	uint64_t entry;       /* ELF: physical address */
	struct image_segment segments[IMAGE_SEGMENT_MAX];
	uint32_t segment_count;
	const char *damage;   /* NULL, or what is broken in it */
	struct image_symbol *symbols; /* ELF functions, sorted */
	uint32_t symbol_count;
};

/* Reads and recognizes a file. `unpack`: look into gzip. A missing file gives IMAGE_ABSENT. */
void image_open(struct image *image, const char *path, bool unpack);
/* The same for bytes in memory: the fuzzer's door. */
void image_recognize(struct image *image, bool unpack);

#endif
