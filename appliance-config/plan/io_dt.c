/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of a guest's tree that is about hybrid I/O: virtio-mmio nodes of
 * a front-end, and what docs/io-tree.md says of a back-end. It must not
 * decide anything.
 */
#include "dt.h"

#include <inttypes.h>
#include <string.h>

enum { PHANDLE_POOL = 0x7001, PHANDLE_PORT = 0x7100, PHANDLE_DISK = 0x7200, PREFIX_BYTES = 18 };

/* Binding: Linux, reserved-memory/shared-dma-pool.yaml. Neither "no-map" nor "reusable" may stand there. */
void dt_put_pool(struct dt *dt)
{
	struct range pool = dt->part->pool;

	if (!dt->part->has_pool)
		return;
	dt_begin(dt, "reserved-memory");
	PUT_CELLS(dt, "#address-cells", 2);
	PUT_CELLS(dt, "#size-cells", 2);
	dt_put_flag(dt, "ranges");
	dt_begin(dt, mem_format("restricted-dma-pool@%" PRIx64, pool.base));
	dt_put_text(dt, "compatible", "restricted-dma-pool");
	PUT_REG(dt, pool.base, pool.size);
	PUT_CELLS(dt, "phandle", PHANDLE_POOL);
	dt_end(dt);
	dt_end(dt);
}

void dt_put_fronts(struct dt *dt)
{
	for (uint32_t i = 0; i < dt->model->vdev_count; i++) {
		const struct vdev *v = &dt->model->vdevs[i];
		const char *name = mem_format("virtio_mmio@%" PRIx64, vdev_ipa(v));

		if (v->front != dt->part->index)
			continue;
		dt_begin(dt, name);
		dt_put_text(dt, "compatible", "virtio,mmio");
		PUT_REG(dt, vdev_ipa(v), PAGE_BYTES);
		PUT_CELLS(dt, "interrupts", 0, v->intid - INTID_SPI, 4);
		dt_put_flag(dt, "dma-coherent");
		if (dt->part->has_pool)
			PUT_CELLS(dt, "memory-region", PHANDLE_POOL);
		dt_end(dt);
		dt_note_label(dt, mem_format("virtio%u", v->slot), mem_format("/%s", name));
	}
}

/* ---- what a back-end serves ---- */

static void put_device(struct dt *dt, const struct vdev *v)
{
	const struct io_window *w = window_of(dt->model, v->front, v->back);
	uint64_t page = BACK_DEVICE + v->line * PAGE_BYTES, state = BACK_STATE + v->line * BACK_STATE_BYTES;

	dt_begin(dt, mem_format("device@%" PRIx64, page));
	dt_put_text(dt, "compatible", mem_format("bulkhead,virtio-%s", vdev_kind_name(v)));
	dt_put_text(dt, "label", v->name);
	PUT_CELLS(dt, "reg", HIGH(page), LOW(page), 0, PAGE_BYTES, HIGH(state), LOW(state), 0, BACK_STATE_BYTES);
	PUT_CELLS(dt, "bulkhead,line", v->line);
	dt_put_text(dt, "bulkhead,front", dt->model->parts[v->front].name);
	PUT_U64S(dt, "bulkhead,window", part_shown(&dt->model->parts[v->front]).base, w->size, w->ipa);
	if (dt->model->parts[v->front].has_pool)
		dt_put_flag(dt, "bulkhead,pool");
	if (v->port)
		PUT_CELLS(dt, "bulkhead,port", PHANDLE_PORT + v->port->place);
	else if (v->disk)
		PUT_CELLS(dt, "bulkhead,disk", PHANDLE_DISK + v->disk->place);
	else
		PUT_CELLS(dt, "bulkhead,other", vdev_other(dt->model, v)->line);
	dt_end(dt);
}

