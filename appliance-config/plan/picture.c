/* SPDX-License-Identifier: Apache-2.0 */
/*
 * map.svg: one colour a partition; a card for each with what it owns, the
 * CPUs with their time, and physical memory from low to high. SVG 1.1 without
 * scripts or fonts of its own.
 */
#include "picture.h"

#include "report.h"

#include <string.h>

enum {
	INNER = PICTURE_WIDTH - 2 * MARGIN,
	CARD_COLUMNS = 3,
	CARD_GAP = 20,
	CARD_WIDTH = (INNER - (CARD_COLUMNS - 1) * CARD_GAP) / CARD_COLUMNS,
	CPU_HEIGHT = 64,
	MEMORY_LABEL = 250,
	BAR_WIDTH = 420,
};

/* Fill and ink of each owner, told apart also by readers who see no red or green: lightness differs. */
static const char *const colours[PART_MAX] = {
	"#4e79a7", "#f28e2b", "#76b7b2", "#b07aa1", "#59a14f", "#edc948", "#e15759", "#9c755f",
	"#1f4e79", "#c55a11", "#2e7d7a", "#7b4173", "#2f6b29", "#a8861c", "#a32c2e", "#5e4636",
};
#define COLOUR_HYPERVISOR "#3c3c44"
#define COLOUR_FIRMWARE "#8d8d97"
#define COLOUR_FREE "#f1f1f4"

const char *picture_colour(int32_t part)
{
	return part < 0 ? COLOUR_FIRMWARE : colours[part % PART_MAX];
}

static void add_escaped(struct text *out, const char *words)
{
	for (; *words; words++) {
		if (*words == '<')
			text_add(out, "&lt;");
		else if (*words == '>')
			text_add(out, "&gt;");
		else if (*words == '&')
			text_add(out, "&amp;");
		else if ((unsigned char)*words >= ' ')
			text_add(out, "%c", *words);
	}
}

void picture_words(struct text *out, int x, int y, const char *style, const char *words)
{
	text_add(out, "<text x=\"%d\" y=\"%d\" class=\"%s\">", x, y, style);
	add_escaped(out, words);
	text_add(out, "</text>\n");
}

void picture_box(struct text *out, int x, int y, int width, int height, const char *fill, const char *more)
{
	text_add(out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\" %s/>\n", x, y, width, height, fill, more);
}

void picture_title(struct text *out, int *y, const char *words)
{
	*y += 44;
	picture_words(out, MARGIN, *y, "h", words);
	*y += 16;
}

/* ---- partitions ---- */

static const char *cpus_text(const struct part *part)
{
	char *words = mem_format("%u vCPU%s on CPU", part->cpu_count, part->cpu_count == 1 ? "" : "s");

	for (uint32_t i = 0; i < part->cpu_count; i++)
		words = mem_format("%s%s %u", words, i ? "," : "", part->cpus[i]);
	return mem_format("%s, %s", words, part->is_exclusive ? "exclusive" : "time slots");
}

static const char *irqs_text(const struct board_device *device)
{
	char *words = mem_format("%s", device->irq_count ? " (INTID" : "");

	for (uint32_t i = 0; i < device->irq_count; i++)
		words = mem_format("%s %u", words, device->irq[i].intid);
	return mem_format("%s%s", words, device->irq_count ? ")" : "");
}

/* File name alone: the path stands in the report. */
static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static const char *cut(const char *words, size_t most)
{
	return strlen(words) <= most ? words : mem_format("%.*s...", (int)most - 3, words);
}

static int card_lines(const struct part *part)
{
	return 5 + (int)part->device_count + (int)part->capability_count;
}

