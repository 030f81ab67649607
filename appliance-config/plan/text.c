/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory, texts and files of a short-lived program: nothing is freed before
 * the end, and running out of memory or disk ends it with a message.
 */
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct block {
	struct block *next;
	max_align_t data[];
};

static struct block *blocks;

static void give_up(const char *what, const char *path)
{
	fprintf(stderr, "planner: %s %s: %s\n", what, path, strerror(errno));
	exit(2);
}

void *mem_get(size_t size)
{
	struct block *block = calloc(1, sizeof(*block) + size);

	if (!block)
		give_up("no memory for", "the plan");
	block->next = blocks;
	blocks = block;
	return block->data;
}

void mem_free_all(void)
{
	while (blocks) {
		struct block *next = blocks->next;

		free(blocks);
		blocks = next;
	}
}

static void text_add_list(struct text *text, const char *format, va_list list)
{
	va_list again;
	int length;

	va_copy(again, list);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0)
		give_up("cannot format", format);
	if (text->length + (size_t)length + 1 > text->room) {
		size_t room = 2 * (text->length + (size_t)length) + 256;
		char *data = mem_get(room);

		if (text->length)
			memcpy(data, text->data, text->length);
		text->data = data;
		text->room = room;
	}
	vsnprintf(text->data + text->length, (size_t)length + 1, format, list);
	text->length += (size_t)length;
}

void text_add(struct text *text, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	text_add_list(text, format, list);
	va_end(list);
}

void text_add_bytes(struct text *text, const void *bytes, size_t size)
{
	text_add(text, "%*s", (int)size, "");
	memcpy(text->data + text->length - size, bytes, size);
}

char *mem_format(const char *format, ...)
{
	struct text text = { 0 };
	va_list list;

	va_start(list, format);
	text_add_list(&text, format, list);
	va_end(list);
	return text.data;
}

static bool read_all(int fd, struct bytes *out)
{
	struct stat status;
	uint8_t *data;
	size_t done = 0;

	if (fstat(fd, &status) < 0)
		return false;
	if (!S_ISREG(status.st_mode)) {
		errno = EISDIR;
		return false;
	}
	data = mem_get((size_t)status.st_size + 1);
	while (done < (size_t)status.st_size) {
		ssize_t got = read(fd, data + done, (size_t)status.st_size - done);

		if (got <= 0)
			return false;
		done += (size_t)got;
	}
	*out = (struct bytes){ .at = data, .size = done };
	return true;
}

bool file_read(const char *path, struct bytes *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return false;
	ok = read_all(fd, out);
	close(fd);
	return ok;
}

static void make_directories(const char *path)
{
	char *copy = mem_format("%s", path);

	for (char *at = copy + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = 0;
		if (mkdir(copy, 0777) < 0 && errno != EEXIST)
			give_up("cannot make", copy);
		*at = '/';
	}
}

void file_write(const char *path, const void *data, size_t size)
{
	struct bytes old;
	FILE *file;

	if (file_read(path, &old) && old.size == size && memcmp(old.at, data, size) == 0)
		return;
	make_directories(path);
	file = fopen(path, "wb");
	if (!file || (size != 0 && fwrite(data, size, 1, file) != 1) || fclose(file) != 0)
		give_up("cannot write", path);
}
