/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boot stage: from the firmware's EFI services to the hypervisor. Reads the slot record, tries the slots in its order, and
 * starts the first that verifies and fits the machine. A slot is refused with one line that says what and why; with no slot left
 * the recovery prompt runs. It never returns to the firmware, which might start it again, or something else.
 */

#include <string.h>

#include "arch.h"
#include "console.h"
#include "disk.h"
#include "efi.h"
#include "hardware.h"
#include "key.h"
#include "memory.h"
#include "place.h"
#include "recovery.h"

_Static_assert(sizeof(struct handoff) <= MANIFEST_HANDOFF_BYTES, "the manifest keeps room for it");

struct efi_system_table *efi_system;
efi_handle_t efi_image;

static struct disk disk;
static enum fw_err disk_err;
static struct hardware hardware;
static struct record_choice choice;
static struct manifest manifest;
static struct placement placement;
static _Alignas(4096) uint8_t manifest_bytes[MANIFEST_BYTES_MAX];
static char slot_refusal[SLOT_COUNT][64];

static void say_refusal(uint32_t slot, const char *what, const char *why)
{
	size_t used = 0;

	for (size_t i = 0; what[i] && used + 3 < sizeof(slot_refusal[0]); i++)
		slot_refusal[slot][used++] = what[i];
	slot_refusal[slot][used++] = ':';
	slot_refusal[slot][used++] = ' ';
	for (size_t i = 0; why[i] && used + 1 < sizeof(slot_refusal[0]); i++)
		slot_refusal[slot][used++] = why[i];
	slot_refusal[slot][used] = 0;
	console_print("boot: slot %c: %s: refused\n", 'a' + (int)slot, slot_refusal[slot]);
}

static void show_record(void)
{
	for (uint32_t copy = 0; copy < RECORD_COPY_COUNT; copy++)
		console_print("boot: record %c: %s\n", 'a' + (int)copy, fw_err_text(choice.copy_err[copy]));
	if (choice.copy == SLOT_NONE) {
		console_print("boot: no slot record can be read: every slot is tried\n");
		return;
	}
	console_print("boot: record %c counts: sequence %u, slot %c preferred, a %s, b %s\n", 'a' + (int)choice.copy,
		      choice.record.sequence, 'a' + (int)choice.record.preferred, slot_state_text(choice.record.slot[0].state),
		      slot_state_text(choice.record.slot[1].state));
}

static void show_state(void)
{
	if (disk_err != FW_OK)
		console_print("boot: no disk with the partitions slot-a and slot-b\n");
	else
		show_record();
	for (uint32_t slot = 0; slot < SLOT_COUNT; slot++)
		console_print("boot: slot %c: %s\n", 'a' + (int)slot, slot_refusal[slot][0] ? slot_refusal[slot] : "not tried");
}

static enum fw_err check_target(uint32_t slot)
{
	if (strcmp(manifest.arch, arch_name) != 0) {
		say_refusal(slot, "image for another architecture", manifest.arch);
		return FW_ERR_VALUE;
	}
	if (hardware_check(&hardware, &manifest, 'a' + (int)slot) != FW_OK) {
		say_refusal(slot, "hardware", "does not fit the plan");
		return FW_ERR_VALUE;
	}
	if (memory_check(&manifest, 'a' + (int)slot) != FW_OK) {
		say_refusal(slot, "memory", "firmware lies where the plan wants to be");
		return FW_ERR_OVERLAP;
	}
	return FW_OK;
}

static void give_back(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		memory_give(placement.staged[i], manifest.component[i].size);
}

static enum fw_err stage_component(uint32_t slot, uint32_t index)
{
	const struct manifest_component *c = &manifest.component[index];
	enum fw_err err = memory_take(&manifest, c->size, &placement.staged[index]);

	if (err == FW_OK) {
		err = slot_read_component(&disk.dev, &disk.slot[slot], c, (uint8_t *)(uintptr_t)placement.staged[index],
					  arch_count_sample);
		if (err != FW_OK)
			memory_give(placement.staged[index], c->size);
	}
	return err;
}

