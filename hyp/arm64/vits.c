/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual ITS of a partition, and the LPI part of its redistributors (Arm
 * IHI 0069). It keeps everything itself and asks for no tables in the guest's
 * memory, from which it reads two things, each once: commands, and an
 * interrupt's property byte when the guest says that it changed. A command
 * that makes no sense does nothing. vits_event.c has what becomes of a
 * message. It must not know the physical ITS.
 */
#include "gic_regs.h"
#include "vits.h"

#define PIECE 8u /* commands in one exit, ITS_MAPC the last; for more, the guest comes back with the same instruction */
#define COMMAND_BYTES 32u
#define QUEUE_BYTES(base) ((((uint32_t)(base) & 0xffu) + 1u) * (uint32_t)PAGE_SIZE)
#define QUEUE_OFFSET_MASK 0xfffe0u
#define BASE_ADDRESS 0xffffffffff000ul
#define COMMAND_BASE_MASK (GITS_VALID | 7ul << 59 | 7ul << 53 | BASE_ADDRESS | 0xcfful)
#define TYPER_PHYSICAL 1u
#define TYPER_ENTRY_BYTES (7u << 4) /* 8; nothing is written there */
#define TYPER_EVENT_BITS (4u << 8)
#define TYPER_DEVICE_BITS (15u << 13)
#define TYPER_COLLECTIONS(count) ((uint64_t)(count) << 24)

struct command {
	uint64_t word[4];
};

static uint32_t device_of(const struct command *c)
{
	return (uint32_t)(c->word[0] >> 32);
}

static uint32_t event_of(const struct command *c)
{
	return (uint32_t)c->word[1];
}

static uint32_t collection_of(const struct command *c)
{
	return (uint32_t)c->word[2] & 0xffffu;
}

static bool is_valid(const struct command *c)
{
	return c->word[2] & GITS_VALID;
}

/* ---- commands ---- */

static void run_map_device(struct vits_ref *ref, const struct command *c)
{
	uint32_t index = vits_device(ref, device_of(c));

	if (index == VITS_NONE)
		return;
	vits_unmap_device(ref, index);
	if (is_valid(c))
		ref->vits->mapped |= 1u << index;
}

static void run_map_collection(struct vits_ref *ref, const struct command *c)
{
	uint32_t collection = collection_of(c);
	uint32_t vcpu = (uint32_t)(c->word[2] >> 16) & 0xffffu;

	if (collection >= ref->gic->partition->vcpu_count || (is_valid(c) && vcpu >= ref->gic->partition->vcpu_count))
		return;
	ref->vits->collection[collection] = is_valid(c) ? (uint8_t)vcpu : VGIC_NOBODY;
	for (uint32_t i = 0; i < ref->plan->lpi_count; i++)
		if (ref->vits->intid[i] && ref->vits->in_collection[i] == collection)
			vits_apply(ref, i, true);
}

static void map_event(struct vits_ref *ref, const struct command *c, uint64_t intid)
{
	uint32_t index = vits_event(ref, device_of(c), event_of(c));

	if (index == VITS_NONE || collection_of(c) >= ref->gic->partition->vcpu_count || intid < ITS_FIRST_LPI || intid >= 1u << ITS_LPI_BITS)
		return;
	for (uint32_t i = 0; i < ref->plan->lpi_count; i++)
		if (i != index && ref->vits->intid[i] == intid)
			return; /* two list registers with one INTID: the architecture does not say what comes of it */
	vits_unmap(ref, index);
	ref->vits->intid[index] = (irq_t)intid;
	ref->vits->in_collection[index] = (uint8_t)collection_of(c);
	vits_property_load(ref, index);
	vits_apply(ref, index, true);
}

static void run_map_interrupt(struct vits_ref *ref, const struct command *c)
{
	map_event(ref, c, c->word[1] >> 32);
}

static void run_map_same(struct vits_ref *ref, const struct command *c)
{
	map_event(ref, c, event_of(c));
}

/* The event of `c`, if it is mapped to an interrupt. */
static uint32_t mapped_event(struct vits_ref *ref, const struct command *c)
{
	uint32_t index = vits_event(ref, device_of(c), event_of(c));

	return index != VITS_NONE && ref->vits->intid[index] ? index : VITS_NONE;
}

static void run_move(struct vits_ref *ref, const struct command *c)
{
	uint32_t index = mapped_event(ref, c);

	if (index == VITS_NONE || collection_of(c) >= ref->gic->partition->vcpu_count)
		return;
	ref->vits->in_collection[index] = (uint8_t)collection_of(c);
	vits_apply(ref, index, true);
}

static void run_interrupt(struct vits_ref *ref, const struct command *c)
{
	uint32_t index = mapped_event(ref, c);

	if (index != VITS_NONE)
		vgic_edge(ref->gic, ref->self, VGIC_LPI + index);
}

