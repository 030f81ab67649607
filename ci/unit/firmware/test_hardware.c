/* SPDX-License-Identifier: Apache-2.0 */
/* The live machine against the manifest: a device tree that is made here, told by a firmware that is made here; each difference is
 * refused, with words. It must not know which emulator shows the same later. */

#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "../../../firmware/boot/efi.h"
#include "../../../firmware/boot/hardware.h"
#include "../tap.h"

enum { FDT_BYTES = 4096, SAID_BYTES = 4096 };

/* A machine: what of it a test changes. */
static struct board {
	const char *compatible; /* NUL between several */
	int compatible_bytes;
	uint64_t ram_base, ram_size;
	uint32_t cpus;
	const char *gic;
	uint64_t gic_second;
	uint64_t smmu[2]; /* 0: none */
	const char *smmu_status;
} board;

static struct manifest plan;
static struct hardware machine;
static _Alignas(8) uint8_t fdt[FDT_BYTES];

/* ---- the firmware ---- */

static char said[SAID_BYTES];

static efi_status_t output_string(struct efi_text_output *self, const uint16_t *text)
{
	size_t at = strlen(said);

	(void)self;
	for (; *text && at + 1 < sizeof(said); text++)
		said[at++] = (char)*text;
	said[at] = 0;
	return EFI_SUCCESS;
}

static struct efi_text_output output = { NULL, output_string };
static const struct efi_configuration_table tables[] = {
	{ { 0xb1b621d5, 0xf19c, 0x41a5, { 0x83, 0x0b, 0xd9, 0x15, 0x2c, 0x69, 0xaa, 0xe0 } }, fdt },
};
static struct efi_system_table firmware = { .output = &output, .table_count = 1, .tables = tables };
struct efi_system_table *efi_system = &firmware;

/* ---- its device tree ---- */

static void must(int error)
{
	if (error)
		abort();
}

static void put_text(const char *name, const char *value)
{
	must(fdt_property(fdt, name, value, (int)strlen(value) + 1));
}

static void put_reg(const uint64_t *values, uint32_t count)
{
	fdt64_t cells[4];

	for (uint32_t i = 0; i < count; i++)
		cells[i] = cpu_to_fdt64(values[i]);
	must(fdt_property(fdt, "reg", cells, (int)(count * sizeof(cells[0]))));
}

static void put_memory(void)
{
	must(fdt_begin_node(fdt, "memory"));
	put_text("device_type", "memory");
	put_reg((uint64_t[]){ board.ram_base, board.ram_size }, 2);
	must(fdt_end_node(fdt));
}

static void put_cpus(void)
{
	char name[8] = "cpu@0";

	must(fdt_begin_node(fdt, "cpus"));
	must(fdt_property_u32(fdt, "#address-cells", 1));
	must(fdt_property_u32(fdt, "#size-cells", 0));
	for (uint32_t i = 0; i < board.cpus; i++) {
		name[4] = (char)('0' + i);
		must(fdt_begin_node(fdt, name));
		put_text("device_type", "cpu");
		must(fdt_property_u32(fdt, "reg", i));
		must(fdt_end_node(fdt));
	}
	must(fdt_end_node(fdt));
}

static void put_smmu(uint32_t index)
{
	if (board.smmu[index] == 0)
		return;
	must(fdt_begin_node(fdt, index ? "smmu-two" : "smmu"));
	put_text("compatible", "arm,smmu-v3");
	if (board.smmu_status)
		put_text("status", board.smmu_status);
	put_reg((uint64_t[]){ board.smmu[index], 0x20000 }, 2);
	must(fdt_end_node(fdt));
}

static void put_tree(void)
{
	must(fdt_create(fdt, sizeof(fdt)));
	must(fdt_finish_reservemap(fdt));
	must(fdt_begin_node(fdt, ""));
	must(fdt_property_u32(fdt, "#address-cells", 2));
	must(fdt_property_u32(fdt, "#size-cells", 2));
	if (board.compatible)
		must(fdt_property(fdt, "compatible", board.compatible, board.compatible_bytes));
	put_memory();
	put_cpus();
	must(fdt_begin_node(fdt, "gic"));
	put_text("compatible", board.gic);
	put_reg((uint64_t[]){ 0x08000000, 0x10000, board.gic_second, 0x100000 }, 4);
	must(fdt_end_node(fdt));
	put_smmu(0);
	put_smmu(1);
	must(fdt_end_node(fdt));
	must(fdt_finish(fdt));
}

/* ---- a machine and a plan that fit ---- */