static void add_card(const struct part *part, struct text *out, int x, int y, int height)
{
	int at = y + 58;

	picture_box(out, x, y, CARD_WIDTH, height, "#ffffff", "rx=\"8\" class=\"card\"");
	text_add(out, "<path d=\"M%d %dv-28a8 8 0 0 1 8-8h%da8 8 0 0 1 8 8v28z\" fill=\"%s\"/>\n", x, y + 36, CARD_WIDTH - 16,
		 colours[part->index % PART_MAX]);
	picture_words(out, x + 14, y + 25, "name", part->name);
	picture_words(out, x + 14, at, "t", mem_format("%s of memory", size_text(part->memory)));
	picture_words(out, x + 14, at += LINE, "t", cpus_text(part));
	picture_words(out, x + 14, at += LINE, "t", cut(mem_format("%s: %s", base_name(part->image_path), part->image.found), 44));
	picture_words(out, x + 14, at += LINE, "t", mem_format("console%s%s", part->has_console ? "" : ": none", part->has_rtc ? ", clock" : ""));
	for (uint32_t i = 0; i < part->device_count; i++)
		picture_words(out, x + 14, at += LINE, "t",
			  cut(mem_format("owns %s%s", part->devices[i]->title, irqs_text(part->devices[i])), 46));
	for (uint32_t i = 0; i < part->capability_count; i++)
		picture_words(out, x + 14, at += LINE, "t", cut(mem_format("may act on %s", part->capabilities[i].word), 46));
}

static void add_cards(const struct model *model, struct text *out, int *y)
{
	for (uint32_t first = 0; first < model->part_count; first += CARD_COLUMNS) {
		int height = 0;

		for (uint32_t i = first; i < model->part_count && i < first + CARD_COLUMNS; i++)
			height = card_lines(&model->parts[i]) * LINE + 36 > height ? card_lines(&model->parts[i]) * LINE + 36 : height;
		for (uint32_t i = first; i < model->part_count && i < first + CARD_COLUMNS; i++)
			add_card(&model->parts[i], out, MARGIN + (int)(i - first) * (CARD_WIDTH + CARD_GAP), *y, height);
		*y += height + CARD_GAP;
	}
	*y -= CARD_GAP;
}

/* ---- CPUs ---- */

static void add_slots(const struct model *model, const struct cpu *cpu, struct text *out, int x, int y, int width)
{
	uint64_t done = 0;

	for (uint32_t i = 0; i < cpu->slot_count && cpu->frame_us; i++) {
		int from = x + (int)((uint64_t)width * done / cpu->frame_us);
		int to = x + (int)((uint64_t)width * (done + cpu->slots[i].us) / cpu->frame_us);
		int32_t part = cpu->slots[i].part;

		picture_box(out, from, y, to - from, 30, part < 0 ? COLOUR_FREE : colours[part % PART_MAX], "class=\"edge\"");
		picture_words(out, from + 6, y + 20, part < 0 ? "t" : "w",
			  cut(mem_format("%s %llu us", part < 0 ? "-" : model->parts[part].name, (unsigned long long)cpu->slots[i].us),
			      (size_t)(to - from > 20 ? (to - from) / 8 : 3)));
		done += cpu->slots[i].us;
	}
}

static void add_cpu(const struct model *model, const struct cpu *cpu, struct text *out, int x, int y, int width)
{
	picture_words(out, x, y + 14, "s", mem_format("CPU %u", cpu->board));
	if (cpu->is_shared) {
		add_slots(model, cpu, out, x, y + 22, width);
		return;
	}
	picture_box(out, x, y + 22, width, 30, cpu->part < 0 ? COLOUR_FREE : colours[cpu->part % PART_MAX], "class=\"edge\"");
	picture_words(out, x + 8, y + 42, cpu->part < 0 ? "t" : "w", cpu->part < 0 ? "unused" : model->parts[cpu->part].name);
}

static void add_cpus(const struct model *model, struct text *out, int *y)
{
	uint32_t columns = model->board->cpu_count < 4 ? model->board->cpu_count : 4;
	int width = columns ? (INNER - (int)(columns - 1) * CARD_GAP) / (int)columns : INNER;

	for (uint32_t i = 0; i < model->board->cpu_count; i++) {
		add_cpu(model, &model->cpus[i], out, MARGIN + (int)(i % columns) * (width + CARD_GAP), *y, width);
		if (i % columns == columns - 1 || i + 1 == model->board->cpu_count)
			*y += CPU_HEIGHT;
	}
}

/* ---- memory ---- */

/* Not to scale: each factor of four in size adds a step, so that small ranges stay readable. */
static int stretch_height(uint64_t size)
{
	int height = 26;

	for (uint64_t step = 4 * MIB; step <= size && height < 90; step *= 4)
		height += 10;
	return height;
}

static const char *stretch_colour(const struct stretch *stretch)
{
	if (stretch->is_free)
		return COLOUR_FREE;
	if (stretch->part >= 0)
		return colours[stretch->part % PART_MAX];
	return strncmp(stretch->owner, "the ", 4) == 0 ? COLOUR_HYPERVISOR : COLOUR_FIRMWARE;
}