static void run_clear(struct vits_ref *ref, const struct command *c)
{
	uint32_t index = mapped_event(ref, c);

	if (index != VITS_NONE)
		vits_forget(ref, index);
}

static void run_discard(struct vits_ref *ref, const struct command *c)
{
	uint32_t index = mapped_event(ref, c);

	if (index != VITS_NONE)
		vits_unmap(ref, index);
}

static void run_invalidate(struct vits_ref *ref, const struct command *c)
{
	uint32_t index = mapped_event(ref, c);

	if (index == VITS_NONE)
		return;
	vits_property_load(ref, index);
	vits_apply(ref, index, false);
}

static void run_invalidate_all(struct vits_ref *ref, const struct command *c)
{
	for (uint32_t i = 0; i < ref->plan->lpi_count; i++) {
		if (!ref->vits->intid[i] || ref->vits->in_collection[i] != collection_of(c))
			continue;
		vits_property_load(ref, i);
		vits_apply(ref, i, false);
	}
}

/* By number. SYNC: everything is done when it is read. MOVALL: what is pending goes with its collection, and is there already. */
typedef void command_fn(struct vits_ref *ref, const struct command *c);

static command_fn *const vits_commands[16] = {
	[ITS_MOVI] = run_move,
	[ITS_INT] = run_interrupt,
	[ITS_CLEAR] = run_clear,
	[ITS_MAPD] = run_map_device,
	[ITS_MAPC] = run_map_collection,
	[ITS_MAPTI] = run_map_interrupt,
	[ITS_MAPI] = run_map_same,
	[ITS_INV] = run_invalidate,
	[ITS_INVALL] = run_invalidate_all,
	[ITS_DISCARD] = run_discard,
};

static void command_run(struct vits_ref *ref, const struct command *c)
{
	uint32_t number = (uint32_t)c->word[0] & 0xffu;

	if (number < ARRAY_COUNT(vits_commands) && vits_commands[number])
		vits_commands[number](ref, c);
}

static bool command_copy(const struct vits_ref *ref, struct command *c)
{
	uint64_t at = (ref->vits->command_base & BASE_ADDRESS) + ref->vits->command_read;
	const volatile uint64_t *from = vits_memory(ref->gic->partition, at, COMMAND_BYTES);

	for (uint32_t i = 0; from && i < ARRAY_COUNT(c->word); i++)
		c->word[i] = from[i];
	return from;
}

/* Returns: true if more are left. A queue that is not in memory stands still. */
static bool commands_run(struct vits_ref *ref)
{
	struct vits *vits = ref->vits;
	struct command c;

	for (uint32_t i = 0; vits->is_on && vits->command_base & GITS_VALID && vits->command_read != vits->command_write; i++) {
		if (i == PIECE)
			return true;
		if (!command_copy(ref, &c))
			return false;
		command_run(ref, &c);
		if ((c.word[0] & 0xffu) == ITS_MAPC)
			i = PIECE - 1u; /* each event of the collection moved in the machine's ITS, for which others wait */
		vits->command_read = (vits->command_read + COMMAND_BYTES) % QUEUE_BYTES(vits->command_base);
	}
	return false;
}

/* ---- registers ---- */

static struct vits_ref ref_of(struct vcpu *vcpu, const struct mmio_access *access)
{
	struct vgic *gic = access->state;

	return (struct vits_ref){ .gic = gic, .self = vcpu, .plan = gic->partition->arch->vits, .vits = gic->partition->arch->vits->state };
}

static void answer(struct mmio_access *access, uint64_t value)
{
	access->value = access->width == 8u ? value : (uint32_t)(value >> 8u * (access->offset & 4u));
}

/* A register of 64 bits, of which the access writes all or one half. */
static uint64_t merged(const struct mmio_access *access, uint64_t was)
{
	uint32_t shift = 8u * (access->offset & 4u);

	if (access->width == 8u)
		return access->value;
	return (was & ~((uint64_t)UINT32_MAX << shift)) | (uint64_t)(uint32_t)access->value << shift;
}

static void constant_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	(void)vcpu;
	access->value = reg->arg;
}

static void control_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	(void)reg;
	access->value = ref_of(vcpu, access).vits->is_on ? GITS_CTLR_ENABLED : GITS_CTLR_QUIESCENT;
}

/* Its lock is held by who calls; the guest's other vCPUs wait as at a register. */
static void run_and_drop(struct vits_ref *ref, struct mmio_access *access)
{
	access->is_retry = commands_run(ref);
	vgic_drop(ref->gic, ref->self);
}

static void control_write(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	struct vits_ref ref = ref_of(vcpu, access);

	(void)reg;
	lock_take(&ref.gic->lock);
	ref.vits->is_on = access->value & GITS_CTLR_ENABLED;
	run_and_drop(&ref, access);
}