static void put_io(struct dt *dt)
{
	dt_begin(dt, mem_format("io@%lx", BACK_SHARED));
	dt_put_text(dt, "compatible", "bulkhead,io");
	PUT_REG(dt, BACK_SHARED, PAGE_BYTES);
	PUT_CELLS(dt, "interrupts", 0, dt->part->doorbell_intid - INTID_SPI, 1);
	PUT_CELLS(dt, "#address-cells", 2);
	PUT_CELLS(dt, "#size-cells", 2);
	dt_put_flag(dt, "ranges");
	for (uint32_t i = 0; i < dt->model->vdev_count; i++)
		if (dt->model->vdevs[i].back == dt->part->index)
			put_device(dt, &dt->model->vdevs[i]);
	dt_end(dt);
}

static void put_list_cells(struct dt *dt)
{
	PUT_CELLS(dt, "#address-cells", 1);
	PUT_CELLS(dt, "#size-cells", 0);
}

static void put_limit(struct dt *dt, const char *name, struct io_limit_pair limit)
{
	if (limit.per_second)
		PUT_U64S(dt, name, limit.per_second, limit.burst);
}

/* ---- switch ---- */

static void put_prefixes(struct dt *dt, const char *name, const struct prefix *prefixes, uint32_t count)
{
	uint8_t *bytes = mem_get(count * PREFIX_BYTES + 1);

	for (uint32_t i = 0; i < count; i++) {
		bytes[i * PREFIX_BYTES] = prefixes[i].family;
		bytes[i * PREFIX_BYTES + 1] = prefixes[i].length;
		memcpy(&bytes[i * PREFIX_BYTES + 2], prefixes[i].address, sizeof(prefixes[i].address));
	}
	if (count)
		dt_put(dt, name, bytes, count * PREFIX_BYTES);
}

static uint32_t rule_family(const struct rule *rule)
{
	return rule->has_source ? rule->source.family : rule->has_destination ? rule->destination.family : rule->protocol == RULE_ARP ? 4 : 0;
}

static void put_rule(struct dt *dt, const struct rule *rule, uint32_t number)
{
	dt_begin(dt, mem_format("rule@%x", number));
	PUT_CELLS(dt, "reg", number);
	dt_put_text(dt, "label", rule->text);
	PUT_CELLS(dt, "bulkhead,match", rule->is_egress, rule->is_allow, rule->protocol, rule->number, rule_family(rule), rule->is_established);
	put_prefixes(dt, "bulkhead,source", &rule->source, rule->has_source);
	put_prefixes(dt, "bulkhead,destination", &rule->destination, rule->has_destination);
	if (rule->has_source_ports)
		dt_put_cells(dt, "bulkhead,source-ports", rule->source_ports, 2);
	if (rule->has_destination_ports)
		dt_put_cells(dt, "bulkhead,destination-ports", rule->destination_ports, 2);
	dt_end(dt);
}

static void put_trunk(struct dt *dt, const struct port *port)
{
	uint32_t cells[2 * VLAN_RANGE_MAX];

	for (uint32_t i = 0; i < port->vlan_count; i++) {
		cells[2 * i] = port->vlans[i].first;
		cells[2 * i + 1] = port->vlans[i].last;
	}
	if (port->is_trunk)
		dt_put_cells(dt, "bulkhead,trunk", cells, 2 * port->vlan_count);
}

static void put_mirror(struct dt *dt, const char *name, const struct talk *mirror)
{
	if (mirror->port >= 0)
		PUT_CELLS(dt, name, dt->model->ports[mirror->port].place);
}

static void put_protection(struct dt *dt, const struct port *port)
{
	if (port->has_spoof_mac)
		dt_put_flag(dt, "bulkhead,mac-fixed");
	if (port->has_spoof_arp)
		dt_put_flag(dt, "bulkhead,arp-checked");
	put_prefixes(dt, "bulkhead,sources", port->sources, port->source_count);
	PUT_CELLS(dt, "bulkhead,default", port->passes_in, port->passes_out);
	put_limit(dt, "bulkhead,byte-limit", port->bytes);
	put_limit(dt, "bulkhead,frame-limit", port->frames);
	put_limit(dt, "bulkhead,storm-limit", port->storm);
}