static void begin(void)
{
	static const char names[] = "acme,gateway-rev-c\0acme,gateway";

	board = (struct board){ names, sizeof(names), 0x40000000, 0x40000000, 2, "arm,gic-v3", 0x080a0000, { 0x09050000, 0 }, NULL };
	memset(&plan, 0, sizeof(plan));
	memcpy(plan.compatible, "acme,gateway", 12);
	plan.gic_version = 3;
	plan.gic_distributor = 0x08000000;
	plan.gic_second = 0x080a0000;
	plan.iommu_version = 3;
	plan.iommu = 0x09050000;
	plan.ram_count = 1;
	plan.ram[0] = (struct manifest_area){ 0x40000000, 0x40000000 };
	plan.cpu_count = 2;
	plan.cpu[1] = 1;
}

static bool fits(void)
{
	said[0] = 0;
	put_tree();
	return hardware_find(&machine) == FW_OK && hardware_check(&machine, &plan, 'a') == FW_OK;
}

/* Refused, with these words. */
static bool refuses(const char *words)
{
	bool is_right = !fits() && strstr(said, words) != NULL;

	if (!is_right)
		printf("# said: %s", said);
	return is_right;
}

static void what_fits_is_silent(void)
{
	begin();
	CHECK(fits() && said[0] == 0);
	memcpy(plan.compatible, "acme,gateway-rev-c", 18);
	CHECK(fits() && said[0] == 0);
	board.ram_size = 0x80000000;
	board.cpus = 4;
	CHECK(fits());
}

static void another_board_is_refused(void)
{
	begin();
	memcpy(plan.compatible, "acme,router", 12);
	CHECK(refuses("boot: slot a: hardware: the plan is for acme,router, this machine is acme,gateway-rev-c\r\n"));
	memcpy(plan.compatible, "acme,gate", 10); /* the beginning of a name is none */
	CHECK(refuses("the plan is for acme,gate, "));
	begin();
	board.compatible = NULL;
	CHECK(refuses("the plan is for acme,gateway, this machine is (nothing)"));
	begin();
	board.compatible_bytes -= 1; /* the last name does not end */
	CHECK(refuses("the plan is for acme,gateway, "));
}

static void a_machine_without_the_iommu_is_refused(void)
{
	begin();
	board.smmu[0] = 0;
	CHECK(refuses("boot: slot a: hardware: the plan wants an SMMUv3 at 0x9050000, this machine has none\r\n"));
	board.smmu[0] = 0x0a000000;
	CHECK(refuses("the plan wants an SMMUv3 at 0x9050000, here it is at 0xa000000\r\n"));
	board.smmu[1] = 0x09050000;
	CHECK(fits());
	board.smmu_status = "disabled";
	CHECK(refuses("this machine has none"));
	board.smmu_status = "okay";
	CHECK(fits());
}

static void a_plan_without_the_iommu_wants_none(void)
{
	begin();
	plan.iommu_version = 0;
	CHECK(fits());
	board.smmu[0] = 0;
	CHECK(fits());
}

static void less_memory_or_fewer_cpus_are_refused(void)
{
	begin();
	board.ram_size -= 0x1000;
	CHECK(refuses("the plan wants RAM 0x40000000..0x80000000; this machine has 0x40000000..0x7ffff000\r\n"));
	begin();
	board.ram_base += 0x1000;
	CHECK(refuses("the plan wants RAM"));
	begin();
	board.cpus = 1;
	CHECK(refuses("the plan wants CPU 0x1, which this machine does not have"));
}

static void another_interrupt_controller_is_refused(void)
{
	begin();
	board.gic = "arm,gic-400";
	CHECK(refuses("the plan wants a GICv3, this machine has a GICv2"));
	board.gic = "acme,pic";
	CHECK(refuses("no interrupt controller that we know"));
	begin();
	board.gic_second = 0x080b0000;
	CHECK(refuses("the plan wants the GIC at 0x8000000 and 0x80a0000, here it is at 0x8000000 and 0x80b0000"));
}

static void every_difference_is_told(void)
{
	begin();
	memcpy(plan.compatible, "acme,router", 12);
	board.cpus = 1;
	board.smmu[0] = 0;
	CHECK(refuses("acme,router") && strstr(said, "CPU 0x1") && strstr(said, "SMMUv3"));
}

int main(void)
{
	TEST(what_fits_is_silent);
	TEST(another_board_is_refused);
	TEST(a_machine_without_the_iommu_is_refused);
	TEST(a_plan_without_the_iommu_wants_none);
	TEST(less_memory_or_fewer_cpus_are_refused);
	TEST(another_interrupt_controller_is_refused);
	TEST(every_difference_is_told);
	return tap_done();
}
