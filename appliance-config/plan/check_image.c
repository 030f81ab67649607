/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of guests' files, and of where they go in their own RAM. */
#include "check_list.h"

#include <inttypes.h>
#include <string.h>

/* What the boot stage needs of the memory that firmware keeps, beside the components themselves. */
#define FIRMWARE_OWN (56 * MIB)

#define FOR_PARTS(each, model) for (const struct part *each = (model)->parts; each < (model)->parts + (model)->part_count; each++)

void check_image_unset(const struct model *model, struct findings *f)
{
	FOR_PARTS(part, model)
		if (!*part->image_path)
			find(f, "%s: \"%s\" has no image; name a file", part->image_symbol, part->name);
}

void check_image_program(const struct model *model, struct findings *f)
{
	FOR_PARTS(part, model)
		if (!program_is_known(model, part))
			find(f, "%s=\"%s\": there is no such program; there are: %s; take one of them, or write it in partitions/%s of a directory of yours and "
				"give that with EXT=", part->image_symbol, part->program, model->programs, part->program);
}

void check_image_path(const struct model *model, struct findings *f)
{
	FOR_PARTS(part, model) {
		const char *const paths[] = { part->image_path, part->initrd_path, part->overlay_path };

		for (size_t i = 0; i < COUNT_OF(paths); i++)
			if (!path_is_plain(paths[i]))
				find(f, "a file of \"%s\", %s: make cannot name it; %s", part->name, paths[i],
				     strstr(paths[i], "$(") ? "$(O), $(EXT), $(DEBIAN_6_1) and $(DEBIAN_6_12) are what stands for directories" :
				     strchr(paths[i], '~')  ? "write the directory in the place of ~" :
							      "rename it, without blanks and characters that a shell takes as its own");
	}
}

void check_image_missing(const struct model *model, struct findings *f)
{
	FOR_PARTS(part, model)
		if (*part->image_path && part->image.kind == IMAGE_ABSENT && program_is_known(model, part) && path_is_plain(part->image_path))
			find(f, "%s: the image of \"%s\" is missing: no file %s%s", part->image_symbol, part->name, part->image_path,
			     *model->ext || *part->image_path == '/' ? "; put it there, or correct the path" : "; put it there, correct the path, or give its directory with EXT=");
}

static bool kind_suits(const struct part *part)
{
	enum image_kind k = part->image.kind;

	if (k == IMAGE_ARM64)
		return true;
	if (part->kind == KIND_LINUX)
		return false;
	return k == IMAGE_ELF || (part->kind == KIND_RAW && (k == IMAGE_FLAT || k == IMAGE_TEXT));
}

static const char *kind_wants(const struct part *part)
{
	if (part->kind == KIND_LINUX)
		return part->image.kind == IMAGE_ELF ? "an arm64 Image or Image.gz (of Linux take arch/arm64/boot/Image, not vmlinux)" : "an arm64 Image or Image.gz";
	return part->kind == KIND_UNIKERNEL ? "an ELF file for AArch64 or an arm64 Image" : "an ELF file for AArch64, an arm64 Image or a flat binary";
}

void check_image_kind(const struct model *model, struct findings *f)
{
	FOR_PARTS(part, model)
		if (part->image.kind != IMAGE_ABSENT && !kind_suits(part))
			find(f, "%s: the image of \"%s\" should be %s, and %s is %s; give another file, or change what the partition runs", part->image_symbol,
			     part->name, kind_wants(part), part->image_path, part->image.found);
}

void check_image_damaged(const struct model *model, struct findings *f)
{
	FOR_PARTS(part, model)
		if (part->image.damage && kind_suits(part))
			find(f, "%s: the image of \"%s\", %s, is damaged: %s; make or copy it again", part->image_symbol, part->name, part->image_path,
			     part->image.damage);
}

static struct range ram_of(const struct part *part)
{
	return (struct range){ GUEST_RAM, part->memory };
}

static uint64_t mib_up(uint64_t bytes)
{
	return align_up(bytes, BLOCK_BYTES) / MIB;
}

void check_image_fits(const struct model *model, struct findings *f)
{
	FOR_PARTS(part, model)
		if (part->image.segment_count && part->image.kind != IMAGE_ELF && part->image_end > range_end(ram_of(part)))
			find(f, "CONFIG_PART%u_MEMORY_MIB=%" PRIu64 ": the image of \"%s\", %s, takes %s, and its RAM is %s; set it to %" PRIu64 " or more", part->number,
			     part->memory / MIB, part->name, part->image_path, range_text((struct range){ part->image_ipa, part->image_end - part->image_ipa }),
			     range_text(ram_of(part)), mib_up(part->image_end - GUEST_RAM));
}

/* The device tree stands at the beginning of RAM; the first 2 MiB are its. */
void check_image_place(const struct model *model, struct findings *f)
{
	struct range dtb = { GUEST_RAM, BLOCK_BYTES };

	FOR_PARTS(part, model) {
		for (uint32_t i = 0; part->image.kind == IMAGE_ELF && !part->image.damage && i < part->image.segment_count; i++) {
			struct range s = { part->image.segments[i].address, part->image.segments[i].memory };

			if (!range_contains(ram_of(part), s))
				find(f, "%s: a segment of %s, %s, is outside of RAM of \"%s\", %s; link it there, or change CONFIG_PART%u_MEMORY_MIB=%" PRIu64,
				     part->image_symbol, part->image_path, range_text(s), part->name, range_text(ram_of(part)), part->number, part->memory / MIB);
			else if (range_overlaps(dtb, s))
				find(f, "%s: a segment of %s, %s, overlaps the place of the device tree of \"%s\", %s; link it at 0x%lx or above",
				     part->image_symbol, part->image_path, range_text(s), part->name, range_text(dtb), GUEST_IMAGE);
		}
	}
}