static void put_port(struct dt *dt, const struct port *port)
{
	dt_begin(dt, mem_format("port@%x", port->place));
	PUT_CELLS(dt, "reg", port->place);
	dt_put_text(dt, "label", port->name);
	PUT_CELLS(dt, "phandle", PHANDLE_PORT + port->place);
	if (port->is_uplink)
		dt_put_text(dt, "bulkhead,uplink", port->nic);
	else
		dt_put(dt, "local-mac-address", port->mac, sizeof(port->mac));
	PUT_CELLS(dt, "bulkhead,mtu", port->mtu);
	PUT_CELLS(dt, "bulkhead,vlan", port->vlan);
	put_trunk(dt, port);
	PUT_CELLS(dt, "bulkhead,learn", port->learn);
	PUT_CELLS(dt, "bulkhead,allow", port->allow);
	put_mirror(dt, "bulkhead,mirror-ingress", &port->mirror_in);
	put_mirror(dt, "bulkhead,mirror-egress", &port->mirror_out);
	put_protection(dt, port);
	put_list_cells(dt);
	for (uint32_t i = 0; i < port->rule_count; i++)
		put_rule(dt, &port->rules[i], i);
	dt_end(dt);
}

static void put_vswitch(struct dt *dt)
{
	const struct port *port;

	if (!port_at(dt->model, dt->part->index, 0))
		return;
	dt_begin(dt, "vswitch");
	dt_put_text(dt, "compatible", "bulkhead,vswitch");
	put_list_cells(dt);
	PUT_CELLS(dt, "bulkhead,age-seconds", dt->model->age_s);
	for (uint32_t i = 0; (port = port_at(dt->model, dt->part->index, i)) != NULL; i++)
		put_port(dt, port);
	dt_end(dt);
}

/* ---- disks ---- */

static void put_disk(struct dt *dt, const struct disk *disk)
{
	static const char *const sources[] = { "ram", "gpt", "region" };

	dt_begin(dt, mem_format("disk@%x", disk->place));
	PUT_CELLS(dt, "reg", disk->place);
	dt_put_text(dt, "label", disk->name);
	PUT_CELLS(dt, "phandle", PHANDLE_DISK + disk->place);
	dt_put_text(dt, "bulkhead,source", sources[disk->source]);
	PUT_U64S(dt, "bulkhead,size", disk->size);
	if (disk->source == DISK_RAM)
		PUT_U64S(dt, "bulkhead,memory", disk->ipa, disk->size);
	else
		dt_put_text(dt, "bulkhead,medium", disk->medium);
	if (disk->source == DISK_GPT)
		dt_put_text(dt, "bulkhead,gpt-name", disk->gpt_name);
	if (disk->source == DISK_REGION)
		PUT_U64S(dt, "bulkhead,offset", disk->offset);
	if (disk->is_read_only)
		dt_put_flag(dt, "read-only");
	dt_put_text(dt, "bulkhead,serial", disk->serial);
	PUT_CELLS(dt, "bulkhead,block-size", disk->block);
	PUT_CELLS(dt, "bulkhead,physical-block-size", disk->physical_block);
	PUT_CELLS(dt, "bulkhead,optimal-io-size", disk->optimal);
	put_limit(dt, "bulkhead,byte-limit", disk->bytes);
	put_limit(dt, "bulkhead,request-limit", disk->requests);
	dt_end(dt);
}

static void put_disks(struct dt *dt)
{
	bool is_open = false;

	for (uint32_t i = 0; i < dt->model->disk_count; i++) {
		if (dt->model->disks[i].back != (int32_t)dt->part->index)
			continue;
		if (!is_open) {
			dt_begin(dt, "disks");
			dt_put_text(dt, "compatible", "bulkhead,disks");
			put_list_cells(dt);
		}
		is_open = true;
		put_disk(dt, &dt->model->disks[i]);
	}
	if (is_open)
		dt_end(dt);
}

void dt_put_backs(struct dt *dt)
{
	if (back_count(dt->model, dt->part))
		put_io(dt);
	put_vswitch(dt);
	put_disks(dt);
}