static void add_memory(const struct model *model, struct text *out, int *y)
{
	struct stretch stretches[STRETCH_MAX];
	uint32_t count = memory_stretches(model, stretches);

	for (uint32_t i = 0; i < count; i++) {
		const struct stretch *s = &stretches[i];
		int height = stretch_height(s->range.size);
		int middle = *y + height / 2 + 5;

		picture_words(out, MARGIN, middle, "m", mem_format("0x%010llx", (unsigned long long)s->range.base));
		picture_box(out, MARGIN + MEMORY_LABEL - 120, *y, BAR_WIDTH, height, stretch_colour(s), "class=\"edge\"");
		picture_words(out, MARGIN + MEMORY_LABEL - 108, middle, s->is_free ? "t" : "w", s->owner);
		picture_words(out, MARGIN + MEMORY_LABEL - 120 + BAR_WIDTH + 14, middle, "t", size_text(s->range.size));
		*y += height;
	}
	if (count)
		picture_words(out, MARGIN, *y + 14, "m", mem_format("0x%010llx", (unsigned long long)range_end(stretches[count - 1].range)));
	*y += 24;
}

/* ---- what nobody owns ---- */

static void add_unowned(const struct model *model, struct text *out, int *y)
{
	picture_words(out, MARGIN, *y += LINE, "t", mem_format("serial line: the hypervisor, INTID %u; console of all partitions", model->board->uart_intid));
	for (uint32_t i = 0; i < model->board->device_count; i++) {
		const struct board_device *device = &model->board->devices[i];
		const struct part *owner = device_owner(model, device);

		if (owner)
			picture_box(out, MARGIN, *y + 8, 12, 12, colours[owner->index % PART_MAX], "rx=\"2\"");
		picture_words(out, MARGIN + (owner ? 20 : 0), *y += LINE, "t",
			  mem_format("%s%s: %s", device->title, irqs_text(device), owner ? owner->name : "nobody"));
	}
}

static const char style[] = "<style>text{font-family:Inter,Helvetica,Arial,sans-serif;fill:#2b2b33}"
			    ".t{font-size:13px}.s{font-size:13px;font-weight:600}.m{font-size:12px;font-family:monospace;fill:#5a5a66}"
			    ".w{font-size:13px;fill:#ffffff;font-weight:600}.name{font-size:17px;fill:#ffffff;font-weight:700}"
			    ".h{font-size:16px;font-weight:700}.title{font-size:22px;font-weight:700}"
			    ".card{stroke:#d5d5dc}.wire{stroke:#8d8d97;stroke-width:2;fill:none}"
			    ".talk{stroke:#59a14f;stroke-width:2;fill:none}.never{stroke:#c9c9d1;stroke-width:2;stroke-dasharray:4 4;fill:none}"
			    ".edge{stroke:#ffffff;stroke-width:1.5}</style>\n";

void emit_map(const struct model *model, struct text *out)
{
	struct text body = { 0 };
	int y = 52;

	picture_words(&body, MARGIN, y, "title", mem_format("%s %s", model->appliance, model->version));
	picture_words(&body, MARGIN, y += 24, "t", mem_format("%s, GICv%u%s", model->board->model, model->gic_version,
							  model->is_development ? ", DEVELOPMENT keys" : ""));
	picture_title(&body, &y, "Partitions");
	add_cards(model, &body, &y);
	picture_network(model, &body, &y);
	picture_disks(model, &body, &y);
	picture_cables(model, &body, &y);
	picture_channels(model, &body, &y);
	picture_title(&body, &y, "CPUs");
	add_cpus(model, &body, &y);
	picture_title(&body, &y, "Physical memory (not to scale)");
	add_memory(model, &body, &y);
	picture_title(&body, &y, "Devices and interrupts");
	add_unowned(model, &body, &y);
	y += MARGIN;
	text_add(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n", PICTURE_WIDTH, y, PICTURE_WIDTH, y);
	text_add(out, "%s<rect width=\"%d\" height=\"%d\" fill=\"#fafafc\"/>\n", style, PICTURE_WIDTH, y);
	text_add_bytes(out, body.data, body.length);
	text_add(out, "</svg>\n");
}
