/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network in map.svg: for each switch a row a port, left who is plugged
 * in, right bows between ports that talk to each other; then disks, cables, channels. It must
 * not choose anything.
 */
#include "picture.h"

#include "report.h"

enum {
	OWNER_WIDTH = 190,
	WIRE = 46,
	CARD_X = MARGIN + OWNER_WIDTH + WIRE,
	CARD_WIDE = 420,
	ROW = 54,
	BOX_HEIGHT = 42,
	BOW_X = CARD_X + CARD_WIDE,
	BOW_STEP = 34,
	BOW_MOST = 300,
};

/* Who is plugged in, a wire, and a card with two lines. */
static void add_row(struct text *out, int y, int32_t part, const char *owner, const char *name, const char *more)
{
	picture_box(out, MARGIN, y, OWNER_WIDTH, BOX_HEIGHT, picture_colour(part), "rx=\"6\"");
	picture_words(out, MARGIN + 12, y + 26, "w", owner);
	text_add(out, "<path d=\"M%d %dh%d\" class=\"wire\"/>\n", MARGIN + OWNER_WIDTH, y + BOX_HEIGHT / 2, WIRE);
	picture_box(out, CARD_X, y, CARD_WIDE, BOX_HEIGHT, "#ffffff", "rx=\"6\" class=\"card\"");
	picture_words(out, CARD_X + 12, y + 18, "s", name);
	picture_words(out, CARD_X + 12, y + 35, "t", more);
}

static const char *vlans_text(const struct port *port)
{
	return port->is_trunk ? mem_format("trunk of VLANs %.20s", port->vlans_text) : mem_format("VLAN %u", port->vlan);
}

static const char *port_text(const struct port *port)
{
	const char *rules = port->rule_count ? mem_format(", %u rule%s", port->rule_count, port->rule_count == 1 ? "" : "s") : "";
	const char *rate = port->bytes.per_second ? mem_format(", %llu kbit/s", (unsigned long long)port->bytes.per_second * 8 / 1000) : "";

	return mem_format("%s%s%s", vlans_text(port), rules, rate);
}

static void add_port(const struct model *model, const struct port *port, struct text *out, int y)
{
	const char *owner = port->is_uplink ? mem_format("wire: %s", port->nic) : port->part < 0 ? "nobody" : model->parts[port->part].name;

	add_row(out, y, port->part, owner, port->name, port_text(port));
}

/* A bow from one row to another; an arrow where frames go one way only. */
static void add_bow(struct text *out, int top, const struct port *from, const struct port *to, bool is_both)
{
	int y1 = top + (int)from->place * ROW + BOX_HEIGHT / 2, y2 = top + (int)to->place * ROW + BOX_HEIGHT / 2;
	int far = (y1 > y2 ? y1 - y2 : y2 - y1) / ROW * BOW_STEP;
	const char *style = vlans_meet(from, to) ? "talk" : "never";

	far = 40 + (far > BOW_MOST ? BOW_MOST : far);
	text_add(out, "<path d=\"M%d %dC%d %d %d %d %d %d\" class=\"%s\"/>\n", BOW_X, y1, BOW_X + far, y1, BOW_X + far, y2, BOW_X, y2, style);
	text_add(out, "<path d=\"M%d %dl12 -6v12z\" fill=\"#59a14f\"/>\n", BOW_X, y2);
	if (is_both)
		text_add(out, "<path d=\"M%d %dl12 -6v12z\" fill=\"#59a14f\"/>\n", BOW_X, y1);
}

static void add_bows(const struct model *model, uint32_t back, struct text *out, int top)
{
	const struct port *a, *b;

	for (uint32_t i = 0; (a = port_at(model, back, i)) != NULL; i++)
		for (uint32_t k = i + 1; (b = port_at(model, back, k)) != NULL; k++) {
			bool forth = a->allow >> k & 1, off = b->allow >> i & 1;

			if (forth || off)
				add_bow(out, top, forth ? a : b, forth ? b : a, forth && off);
		}
}

static void add_switch(const struct model *model, uint32_t back, struct text *out, int *y)
{
	const struct port *port;
	int top;

	if (!port_at(model, back, 0))
		return;
	picture_words(out, MARGIN, *y + 14, "s", mem_format("switch in %s", model->parts[back].name));
	top = *y + 26;
	for (uint32_t i = 0; (port = port_at(model, back, i)) != NULL; i++)
		add_port(model, port, out, top + (int)i * ROW);
	add_bows(model, back, out, top);
	for (*y = top; port_at(model, back, (uint32_t)(*y - top) / ROW); *y += ROW)
		;
	picture_box(out, CARD_X - 4, top, 4, *y - top - ROW + BOX_HEIGHT, picture_colour((int32_t)back), "");
}

void picture_network(const struct model *model, struct text *out, int *y)
{
	if (model->port_count == 0)
		return;
	picture_title(out, y, "Network (who talks to whom; dashed: allowed, and no VLAN in common)");
	for (uint32_t i = 0; i < model->part_count; i++)
		add_switch(model, i, out, y);
}

static const char *part_or_nobody(const struct model *model, int32_t part)
{
	return part < 0 ? "nobody" : model->parts[part].name;
}

static const char *disk_text(const struct model *model, const struct disk *disk)
{
	const char *size = disk->size ? size_text(disk->size) : "all that is there";
	const char *where = disk->source == DISK_RAM ? "memory" : disk->source == DISK_GPT ? mem_format("\"%.36s\" of %s", disk->gpt_name, disk->medium) :
											      mem_format("region of %s", disk->medium);

	return mem_format("%s, %s%s, by %s", size, where, disk->is_read_only ? ", read only" : "", part_or_nobody(model, disk->back));
}

void picture_disks(const struct model *model, struct text *out, int *y)
{
	if (model->disk_count)
		picture_title(out, y, "Disks");
	for (uint32_t i = 0; i < model->disk_count; i++) {
		const struct disk *d = &model->disks[i];

		add_row(out, *y, d->part, part_or_nobody(model, d->part), d->name, disk_text(model, d));
		picture_box(out, CARD_X - 4, *y, 4, BOX_HEIGHT, picture_colour(d->back), "");
		*y += ROW;
	}
}

void picture_cables(const struct model *model, struct text *out, int *y)
{
	if (model->cable_count)
		picture_title(out, y, "Serial cables");
	for (uint32_t i = 0; i < model->cable_count; i++) {
		const struct cable *c = &model->cables[i];

		add_row(out, *y, c->part[0], part_or_nobody(model, c->part[0]), c->name,
			mem_format("with %s, by %s", part_or_nobody(model, c->part[1]), part_or_nobody(model, c->back)));
		picture_box(out, CARD_X - 4, *y, 4, BOX_HEIGHT, picture_colour(c->part[1]), "");
		*y += ROW;
	}
}

void picture_channels(const struct model *model, struct text *out, int *y)
{
	if (model->channel_count)
		picture_title(out, y, "Channels");
	for (uint32_t i = 0; i < model->channel_count; i++) {
		const struct channel *c = &model->channels[i];
		const struct channel_end *a = &c->end[0], *b = &c->end[1];

		add_row(out, *y, a->part, part_or_nobody(model, a->part), c->name,
			mem_format("with %s, %s each way", part_or_nobody(model, b->part), size_text(c->bytes)));
		picture_box(out, CARD_X - 4, *y, 4, BOX_HEIGHT, picture_colour(b->part), "");
		*y += ROW;
	}
}
