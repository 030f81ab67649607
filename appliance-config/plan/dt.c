/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes and properties of a device tree that is being written. It must not know what they say. */
#include "dt.h"

#include <string.h>

enum { PHANDLE_GIC = 0x7001 };

void dt_note(struct dt *dt, int error)
{
	if (error < 0 && dt->error == 0)
		dt->error = error;
}

void dt_begin(struct dt *dt, const char *name)
{
	dt_note(dt, fdt_begin_node(dt->blob, name));
}

void dt_end(struct dt *dt)
{
	dt_note(dt, fdt_end_node(dt->blob));
}

void dt_put(struct dt *dt, const char *name, const void *value, size_t size)
{
	dt_note(dt, fdt_property(dt->blob, name, value, (int)size));
}

void dt_put_flag(struct dt *dt, const char *name)
{
	dt_put(dt, name, "", 0);
}

void dt_put_text(struct dt *dt, const char *name, const char *text)
{
	dt_put(dt, name, text, strlen(text) + 1);
}

void dt_put_cells(struct dt *dt, const char *name, const uint32_t *cells, size_t count)
{
	fdt32_t *out = mem_get((count + 1) * sizeof(*out));

	for (size_t i = 0; i < count; i++)
		out[i] = cpu_to_fdt32(cells[i]);
	dt_put(dt, name, out, count * sizeof(out[0]));
}

void dt_put_u64s(struct dt *dt, const char *name, const uint64_t *values, size_t count)
{
	fdt64_t *out = mem_get((count + 1) * sizeof(*out));

	for (size_t i = 0; i < count; i++)
		out[i] = cpu_to_fdt64(values[i]);
	dt_put(dt, name, out, count * sizeof(out[0]));
}

void dt_note_label(struct dt *dt, const char *label, const char *path)
{
	if (dt->label_count < SYMBOL_MAX) {
		dt->labels[dt->label_count] = label;
		dt->paths[dt->label_count++] = path;
	}
}

uint32_t dt_gic_phandle(const struct dt *dt)
{
	uint32_t phandle = fdt_get_phandle(dt->board->fdt, dt->model->gic->node);

	return phandle ? phandle : PHANDLE_GIC;
}
