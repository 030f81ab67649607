/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads hardware facts with libfdt. Devices are the labelled children of the
 * root and of simple buses that have registers and that neither the
 * hypervisor nor the architecture keeps for itself.
 */
#include "board_node.h"

#include <ctype.h>
#include <string.h>

/* Core of a CPU from /cpus/cpu-map: the offset of the core's node, or of the CPU where no map names it. */
static void find_core(const struct board *board, struct board_cpu *cpu)
{
	uint32_t phandle = fdt_get_phandle(board->fdt, cpu->node);
	int map = fdt_path_offset(board->fdt, "/cpus/cpu-map"), depth = 0;

	cpu->core = (uint32_t)cpu->node;
	if (map < 0 || phandle == 0)
		return;
	for (int node = fdt_next_node(board->fdt, map, &depth); node >= 0 && depth > 0; node = fdt_next_node(board->fdt, node, &depth)) {
		int size, parent = fdt_parent_offset(board->fdt, node);
		const fdt32_t *link = fdt_getprop(board->fdt, node, "cpu", &size);

		if (!link || size != 4 || fdt32_to_cpu(*link) != phandle)
			continue;
		cpu->core = (uint32_t)(strncmp(fdt_get_name(board->fdt, node, NULL), "thread", 6) == 0 ? parent : node);
		cpu->cluster = (uint32_t)fdt_parent_offset(board->fdt, (int)cpu->core);
	}
}

static void mark_siblings(struct board *board)
{
	for (uint32_t i = 0; i < board->cpu_count; i++)
		for (uint32_t k = 0; k < board->cpu_count; k++)
			if (i != k && board->cpus[i].core == board->cpus[k].core)
				board->cpus[i].has_sibling = true;
}

/* Clusters in the order in which CPUs name them, from 0. */
static void number_clusters(struct board *board)
{
	uint32_t nodes[BOARD_CPU_MAX], count = 0, k;

	for (uint32_t i = 0; i < board->cpu_count; i++) {
		for (k = 0; k < count && nodes[k] != board->cpus[i].cluster; k++)
			;
		if (k == count)
			nodes[count++] = board->cpus[i].cluster;
		board->cpus[i].cluster = k;
	}
}

static void read_cpus(struct board *board)
{
	int cpus = fdt_path_offset(board->fdt, "/cpus"), node;

	fdt_for_each_subnode(node, board->fdt, cpus)
	{
		struct board_cpu *cpu = &board->cpus[board->cpu_count];
		struct range reg;

		if (strcmp(node_string(board->fdt, node, "device_type", ""), "cpu") != 0 || !node_reg(board->fdt, node, 0, &reg))
			continue;
		if (board->cpus_found++ >= BOARD_CPU_MAX)
			continue;
		*cpu = (struct board_cpu){ .mpidr = reg.base, .node = node, .model = node_string(board->fdt, node, "compatible", "cpu") };
		find_core(board, cpu);
		board->cpu_count++;
	}
	mark_siblings(board);
	number_clusters(board);
}

static void read_memory(struct board *board)
{
	int node, reserved = fdt_path_offset(board->fdt, "/reserved-memory");

	fdt_for_each_subnode(node, board->fdt, 0)
	{
		if (strcmp(node_string(board->fdt, node, "device_type", ""), "memory") != 0)
			continue;
		for (uint32_t i = 0; board->ram_count < BOARD_RAM_MAX && node_reg(board->fdt, node, i, &board->ram[board->ram_count]); i++)
			board->ram_count++;
	}
	if (reserved < 0)
		return;
	fdt_for_each_subnode(node, board->fdt, reserved)
	{
		struct board_reserved *r = &board->reserved[board->reserved_count];

		if (board->reserved_count < BOARD_RESERVED_MAX && node_reg(board->fdt, node, 0, &r->range)) {
			const char *name = fdt_get_name(board->fdt, node, NULL);

			r->name = mem_format("%.*s", (int)strcspn(name, "@"), name);
			board->reserved_count++;
		}
	}
}

static void read_gic(const struct board *board, const char *compatible, struct board_gic *gic)
{
	int node = fdt_node_offset_by_compatible(board->fdt, -1, compatible);

	if (node < 0 || gic->is_there)
		return;
	gic->node = node;
	gic->is_there = node_reg(board->fdt, node, 0, &gic->gicd) && node_reg(board->fdt, node, 1, &gic->second);
	(void)node_reg(board->fdt, node, 2, &gic->gich);
	(void)node_reg(board->fdt, node, 3, &gic->gicv);
}