static enum fw_err stage(uint32_t slot)
{
	for (uint32_t i = 0; i < manifest.component_count; i++) {
		enum fw_err err = stage_component(slot, i);

		if (err == FW_OK)
			continue;
		console_print("boot: slot %c: component %s: %s\n", 'a' + (int)slot, manifest.component[i].name, fw_err_text(err));
		say_refusal(slot, manifest.component[i].name, fw_err_text(err));
		give_back(i);
		return err;
	}
	return FW_OK;
}

static void fill_handoff(uint32_t slot, uint32_t nth)
{
	struct handoff *h = &placement.handoff;

	memset(h, 0, sizeof(*h));
	h->magic = HANDOFF_MAGIC;
	h->version = HANDOFF_VERSION;
	h->size = sizeof(*h);
	memcpy(h->plan_id, manifest.plan_id, HANDOFF_PLAN_ID_BYTES);
	h->slot = slot;
	h->flags = (key_is_development ? HANDOFF_DEVELOPMENT_KEYS : 0) | (nth != 0 ? HANDOFF_OTHER_SLOT : 0);
	if (choice.copy != SLOT_NONE && choice.record.slot[slot].state != SLOT_CONFIRMED)
		h->flags |= HANDOFF_TRIAL;
	h->record_sequence = choice.record.sequence;
	h->security_version = manifest.security_version;
	memcpy(h->image_version, manifest.version, HANDOFF_VERSION_BYTES);
	h->ram_count = hardware.ram_count;
	memcpy(h->ram, hardware.ram, sizeof(h->ram));
	h->seed_bytes = hardware_seed(&hardware, h->seed);
	h->flags |= h->seed_bytes ? HANDOFF_SEED_VALID : 0;
	if (!h->seed_bytes)
		console_print("boot: no source of random numbers: guests get no seeds\n");
}

static void start(uint32_t slot, uint32_t nth)
{
	fill_handoff(slot, nth);
	placement.manifest = &manifest;
	placement.own = memory_own_image();
	console_print("boot: slot %c: starting %s %s\n", 'a' + (int)slot, manifest.name, manifest.version);
	if (memory_exit_firmware() == FW_OK)
		place_and_enter(&placement);
	say_refusal(slot, "firmware", "it does not let go");
	recovery_reset();
}

static void try_slot(uint32_t slot, uint32_t nth)
{
	enum fw_err err;

	if (!record_slot_may_start(&choice, slot)) {
		say_refusal(slot, "the record says", slot_state_text(choice.record.slot[slot].state));
		return;
	}
	err = slot_read_manifest(&disk.dev, &disk.slot[slot], &key_image, manifest_bytes, &manifest);
	if (err != FW_OK) {
		say_refusal(slot, "manifest", fw_err_text(err));
		return;
	}
	if (check_target(slot) == FW_OK && stage(slot) == FW_OK)
		start(slot, nth);
}

static enum fw_err find_machine(void)
{
	FW_TRY(arch_check_state());
	FW_TRY(hardware_find(&hardware));
	if (arch_prepare(hardware.ram, hardware.ram_count) != FW_OK) {
		console_print("boot: this machine's RAM is too scattered, or lies above 512 GiB\n");
		return FW_ERR_MEMORY;
	}
	return FW_OK;
}

static void boot(void)
{
	if (find_machine() != FW_OK)
		return;
	disk_err = disk_find(&disk);
	if (disk_err != FW_OK) {
		console_print("boot: no disk with the partitions slot-a and slot-b\n");
		return;
	}
	slot_read_record(&disk.dev, disk.record, &choice);
	show_record();
	for (uint32_t nth = 0; nth < SLOT_COUNT; nth++)
		try_slot(record_slot_to_try(&choice, nth), nth);
}

efi_status_t efi_main(efi_handle_t image, struct efi_system_table *system);

efi_status_t efi_main(efi_handle_t image, struct efi_system_table *system)
{
	efi_image = image;
	efi_system = system;
	arch_count_begin();
	(void)efi_system->boot->set_watchdog_timer(0, 0, 0, NULL);
	console_print("boot: Bulkhead boot stage\n");
	if (key_is_development)
		console_print("boot: DEVELOPMENT KEYS: the signatures of this image protect nothing\n");
	boot();
	recovery_run(show_state);
}
