/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report's part on hybrid I/O: ports of each switch and who talks to
 * whom, disks, and who sees whose memory. It must not choose anything.
 */
#include "function.h"
#include "report.h"

#include <string.h>

static const char *part_name(const struct model *model, int32_t part)
{
	return part < 0 ? "nobody" : model->parts[part].name;
}

static const char *mac_text(const struct port *port)
{
	const uint8_t *m = port->mac;

	return port->is_uplink ? "the card's own" : mem_format("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
}

static const char *vlan_text(const struct port *port)
{
	if (!port->is_trunk)
		return mem_format("VLAN %u", port->vlan);
	return mem_format("trunk of VLANs %s%s", port->vlans_text, port->vlan ? mem_format(", %u without tag", port->vlan) : "");
}

static const char *plugged_text(const struct model *model, const struct port *port)
{
	return port->is_uplink ? mem_format("the wire at %s", port->nic) : part_name(model, port->part);
}

static const char *direction_text(bool passes)
{
	return passes ? "pass" : "are dropped";
}

static void report_protection(const struct port *port, struct text *out)
{
	text_add(out, "      sends with   %s, %s%s; %u learned at most\n", port->has_spoof_mac ? "its own MAC address only" : "any MAC address",
		 port->source_count ? "listed IP addresses only" : "any IP address", port->has_spoof_arp ? ", ARP checked" : "", port->learn);
	for (uint32_t i = 0; i < port->rule_count; i++)
		text_add(out, "      rule %-2u      %s\n", i + 1, port->rules[i].text);
	if (port->rule_count || !port->passes_in || !port->passes_out)
		text_add(out, "      other frames in %s, out %s\n", direction_text(port->passes_in), direction_text(port->passes_out));
}

static void report_limits(const struct model *model, const struct port *port, struct text *out)
{
	if (port->bytes.per_second)
		text_add(out, "      rate         %llu kbit/s, burst %s\n", (unsigned long long)port->bytes.per_second * 8 / 1000, size_text(port->bytes.burst));
	if (port->frames.per_second)
		text_add(out, "      frames       %llu/s, burst %llu\n", (unsigned long long)port->frames.per_second, (unsigned long long)port->frames.burst);
	if (port->storm.per_second)
		text_add(out, "      broadcast    %llu/s, burst %llu\n", (unsigned long long)port->storm.per_second, (unsigned long long)port->storm.burst);
	if (port->mirror_in.port >= 0)
		text_add(out, "      mirrored     what it sends, to %s\n", model->ports[port->mirror_in.port].name);
	if (port->mirror_out.port >= 0)
		text_add(out, "      mirrored     what it is sent, to %s\n", model->ports[port->mirror_out.port].name);
}

static void report_port(const struct model *model, const struct port *port, struct text *out)
{
	text_add(out, "    %-2u %-15s %s, MAC %s, MTU %u, %s\n", port->place, port->name, plugged_text(model, port), mac_text(port), port->mtu,
		 vlan_text(port));
	report_protection(port, out);
	report_limits(model, port, out);
}

bool vlans_meet(const struct port *a, const struct port *b)
{
	for (uint32_t vlan = 1; vlan <= 4094; vlan++) {
		bool in_a = a->vlan == vlan, in_b = b->vlan == vlan;

		for (uint32_t i = 0; i < a->vlan_count; i++)
			in_a = in_a || (a->vlans[i].first <= vlan && vlan <= a->vlans[i].last);
		for (uint32_t i = 0; i < b->vlan_count; i++)
			in_b = in_b || (b->vlans[i].first <= vlan && vlan <= b->vlans[i].last);
		if (in_a && in_b)
			return true;
	}
	return false;
}

/* Rows send, columns receive: "x" passes, "v" would, but they have no VLAN in common. */
static void report_matrix(const struct model *model, uint32_t back, struct text *out)
{
	const struct port *from, *to;

	text_add(out, "    who sends to whom (x: yes; v: allowed, and no VLAN in common)\n    %18s", "");
	for (uint32_t k = 0; port_at(model, back, k); k++)
		text_add(out, " %2u", k);
	text_add(out, "\n");
	for (uint32_t i = 0; (from = port_at(model, back, i)) != NULL; i++) {
		text_add(out, "    %2u %-15s", i, from->name);
		for (uint32_t k = 0; (to = port_at(model, back, k)) != NULL; k++)
			text_add(out, "  %s", !(from->allow >> k & 1) ? "-" : vlans_meet(from, to) ? "x" : "v");
		text_add(out, "\n");
	}
}

static void report_switch(const struct model *model, uint32_t back, struct text *out)
{
	const struct port *port;

	if (!port_at(model, back, 0))
		return;
	text_add(out, "  switch in \"%s\"\n", model->parts[back].name);
	for (uint32_t i = 0; (port = port_at(model, back, i)) != NULL; i++)
		report_port(model, port, out);
	report_matrix(model, back, out);
}

static const char *source_text(const struct disk *disk)
{
	if (disk->source == DISK_RAM)
		return mem_format("memory at 0x%llx", (unsigned long long)disk->memory.base);
	if (disk->source == DISK_GPT)
		return mem_format("partition \"%s\" of %s", disk->gpt_name, disk->medium);
	return mem_format("%s from %s on", disk->medium, size_text(disk->offset));
}

static void report_disks(const struct model *model, struct text *out)
{
	if (model->disk_count)
		text_add(out, "\nDisks\n");
	for (uint32_t i = 0; i < model->disk_count; i++) {
		const struct disk *d = &model->disks[i];

		text_add(out, "  %-15s %s, %s%s, %s, by \"%s\"\n", d->name, part_name(model, d->part), d->size ? size_text(d->size) : "all that is there",
			 d->is_read_only ? ", read only" : "", source_text(d), part_name(model, d->back));
	}
}

static void report_cables(const struct model *model, struct text *out)
{
	if (model->cable_count)
		text_add(out, "\nSerial cables\n");
	for (uint32_t i = 0; i < model->cable_count; i++) {
		const struct cable *c = &model->cables[i];

		text_add(out, "  %-15s \"%s\" and \"%s\", by \"%s\"\n", c->name, part_name(model, c->part[0]), part_name(model, c->part[1]), part_name(model, c->back));
	}
}

void report_io(const struct model *model, struct text *out)
{
	if (model->port_count)
		text_add(out, "\nNetwork\n");
	for (uint32_t i = 0; i < model->part_count; i++)
		report_switch(model, i, out);
	report_disks(model, out);
	report_cables(model, out);
	report_channels(model, out);
}

static void report_dma(const struct model *model, const struct part *part, struct text *out)
{
	if (part->frame)
		text_add(out, "  \"%s\": its PCI functions could raise interrupts %u to %u, of others too: a GICv2m frame cannot tell who writes\n", part->name,
			 model->board->frame.first, model->board->frame.first + model->board->frame.count - 1);
	for (uint32_t i = 0; i < part->device_count; i++) {
		const struct board_device *d = part->devices[i];

		if (!d->is_bus_master)
			continue;
		if (d->is_pci && bridge_apart(model, d))
			text_add(out, "  \"%s\" is trusted with bus \"%s\", on which functions of others are too: it could lay memory of its own ones over theirs\n",
				 part->name, d->label);
		if (device_is_confined(model, d) && d->bridge)
			text_add(out, "  \"%s\": \"%s\" reaches, through the IOMMU, the partition's memory and nothing else\n", part->name, d->label);
		else if (device_is_confined(model, d))
			text_add(out, "  \"%s\": devices of \"%s\" reach, through the IOMMU, what the partition itself reaches\n", part->name, d->label);
		else
			text_add(out, "  WARNING: \"%s\" is trusted with the whole board: devices of \"%s\" reach all memory, no IOMMU holds them back\n%s", part->name, d->label,
				 d->bridge ? "" : mem_format("  WARNING: what they were told to write into memory of those that \"%s\" serves goes on while these start again\n",
							     part->name));
	}
}

static void report_window(const struct model *model, const struct io_window *w, struct text *out)
{
	const struct part *front = &model->parts[w->front];
	const char *back = model->parts[w->back].name;

	if (front->has_pool)
		text_add(out, "  \"%s\" sees %s of the %s of \"%s\", the pool at 0x%llx, for", back, size_text(w->size), size_text(front->memory), front->name,
			 (unsigned long long)front->pool.base);
	else
		text_add(out, "  \"%s\" trusts \"%s\" with all of its memory (%s), for", front->name, back, size_text(w->size));
}

void report_io_trust(const struct model *model, struct text *out)
{
	for (uint32_t i = 0; i < model->window_count; i++) {
		const struct io_window *w = &model->windows[i];

		report_window(model, w, out);
		for (uint32_t k = 0; k < model->vdev_count; k++)
			if (model->vdevs[k].front == w->front && model->vdevs[k].back == w->back)
				text_add(out, " %s", model->vdevs[k].name);
		text_add(out, "\n");
	}
	report_channel_trust(model, out);
	for (uint32_t i = 0; i < model->part_count; i++)
		report_dma(model, &model->parts[i], out);
}