static void type_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	(void)reg;
	answer(access, TYPER_PHYSICAL | TYPER_ENTRY_BYTES | TYPER_EVENT_BITS | TYPER_DEVICE_BITS | TYPER_COLLECTIONS(vcpu->partition->vcpu_count));
}

static void base_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	(void)reg;
	answer(access, ref_of(vcpu, access).vits->command_base);
}

static void base_write(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	struct vits_ref ref = ref_of(vcpu, access);

	(void)reg;
	lock_take(&ref.gic->lock);
	if (!ref.vits->is_on) {
		ref.vits->command_base = merged(access, ref.vits->command_base) & COMMAND_BASE_MASK;
		ref.vits->command_read = 0;
		ref.vits->command_write = 0;
	}
	lock_drop(&ref.gic->lock);
}

static void write_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	(void)reg;
	answer(access, ref_of(vcpu, access).vits->command_write);
}

/* An offset behind the end of the queue is none. */
static void write_write(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	struct vits_ref ref = ref_of(vcpu, access);
	uint32_t offset;

	(void)reg;
	lock_take(&ref.gic->lock);
	offset = (uint32_t)merged(access, ref.vits->command_write) & QUEUE_OFFSET_MASK;
	if (offset < QUEUE_BYTES(ref.vits->command_base))
		ref.vits->command_write = offset;
	run_and_drop(&ref, access);
}

static void read_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	(void)reg;
	answer(access, ref_of(vcpu, access).vits->command_read);
}

#define W32 MMIO_W32
#define WIDE (MMIO_W32 | MMIO_W64)

static const struct mmio_reg gits_regs[] = {
	{ GITS_CTLR, 4, W32, control_read, control_write, 0, "GITS_CTLR: enable; quiescent when it is off" },
	{ GITS_IIDR, 4, W32, constant_read, NULL, 0x43b, "GITS_IIDR; read only" },
	{ GITS_TYPER, 8, WIDE, type_read, NULL, 0, "GITS_TYPER: collections are held by us, redistributors have numbers; read only" },
	{ GITS_CBASER, 8, WIDE, base_read, base_write, 0, "GITS_CBASER: read only while it is on" },
	{ GITS_CWRITER, 8, WIDE, write_read, write_write, 0, "GITS_CWRITER" },
	{ GITS_CREADR, 8, WIDE, read_read, NULL, 0, "GITS_CREADR; read only" },
	{ GITS_BASER, 64, WIDE, NULL, NULL, 0, "GITS_BASER0..7: zero, no table is in the guest's memory" },
	{ GICD_PIDR4, 48, W32, vgic_id_read, NULL, 0, "PIDR4..7, PIDR0..3, CIDR0..3; read only" },
};

/* The rest is zero; so is the page to which messages go, which is for devices. */
const struct mmio_block gits_block = { "GITS", gits_regs, ARRAY_COUNT(gits_regs), true, 0 };

/* ---- redistributors ---- */

#define PROPERTY_BASE_MASK (7ul << 56 | BASE_ADDRESS | 0xf9ful)
#define PENDING_BASE_MASK (7ul << 56 | 0xfffffffff0000ul | 0xf80ul)

static uint32_t frame_index(const struct mmio_access *access)
{
	return access->offset >> GICR_FRAMES_SHIFT;
}

/* GICR_PROPBASER, of which there is one for all, and GICR_PENDBASER. */
static uint64_t *table_of(const struct vits_ref *ref, const struct mmio_access *access)
{
	bool is_property = (access->offset & 0xfff8u) == GICR_PROPBASER;

	return is_property ? &ref->vits->property_base : &ref->vits->pending_base[frame_index(access)];
}

void vits_redistributor_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	struct vits_ref ref = ref_of(vcpu, access);

	if (reg->offset == GICR_CTLR)
		access->value = ref.vits->lpis_on >> frame_index(access) & GICR_CTLR_LPIS;
	else
		answer(access, *table_of(&ref, access));
}

static void lpis_switch(struct vits_ref *ref, uint32_t index, bool is_on)
{
	ref->vits->lpis_on = (ref->vits->lpis_on & ~(1u << index)) | (uint32_t)is_on << index;
	for (uint32_t i = 0; i < ref->plan->lpi_count; i++)
		if (ref->vits->intid[i])
			vits_apply(ref, i, false);
}

void vits_redistributor_write(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	struct vits_ref ref = ref_of(vcpu, access);
	uint64_t *table = table_of(&ref, access);

	lock_take(&ref.gic->lock);
	if (reg->offset == GICR_CTLR)
		lpis_switch(&ref, frame_index(access), access->value & GICR_CTLR_LPIS);
	else if (!ref.vits->lpis_on || table != &ref.vits->property_base) /* read only while someone reads by it */
		*table = merged(access, *table) & (table == &ref.vits->property_base ? PROPERTY_BASE_MASK : PENDING_BASE_MASK);
	vgic_drop(ref.gic, vcpu);
}
