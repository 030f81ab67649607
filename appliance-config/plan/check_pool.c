/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of pools: the only memory of a partition that those who serve it see. */
#define _GNU_SOURCE /* memmem() */
#include "check_list.h"

#include <inttypes.h>
#include <string.h>

#define FOR_POOLS(each, model)                                                                                             \
	for (const struct part *each = (model)->parts; each < (model)->parts + (model)->part_count; each++) \
		if (each->has_pool)

/* What the drivers of our programs take of it at least: as in pvdrivers/front/pool.h. */
static const uint64_t least_bytes[] = { [VDEV_NET] = 100 * KIB, [VDEV_BLK] = 92 * KIB, [VDEV_CONSOLE] = 12 * KIB };

static const char *pool_symbol(const struct part *part)
{
	return mem_format("CONFIG_PART%u_POOL_KIB=%" PRIu64, part->number, part->pool.size / KIB);
}

void check_pool_nobody(const struct model *model, struct findings *f)
{
	FOR_POOLS(part, model)
		if (front_count(model, part) == 0)
			find(f, "CONFIG_PART%u_IO_SEES_POOL=y: no port, disk or cable of \"%s\" is served by another partition, so nobody would see the pool; give it one, "
				"or choose CONFIG_PART%u_IO_SEES_ALL=y", part->number, part->name, part->number);
}

void check_pool_align(const struct model *model, struct findings *f)
{
	FOR_POOLS(part, model)
		if (part->pool.size % PAGE_BYTES)
			find(f, "%s: a window shows whole pages of 4 KiB of \"%s\"; set it to %" PRIu64, pool_symbol(part), part->name,
			     align_up(part->pool.size, PAGE_BYTES) / KIB);
}

void check_pool_large(const struct model *model, struct findings *f)
{
	FOR_POOLS(part, model)
		if (part->pool.size >= part->memory)
			find(f, "%s: the pool is a part of the RAM of \"%s\", which has %" PRIu64 " KiB (CONFIG_PART%u_MEMORY_MIB=%" PRIu64 "); set it to less, or choose "
				"CONFIG_PART%u_IO_SEES_ALL=y", pool_symbol(part), part->name, part->memory / KIB, part->number, part->memory / MIB, part->number);
}

static uint64_t pool_need(const struct model *model, const struct part *part)
{
	uint64_t need = 0;

	for (uint32_t i = 0; i < model->vdev_count; i++)
		if (model->vdevs[i].front == part->index)
			need += least_bytes[model->vdevs[i].kind];
	return need;
}

void check_pool_small(const struct model *model, struct findings *f)
{
	FOR_POOLS(part, model)
		if (part->kind == KIND_UNIKERNEL && part->pool.size < pool_need(model, part))
			find(f, "%s: the drivers of \"%s\" take %lu KiB of it for a network port, %lu for a disk and %lu for a cable, %" PRIu64 " together; set it to that or more",
			     pool_symbol(part), part->name, least_bytes[VDEV_NET] / KIB, least_bytes[VDEV_BLK] / KIB, least_bytes[VDEV_CONSOLE] / KIB,
			     pool_need(model, part) / KIB);
}

void check_pool_room(const struct model *model, struct findings *f)
{
	FOR_POOLS(part, model)
		if (part->pool.base == 0)
			find(f, "%s: RAM of \"%s\" has no place for the pool beside device tree (2 MiB), image (%s)%s; give it more than CONFIG_PART%u_MEMORY_MIB=%" PRIu64
				", or make the pool smaller", pool_symbol(part), part->name,
			     range_text((struct range){ part->image_ipa, part->image_end - part->image_ipa }),
			     part->initrd_ipa ? mem_format(" and initial RAM disk (%s)", range_text((struct range){ part->initrd_ipa, part->initrd.bytes.size })) : "",
			     part->number, part->memory / MIB);
}

/* A kernel that can use such a pool has its name in a table; of one that cannot nothing would tell before it runs, and its devices would break. */
static bool knows_pools(struct bytes kernel)
{
	return memmem(kernel.at, kernel.size, "restricted-dma-pool", sizeof("restricted-dma-pool")) != NULL;
}

void check_pool_kernel(const struct model *model, struct findings *f)
{
	FOR_POOLS(part, model)
		if (part->kind == KIND_LINUX && !knows_pools(part->image.bytes))
			find(f, "CONFIG_PART%u_IO_SEES_POOL=y: the kernel of \"%s\", %s, was built without CONFIG_DMA_RESTRICTED_POOL and would use memory outside of the pool; "
				"give one that was built with it, or choose CONFIG_PART%u_IO_SEES_ALL=y", part->number, part->name, part->image_path, part->number);
}