/* Interrupts of an SMMUv3 have names; without them the order is that of the binding. */
static uint32_t smmu_intid(const struct board *board, const char *name, int otherwise)
{
	struct board_irq irq[BOARD_DEVICE_IRQ_MAX];
	int index = fdt_stringlist_search(board->fdt, board->smmu.node, "interrupt-names", name);
	uint32_t count = node_irqs(board->fdt, board->smmu.node, irq);

	index = index < 0 ? otherwise : index;
	return (uint32_t)index < count ? irq[index].intid : 0;
}

static void read_smmu(struct board *board)
{
	board->smmu.node = fdt_node_offset_by_compatible(board->fdt, -1, "arm,smmu-v3");
	if (board->smmu.node < 0 || !node_reg(board->fdt, board->smmu.node, 0, &board->smmu.reg))
		return;
	board->smmu.event_intid = smmu_intid(board, "eventq", 0);
	board->smmu.error_intid = smmu_intid(board, "gerror", 3);
	board->smmu.is_there = board->smmu.event_intid && board->smmu.error_intid;
}

static void read_its(struct board *board)
{
	board->its.node = fdt_node_offset_by_compatible(board->fdt, -1, "arm,gic-v3-its");
	board->its.is_there = board->its.node >= 0 && node_reg(board->fdt, board->its.node, 0, &board->its.reg);
}

static void read_frame(struct board *board)
{
	struct board_frame *frame = &board->frame;

	frame->node = fdt_node_offset_by_compatible(board->fdt, -1, "arm,gic-v2m-frame");
	if (frame->node < 0)
		return;
	frame->first = node_number(board->fdt, frame->node, "arm,msi-base-spi", 0);
	frame->count = node_number(board->fdt, frame->node, "arm,msi-num-spis", 0);
	frame->is_there = node_reg(board->fdt, frame->node, 0, &frame->reg) && frame->first >= 32 && frame->count && frame->count < 1024;
}

/* Streams: one of `iommus`, or those of a host bridge's `iommu-map` <requester, SMMU, stream, count>. */
static void read_streams(const struct board *board, struct board_device *d)
{
	int size;
	const fdt32_t *map = fdt_getprop(board->fdt, d->node, d->is_pci ? "iommu-map" : "iommus", &size);
	const fdt32_t *smmu = map && d->is_pci ? map + 1 : map;

	if (!map || size < (d->is_pci ? 16 : 8) || !board->smmu.is_there || fdt_node_offset_by_phandle(board->fdt, fdt32_to_cpu(*smmu)) != board->smmu.node)
		return;
	d->stream = fdt32_to_cpu(smmu[1]);
	d->stream_count = d->is_pci ? fdt32_to_cpu(map[3]) : 1;
	d->requester = d->is_pci ? fdt32_to_cpu(map[0]) : 0;
}

static int path_node(const struct board *board, const char *path)
{
	return path ? fdt_path_offset_namelen(board->fdt, path, (int)strcspn(path, ":")) : -1;
}

static uint32_t clock_of(const void *fdt, int node)
{
	int size;
	const fdt32_t *clocks = fdt_getprop(fdt, node, "clocks", &size), *hz;
	int clock = clocks && size >= 4 ? fdt_node_offset_by_phandle(fdt, fdt32_to_cpu(clocks[0])) : -1;

	hz = clock < 0 ? NULL : fdt_getprop(fdt, clock, "clock-frequency", &size);
	return hz && size == 4 ? fdt32_to_cpu(*hz) : 24000000;
}

static int read_uart(struct board *board)
{
	int chosen = fdt_path_offset(board->fdt, "/chosen");
	int node = chosen < 0 ? -1 : path_node(board, node_string(board->fdt, chosen, "stdout-path", NULL));
	struct board_irq irq[BOARD_DEVICE_IRQ_MAX];

	if (node < 0 || !node_is(board->fdt, node, "arm,pl011") || !node_reg(board->fdt, node, 0, &board->uart))
		return -1;
	board->has_uart = node_irqs(board->fdt, node, irq) > 0;
	board->uart_intid = irq[0].intid;
	board->uart_clock_hz = clock_of(board->fdt, node);
	return node;
}

static bool is_kept(const struct board *board, int node, int uart)
{
	return node == uart || node == board->smmu.node || node == board->its.node || node == board->frame.node || strcmp(node_string(board->fdt, node, "device_type", ""), "memory") == 0 ||
	       fdt_getprop(board->fdt, node, "interrupt-controller", NULL) != NULL ||
	       strcmp(node_string(board->fdt, node, "status", "okay"), "disabled") == 0;
}