static bool entry_is_inside(const struct image *image)
{
	for (uint32_t i = 0; i < image->segment_count; i++)
		if (image->entry >= image->segments[i].address && image->entry - image->segments[i].address < image->segments[i].memory)
			return true;
	return false;
}

void check_image_entry(const struct model *model, struct findings *f)
{
	FOR_PARTS(part, model)
		if (part->image.kind == IMAGE_ELF && !part->image.damage && !entry_is_inside(&part->image))
			find(f, "%s: the entry of %s, 0x%" PRIx64 ", is in none of its segments; set ENTRY() in the linker script of \"%s\"", part->image_symbol,
			     part->image_path, part->image.entry, part->name);
}

void check_initrd_missing(const struct model *model, struct findings *f)
{
	FOR_PARTS(part, model)
		if (*part->initrd_path && part->initrd.kind == IMAGE_ABSENT && !model->is_report_only)
			find(f, "CONFIG_PART%u_INITRD: the initial RAM disk of \"%s\" is missing: no file %s; put it there, correct the path, or leave it empty",
			     part->number, part->name, part->initrd_path);
}

void check_initrd_kind(const struct model *model, struct findings *f)
{
	FOR_PARTS(part, model)
		if (*part->initrd_path && part->initrd.kind != IMAGE_ABSENT && part->initrd.kind != IMAGE_CPIO && part->initrd.kind != IMAGE_PACKED)
			find(f, "CONFIG_PART%u_INITRD: the initial RAM disk of \"%s\" should be a cpio archive, packed or not, and %s is %s; give another file", part->number,
			     part->name, part->initrd_path, part->initrd.found);
}

void check_initrd_fits(const struct model *model, struct findings *f)
{
	FOR_PARTS(part, model) {
		struct range initrd = { part->initrd_ipa, part->initrd.bytes.size };

		if (initrd.size && range_contains(ram_of(part), (struct range){ GUEST_RAM, part->image_end - GUEST_RAM }) &&
		    !range_contains(ram_of(part), initrd))
			find(f, "CONFIG_PART%u_MEMORY_MIB=%" PRIu64 ": the initial RAM disk of \"%s\", %s, would take %s behind the image, and RAM is %s; set it to %" PRIu64
				" or more", part->number, part->memory / MIB, part->name, part->initrd_path, range_text(initrd), range_text(ram_of(part)),
			     mib_up(range_end(initrd) - GUEST_RAM));
	}
}

void check_overlay_missing(const struct model *model, struct findings *f)
{
	FOR_PARTS(part, model)
		if (*part->overlay_path && part->overlay.size == 0)
			find(f, "CONFIG_PART%u_OVERLAY: the device-tree overlay of \"%s\" is missing or empty: %s; put it there, correct the path, or leave it empty",
			     part->number, part->name, part->overlay_path);
}

void check_overlay_bad(const struct model *model, struct findings *f)
{
	FOR_PARTS(part, model)
		if (part->overlay_error)
			find(f, "CONFIG_PART%u_OVERLAY: %s does not apply to the device tree of \"%s\": %s", part->number, part->overlay_path, part->name,
			     part->overlay_error);
}

void check_dtb_size(const struct model *model, struct findings *f)
{
	FOR_PARTS(part, model)
		if (part->dtb.size > BLOCK_BYTES)
			find(f, "CONFIG_PART%u_OVERLAY: with %s the device tree of \"%s\" takes %s, and its image begins at 0x%" PRIx64 "; make the overlay smaller",
			     part->number, part->overlay_path, part->name, range_text((struct range){ GUEST_RAM, part->dtb.size }), part->image_ipa);
}

static uint64_t component_bytes(const struct model *model)
{
	uint64_t bytes = 0;

	FOR_PARTS(part, model)
		for (enum component c = 0; c < COMPONENT_COUNT; c++)
			bytes += align_up(component_size(part, c), PAGE_BYTES);
	return bytes;
}

static const struct part *largest_part(const struct model *model)
{
	const struct part *largest = model->parts;

	FOR_PARTS(part, model)
		if (part->image.bytes.size + part->initrd.bytes.size > largest->image.bytes.size + largest->initrd.bytes.size)
			largest = part;
	return largest;
}

/* The hypervisor and the manifest take less than 1 MiB together. */
void check_slot_size(const struct model *model, struct findings *f)
{
	uint64_t need = component_bytes(model) + MIB;

	if (need > model->slot_bytes)
		find(f, "CONFIG_SLOT_MIB=%" PRIu64 ": hypervisor and images take %" PRIu64 " MiB (most of them \"%s\": %s); set it to %" PRIu64 " or more",
		     model->slot_bytes / MIB, need / MIB, largest_part(model)->name, largest_part(model)->image_path, mib_up(need));
}

void check_component_room(const struct model *model, struct findings *f)
{
	uint64_t need = component_bytes(model) + MIB;

	for (uint32_t i = 0; i < model->board->reserved_count; i++) {
		struct range firmware = model->board->reserved[i].range;

		if (strcmp(model->board->reserved[i].name, "firmware") == 0 && need + FIRMWARE_OWN > firmware.size)
			find(f, "%s of \"%s\": hypervisor and images take %" PRIu64 " MiB, and \"firmware\" in board.dts, %s, has room for %" PRIu64
				" MiB of them before they are placed; make the images smaller, or that range larger", largest_part(model)->image_symbol,
			     largest_part(model)->name, need / MIB, range_text(firmware), firmware.size > FIRMWARE_OWN ? (firmware.size - FIRMWARE_OWN) / MIB : 0);
	}
}
