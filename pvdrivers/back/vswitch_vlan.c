/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VLANs of the vswitch: which one a frame is in, who carries it, and what happens to the tag on the way out. It must not know addresses.
 */

#include <string.h>

#include "vswitch_parts.h"

#define VLAN_MASK	0x0fffu

static void join(struct vswitch *sw, uint32_t port, uint32_t vlan)
{
	sw->vlan_ports[vlan] |= 1u << port;
}

/* One word a VLAN, so that a frame finds its ports at once. */
void vswitch_vlan_start(struct vswitch *sw)
{
	for (uint32_t port = 0; port < sw->config->port_count; port++) {
		const struct vswitch_port_config *config = port_config(sw, port);

		if (config->vlan != 0)
			join(sw, port, config->vlan);
		for (uint32_t i = 0; config->is_trunk && i < config->vlan_range_count; i++)
			for (uint32_t vlan = config->vlan_ranges[i].first; vlan <= config->vlan_ranges[i].last; vlan++)
				join(sw, port, vlan);
	}
}

/* A tag with VLAN 0 carries a priority only: the frame is as one without. */
enum vswitch_drop vswitch_classify(const struct vswitch *sw, const struct vswitch_frame *frame, const struct packet *p,
				   struct vswitch_verdict *verdict)
{
	const struct vswitch_port_config *config = port_config(sw, frame->port);
	uint16_t tci = p->is_tagged ? p->tci : frame->has_tag_beside ? frame->tci_beside : 0;
	uint16_t vlan = tci & VLAN_MASK;

	if (p->is_tagged && frame->has_tag_beside)
		return VSWITCH_DROP_VLAN_NESTED;
	if (vlan != 0 && !config->is_trunk)
		return VSWITCH_DROP_VLAN_TAG;
	if (vlan == 0)
		vlan = config->vlan;
	if (vlan == 0)
		return VSWITCH_DROP_VLAN_TAG;
	if (!(sw->vlan_ports[vlan] >> frame->port & 1))
		return VSWITCH_DROP_VLAN_FOREIGN;
	verdict->vlan = vlan;
	verdict->tci = (uint16_t)((tci & ~VLAN_MASK) | vlan);
	return VSWITCH_FORWARDED;
}

enum vswitch_edit vswitch_edit_for(const struct vswitch *sw, uint32_t port, const struct packet *p, uint16_t vlan)
{
	const struct vswitch_port_config *config = port_config(sw, port);

	if (!config->is_trunk || config->vlan == vlan)
		return p->is_tagged ? VSWITCH_EDIT_STRIP : VSWITCH_EDIT_KEEP;
	if (!p->is_tagged)
		return VSWITCH_EDIT_INSERT;
	return (p->tci & VLAN_MASK) == vlan ? VSWITCH_EDIT_KEEP : VSWITCH_EDIT_REPLACE;
}

int32_t vswitch_edit_delta(enum vswitch_edit edit)
{
	return edit == VSWITCH_EDIT_INSERT ? TAG_BYTES : edit == VSWITCH_EDIT_STRIP ? -TAG_BYTES : 0;
}

uint32_t vswitch_edit_header(uint8_t *header, uint32_t header_bytes, enum vswitch_edit edit, uint16_t tci)
{
	if (header_bytes < 16)
		return header_bytes;
	if (edit == VSWITCH_EDIT_STRIP)
		memmove(header + 12, header + 16, header_bytes - 16);
	if (edit == VSWITCH_EDIT_INSERT) {
		memmove(header + 16, header + 12, header_bytes - 12);
		put_be16(header + 12, ETHERTYPE_TAG);
	}
	if (edit == VSWITCH_EDIT_INSERT || edit == VSWITCH_EDIT_REPLACE)
		put_be16(header + 14, tci);
	return (uint32_t)((int32_t)header_bytes + vswitch_edit_delta(edit));
}
