/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of a guest's tree that is about PCI functions that it was given by
 * themselves: a generic host bridge with one bus, as QEMU's `virt` has one, and
 * the ITS that takes their messages. It must not decide anything.
 */
#include <inttypes.h>

#include "dt.h"
#include "function.h"

enum { PHANDLE_ITS = 0x7300 };

static void put_frame(struct dt *dt)
{
	dt_begin(dt, mem_format("v2m@%" PRIx64, dt->part->frame));
	dt_put_text(dt, "compatible", "arm,gic-v2m-frame");
	dt_put_flag(dt, "msi-controller");
	PUT_REG(dt, dt->part->frame, PAGE_BYTES);
	PUT_CELLS(dt, "phandle", PHANDLE_ITS);
	dt_end(dt);
}

void dt_put_its(struct dt *dt)
{
	uint64_t at = dt->part->its;

	if (dt->part->frame)
		put_frame(dt);
	if (!at)
		return;
	dt_begin(dt, mem_format("its@%" PRIx64, at));
	dt_put_text(dt, "compatible", "arm,gic-v3-its");
	dt_put_flag(dt, "msi-controller");
	PUT_CELLS(dt, "#msi-cells", 1);
	PUT_REG(dt, at, ITS_BYTES);
	PUT_CELLS(dt, "phandle", PHANDLE_ITS);
	dt_end(dt);
}

void dt_put_functions(struct dt *dt)
{
	if (!dt->part->function_count)
		return;
	dt_begin(dt, mem_format("pcie@%lx", GUEST_PCI));
	dt_put_text(dt, "compatible", "pci-host-ecam-generic");
	dt_put_text(dt, "device_type", "pci");
	PUT_CELLS(dt, "#address-cells", 3);
	PUT_CELLS(dt, "#size-cells", 2);
	PUT_CELLS(dt, "bus-range", 0, 0);
	PUT_CELLS(dt, "linux,pci-domain", 0);
	PUT_REG(dt, GUEST_ECAM, MIB);
	PUT_CELLS(dt, "ranges", 0x02000000, 0, GUEST_PCI, 0, GUEST_PCI, 0, GUEST_PCI_END - GUEST_PCI);
	if (dt->part->its)
		PUT_CELLS(dt, "msi-map", 0, PHANDLE_ITS, 0, 0x100);
	if (dt->part->frame)
		PUT_CELLS(dt, "msi-parent", PHANDLE_ITS);
	if (part_has_dma(dt->model, dt->part))
		dt_put_dma_ranges(dt);
	dt_put_flag(dt, "dma-coherent");
	dt_end(dt);
}