static char *capitals(const char *text)
{
	char *copy = mem_format("%s", text);

	for (char *c = copy; *c; c++)
		*c = isalnum((unsigned char)*c) ? (char)toupper((unsigned char)*c) : '_';
	return copy;
}

struct board_device *board_new_device(struct board *board, int node)
{
	struct board_device *d = &board->devices[board->device_count];
	const char *label = node_label(board->fdt, node);

	if (!label || board->device_count == BOARD_DEVICE_MAX)
		return NULL;
	*d = (struct board_device){ .label = label, .symbol = capitals(label), .node = node };
	d->title = node_string(board->fdt, node, "bulkhead,title", node_string(board->fdt, node, "compatible", label));
	return d;
}

static void read_device(struct board *board, int node)
{
	struct board_device *d = board_new_device(board, node);

	if (!d)
		return;
	while (d->reg_count < BOARD_DEVICE_REG_MAX && node_reg(board->fdt, node, d->reg_count, &d->reg[d->reg_count]))
		d->reg_count++;
	d->irq_count = node_irqs(board->fdt, node, d->irq);
	d->is_bus_master = fdt_getprop(board->fdt, node, "bulkhead,bus-master", NULL) != NULL;
	if (strcmp(node_string(board->fdt, node, "device_type", ""), "pci") == 0)
		board_read_bridge(board, d);
	read_streams(board, d);
	if (d->reg_count != 0)
		board->device_count++;
	if (d->reg_count != 0 && d->is_pci)
		board_read_functions(board, d);
	if (!board->rtc && node_is(board->fdt, node, "arm,pl031"))
		board->rtc = d->reg[0].base;
}

static void read_devices(struct board *board, int bus, int uart)
{
	int node;

	fdt_for_each_subnode(node, board->fdt, bus)
	{
		if (node_is(board->fdt, node, "simple-bus"))
			read_devices(board, node, uart);
		else if (fdt_getprop(board->fdt, node, "compatible", NULL) && !is_kept(board, node, uart))
			read_device(board, node);
	}
}

/* The Cortex-A53's errata 835769 and 843419 are for the compiler and the linker to avoid. */
static const struct cpu_flags cpu_flags[] = {
	{ "arm,cortex-a53", "-mcpu=cortex-a53 -mfix-cortex-a53-835769", "--fix-cortex-a53-843419" },
	{ "arm,cortex-a55", "-mcpu=cortex-a55", "" },
	{ "arm,cortex-a57", "-mcpu=cortex-a57", "" },
	{ "arm,cortex-a72", "-mcpu=cortex-a72", "" },
	{ "arm,cortex-a76", "-mcpu=cortex-a76", "" },
};
static const struct cpu_flags any_cpu = { "any", "-march=armv8-a -mfix-cortex-a53-835769", "--fix-cortex-a53-843419" };

static bool all_cpus_are(const struct board *board, const char *model)
{
	for (uint32_t i = 0; i < board->cpu_count; i++)
		if (strcmp(board->cpus[i].model, model) != 0)
			return false;
	return board->cpu_count != 0;
}

const struct cpu_flags *board_cpu_flags(const struct board *board)
{
	for (size_t i = 0; i < COUNT_OF(cpu_flags); i++)
		if (all_cpus_are(board, cpu_flags[i].model))
			return &cpu_flags[i];
	return &any_cpu;
}

const char *board_parse(struct board *board, const char *name, struct bytes fdt)
{
	int error = fdt.size < sizeof(struct fdt_header) ? -FDT_ERR_TRUNCATED : fdt_check_full(fdt.at, fdt.size);

	if (error)
		return mem_format("not a device tree: %s", fdt_strerror(error));
	board->fdt = fdt.at;
	board->name = name;
	board->compatible = node_string(board->fdt, 0, "compatible", "");
	board->model = node_string(board->fdt, 0, "model", name);
	board->qemu_machine = node_string(board->fdt, 0, "bulkhead,qemu-machine", "");
	board->qemu_iommu = node_string(board->fdt, 0, "bulkhead,qemu-iommu", "");
	board->qemu_cpu = node_string(board->fdt, 0, "bulkhead,qemu-cpu", "");
	read_cpus(board);
	read_memory(board);
	read_gic(board, "arm,gic-v3", &board->gic3);
	read_gic(board, "arm,gic-400", &board->gic2);
	read_gic(board, "arm,cortex-a15-gic", &board->gic2);
	read_its(board);
	read_frame(board);
	read_smmu(board);
	read_devices(board, 0, read_uart(board));
	return NULL;
}
