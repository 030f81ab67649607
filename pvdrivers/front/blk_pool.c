/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data of a disk's requests, copied through a pool. Which cells and pages are taken stands outside of it, because its other side may write
 * there. It must not know rings.
 */

#include <string.h>

#include "blk_pool.h"

_Static_assert(FRONT_BLK_ENTRIES == 64, "a bit of cells_taken each");

void front_blk_pool_open(struct front_blk *blk)
{
	size_t pages;

	blk->pool = (struct front_blk_pool *)(void *)blk->device.share.at;
	if (!blk->pool)
		return;
	pages = (blk->device.share.bytes - sizeof(*blk->pool)) / FRONT_BLK_PAGE_BYTES;
	blk->page_count = pages < FRONT_BLK_PAGES_MAX ? (uint32_t)pages : FRONT_BLK_PAGES_MAX;
}

uint32_t front_blk_pool_limit(const struct front_blk *blk, uint32_t bytes)
{
	uint32_t room = blk->page_count * FRONT_BLK_PAGE_BYTES / 4;

	if (!blk->pool || bytes <= room)
		return bytes;
	return room >= blk->block_bytes ? room - room % blk->block_bytes : blk->block_bytes <= 4 * room ? blk->block_bytes : 0;
}

static uint32_t data_bytes(const struct front_blk_request *r)
{
	if (r->op == FRONT_BLK_READ || r->op == FRONT_BLK_WRITE)
		return (uint32_t)r->sector_count * VIRTIO_BLK_SECTOR_BYTES;
	return r->op == FRONT_BLK_GET_ID ? VIRTIO_BLK_ID_BYTES : 0;
}

static uint32_t data_pages(const struct front_blk_request *r)
{
	return (data_bytes(r) + FRONT_BLK_PAGE_BYTES - 1) / FRONT_BLK_PAGE_BYTES;
}

/* The lowest run of so many free pages; page_count: none. */
static uint32_t find_run(const struct front_blk *blk, uint32_t count)
{
	uint32_t run = 0;

	for (uint32_t page = 0; page < blk->page_count; page++) {
		run = blk->pages_taken[page] ? 0 : run + 1;
		if (run == count)
			return page + 1 - count;
	}
	return blk->page_count;
}

bool front_blk_show(struct front_blk *blk, struct front_blk_request *r)
{
	uint32_t pages = data_pages(r), page, cell;

	r->cell = &r->own;
	r->shown = r->data;
	if (!blk->pool)
		return true;
	page = pages ? find_run(blk, pages) : 0;
	if (page == blk->page_count || !~blk->cells_taken)
		return false;
	cell = (uint32_t)__builtin_ctzll(~blk->cells_taken);
	blk->cells_taken |= 1ull << cell;
	memset(blk->pages_taken + page, 1, pages);
	r->cell = &blk->pool->cells[cell];
	r->shown = blk->pool->data + (size_t)page * FRONT_BLK_PAGE_BYTES;
	if (r->op == FRONT_BLK_WRITE)
		memcpy(r->shown, r->data, data_bytes(r));
	return true;
}

void front_blk_hide(struct front_blk *blk, struct front_blk_request *r, bool is_good)
{
	if (!blk->pool)
		return;
	if (is_good && (r->op == FRONT_BLK_READ || r->op == FRONT_BLK_GET_ID))
		memcpy(r->data, r->shown, data_bytes(r));
	blk->cells_taken &= ~(1ull << (r->cell - blk->pool->cells));
	memset(blk->pages_taken + (size_t)(r->shown - blk->pool->data) / FRONT_BLK_PAGE_BYTES, 0, data_pages(r));
}
