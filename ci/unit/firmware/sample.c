/* SPDX-License-Identifier: Apache-2.0 */
/* The good image and disk of the firmware tests. It must not know the code under test beyond its structures. */

#include "sample.h"

#include <stdlib.h>
#include <string.h>

uint8_t sample_byte(uint32_t component, uint64_t offset)
{
	return (uint8_t)(offset * 13 + component * 101 + (offset >> 8));
}

static void set_component(struct manifest_component *c, uint32_t index, const char *name, uint32_t type, uint64_t offset,
			  uint64_t size)
{
	struct crypto_sha256 hash;

	memcpy(c->name, name, strlen(name));
	c->type = type;
	c->offset = offset;
	c->size = size;
	crypto_sha256_begin(&hash);
	for (uint64_t i = 0; i < size; i++) {
		uint8_t byte = sample_byte(index, i);

		crypto_sha256_add(&hash, &byte, 1);
	}
	crypto_sha256_end(&hash, c->hash);
}

void sample_manifest(struct manifest *m)
{
	memset(m, 0, sizeof(*m));
	memcpy(m->name, "sample", 6);
	memcpy(m->version, "1.2.3", 5);
	memcpy(m->arch, "arm64", 5);
	memcpy(m->board, "qemu-virt", 9);
	m->security_version = 4;
	memset(m->plan_id, 0xab, sizeof(m->plan_id));
	memcpy(m->compatible, "acme,gateway-rev-b", 18);
	m->iommu_version = 3;
	m->iommu = 0x09050000;
	m->gic_version = 3;
	m->gic_distributor = 0x08000000;
	m->gic_second = 0x080a0000;
	m->entry = 0x50000000;
	m->handoff = 0x501ff000;
	m->component_count = 2;
	set_component(&m->component[0], 0, "hyp", COMPONENT_HYPERVISOR, MANIFEST_BYTES_MAX, 5000);
	set_component(&m->component[1], 1, "data", COMPONENT_DATA, MANIFEST_BYTES_MAX + 8192, 12288);
	m->load_count = 3;
	m->load[0] = (struct manifest_load){ 0, 0, 0x50000000, 5000, 0x100000 };
	m->load[1] = (struct manifest_load){ 1, 0, 0x50200000, 12288, 0 };
	m->load[2] = (struct manifest_load){ 1, 4096, 0x60000000, 8192, 0 };
	m->clear_count = 1;
	m->clear[0] = (struct manifest_area){ 0x60000000, 0x10000000 };
	m->range_count = 3;
	memcpy(m->range[0].name, "hypervisor", 10);
	m->range[0].base = 0x50000000;
	m->range[0].size = 0x200000;
	memcpy(m->range[1].name, "store", 5);
	m->range[1].base = 0x50200000;
	m->range[1].size = 0x100000;
	memcpy(m->range[2].name, "guest", 5);
	m->range[2].base = 0x60000000;
	m->range[2].size = 0x10000000;
	m->ram_count = 1;
	m->ram[0] = (struct manifest_area){ 0x40000000, 0x40000000 };
	m->cpu_count = 2;
	m->cpu[1] = 1;
}

void sample_encode(const struct manifest *m, uint8_t bytes[MANIFEST_BYTES_MAX], uint64_t *signed_bytes)
{
	struct manifest_buffer buffer = { bytes, 0 };

	memset(bytes, 0, MANIFEST_BYTES_MAX);
	if (manifest_write(m, &buffer) != FW_OK)
		abort();
	*signed_bytes = buffer.used;
}

static enum fw_err read_disk(const struct blockdev *dev, uint64_t offset, void *to, size_t size)
{
	const struct sample_disk *disk = dev->context;

	if (offset % dev->block_bytes != 0 || size % dev->block_bytes != 0 || offset + size > dev->size_bytes)
		abort();
	if (disk->fail_at >= offset && disk->fail_at < offset + size)
		return FW_ERR_IO;
	memcpy(to, disk->bytes + offset, size);
	return FW_OK;
}

void sample_disk_init(struct sample_disk *disk, uint32_t block_bytes, uint64_t size)
{
	disk->bytes = calloc(1, size);
	if (!disk->bytes)
		abort();
	disk->fail_at = UINT64_MAX;
	disk->dev = (struct blockdev){ read_disk, size, block_bytes, disk };
}

void sample_disk_free(struct sample_disk *disk)
{
	free(disk->bytes);
}
