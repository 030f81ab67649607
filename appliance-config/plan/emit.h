/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The planner's outputs, each one text made from the finished model. None
 * of them decides anything.
 */
#ifndef PLAN_EMIT_H
#define PLAN_EMIT_H

#include "layout.h"

void emit_plan_c(const struct model *model, struct text *out);    /* the hypervisor's const tables */
void emit_plan_mk(const struct model *model, struct text *out);   /* numbers for linking */
void emit_manifest(const struct model *model, struct text *out, const char *out_dir);
void emit_qemu(const struct model *model, struct text *out);      /* arguments that make an emulator this board */
void emit_map_text(const struct model *model, struct text *out);  /* the whole plan for programs that judge it: map.txt */
void emit_images_mk(const struct model *model, struct text *out); /* files that must be built before planning */
void emit_menu_cpus(const struct board *board, struct text *out); /* Kconfig of a board's CPUs */
void emit_menu_devices(const struct board *board, struct text *out);

/* Pieces of plan.c that several files write: a list of maps; "static TYPE NAME[]" in a section that the linker script places. */
void emit_maps(struct text *out, const char *name, const struct map *maps, uint32_t count);
void emit_storage(struct text *out, const char *type, const char *name, uint64_t count, const char *section);

/* About PCI functions: a partition's own, its fields; the whole plan's: false if it has none. */
void emit_functions(struct text *out, const struct part *part);
void emit_functions_arch(struct text *out, const struct part *part);
bool emit_its(struct text *out, const struct model *model);
bool emit_pci(struct text *out, const struct model *model);
void emit_smmu(struct text *out, const struct model *model);

/* Pieces of plan.c that are about hybrid I/O: storage of pages, tables, and fields of a partition. */
void emit_io_pages(struct text *out, const struct model *model);
void emit_io_tables(struct text *out, const struct model *model);
void emit_io_partition(struct text *out, const struct model *model, const struct part *part);

/* Room that the hypervisor's handoff and link check know: the region's last page. */
static inline uint64_t handoff_page(const struct model *model)
{
	return range_end(model->hypervisor) - PAGE_BYTES;
}

#endif
