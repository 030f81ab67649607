/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls of the SMC convention and PSCI as a guest makes them, and what a CPU's flaws need of the firmware: against a firmware that is
 * made here. Numbers and results are those of Arm DEN0028 and DEN0022, written down again.
 */
#include "../../../hyp/arm64/smccc.h"
#include "../tap.h"

#include <stdarg.h>
#include <string.h>

#define NOT_SUPPORTED (-1l)
#define INVALID_PARAMETERS (-2l)
#define INVALID_ADDRESS (-9l)
#define ALREADY_ON (-4l)

/* ---- the firmware, and the rest of the hypervisor ---- */

static struct firmware {
	int32_t version;        /* of the SMC convention; -1: it has none */
	int32_t workaround[3];  /* what ARCH_FEATURES says of each */
	uint32_t last;          /* function of the last call */
	uint64_t argument;
} firmware;

static char said[256];

uint64_t firmware_call(uint32_t function, uint64_t a1, uint64_t a2, uint64_t a3)
{
	static const uint32_t numbers[3] = { 0x80008000u, 0x80007fffu, 0x80003fffu };

	(void)a2, (void)a3;
	firmware.last = function;
	firmware.argument = a1;
	if (function == 0x80000000u)
		return (uint64_t)(int64_t)firmware.version;
	for (uint32_t i = 0; i < 3u; i++)
		if (function == 0x80000001u && (uint32_t)a1 == numbers[i])
			return (uint32_t)firmware.workaround[i]; /* a 32-bit call: nobody may look at the upper half */
	return 0;
}

void hyp_print(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(said, sizeof(said), format, args);
	va_end(args);
}

static struct arm64_vcpu vcpus[2];
static struct vcpu *const list[2] = { &vcpus[0].core, &vcpus[1].core };
static struct partition state;
static const struct plan_map maps[] = {
	{ .ipa = { 0x08000000 }, .size = 0x10000 },
	{ .ipa = { 0x40000000 }, .size = 0x1000000, .flags = PLAN_MAP_RAM },
};
static const struct plan_partition partition = { .vcpus = list, .vcpu_count = 2, .maps = maps, .map_count = 2, .state = &state };

static struct { uint32_t on, off, wait, stop; enum stop_cause cause; bool restart; uint64_t entry, argument; enum err answer; } done;

struct vcpu *this_vcpu(void)
{
	return list[0];
}

enum err vcpu_power_on(struct vcpu *target, uint64_t entry, uint64_t argument)
{
	done.on += target == list[1];
	done.entry = entry;
	done.argument = argument;
	return done.answer;
}

void vcpu_power_off(struct vcpu *vcpu)
{
	done.off += vcpu == list[0];
}

enum verdict vcpu_wait_irq(struct vcpu *vcpu)
{
	done.wait += vcpu == list[0];
	return VERDICT_WAIT;
}

enum err partition_stop(struct partition *which, enum stop_cause cause, bool restart)
{
	done.stop += which == &state;
	done.cause = cause;
	done.restart = restart;
	return done.answer;
}

static void begin(void)
{
	machine_begin(0);
	firmware = (struct firmware){ .version = 0x10001, .workaround = { -1, -1, -1 } };
	memset(&done, 0, sizeof(done));
	memset(vcpus, 0, sizeof(vcpus));
	vcpus[0].core.partition = vcpus[1].core.partition = &partition;
	vcpus[0].vmpidr = BIT(31);
	vcpus[1].vmpidr = BIT(31) | 1u;
	said[0] = 0;
}

static int64_t call(uint32_t function, uint64_t a1, uint64_t a2, uint64_t a3)
{
	uint64_t x[31] = { function, a1, a2, a3 };

	smccc_call(list[0], x);
	return (int64_t)x[0];
}

/* ---- discovery and workarounds ---- */

static void the_convention_is_discovered(void)
{
	begin();
	CHECK(call(0x80000000u, 0, 0, 0) == 0x10001);
	CHECK(call(0x80000001u, 0x80000000u, 0, 0) == 0 && call(0x80000001u, 0x80000001u, 0, 0) == 0);
	CHECK(call(0x80000001u, 0x84000000u, 0, 0) == NOT_SUPPORTED);
	CHECK(firmware.last == 0); /* the firmware heard nothing of it */
}

static void workarounds_answer_as_the_firmware_does(void)
{
	static const uint32_t numbers[3] = { 0x80008000u, 0x80007fffu, 0x80003fffu };

	for (uint32_t i = 0; i < 3u; i++) {
		begin();
		CHECK(call(0x80000001u, numbers[i], 0, 0) == NOT_SUPPORTED && call(numbers[i], 1, 0, 0) == NOT_SUPPORTED);
		CHECK(firmware.last == 0x80000001u); /* asked whether it has it, and then not called */
		firmware.workaround[i] = 1;
		CHECK(call(0x80000001u, numbers[i], 0, 0) == 1);
		firmware.workaround[i] = 0;
		CHECK(call(0x80000001u, numbers[i], 0, 0) == 0);
		CHECK(call(numbers[i], 7, 0, 0) == 0 && firmware.last == numbers[i] && firmware.argument == 7);
	}
}

static void nothing_else_reaches_the_firmware(void)
{
	begin();
	for (uint32_t owner = 0; owner < 64u; owner++) {
		CHECK(call(0x80000000u | owner << 24 | 0x50u, 1, 2, 3) == NOT_SUPPORTED); /* of owner 4: TRNG_VERSION */
		CHECK(call(0xc0000000u | owner << 24 | 0x53u, 1, 2, 3) == NOT_SUPPORTED);
		CHECK(call(owner << 24 | 0x50u, 1, 2, 3) == NOT_SUPPORTED); /* yielding calls */
	}
	CHECK(firmware.last == 0);
}

/* ---- flaws of CPUs ---- */

static uint32_t workaround_of(uint32_t midr)
{
	static struct arm64_cpu cpu;

	cpu = (struct arm64_cpu){ .workaround = 0xffu };
	machine_write("midr_el1", midr);
	errata_apply(&cpu);
	return cpu.workaround;
}

#define A53_R0P4 0x410fd034u
#define A72_R0P3 0x410fd083u
#define A76_R4P1 0x414fd0b1u

static void the_cure_is_the_firmwares_best(void)
{
	begin();
	firmware.workaround[0] = 0;
	CHECK(workaround_of(A72_R0P3) == 0x80008000u && said[0] == 0);
	firmware.workaround[2] = 0;
	CHECK(workaround_of(A72_R0P3) == 0x80003fffu && said[0] == 0);
	firmware.workaround[2] = 1; /* this CPU does not need it */
	CHECK(workaround_of(A72_R0P3) == 0x80008000u);
	firmware.version = 0x10000; /* before there was any of them */
	CHECK(workaround_of(A53_R0P4) == 0 && said[0] == 0);
	firmware.version = -1;
	CHECK(workaround_of(A53_R0P4) == 0 && said[0] == 0);
}

static void a_flaw_without_a_cure_is_told(void)
{
	begin();
	CHECK(workaround_of(A53_R0P4) == 0 && said[0] == 0); /* it has none that the firmware would cure */
	CHECK(workaround_of(A72_R0P3) == 0 && strstr(said, "Cortex-A72: CVE-2017-5715") != NULL);
	CHECK(workaround_of(A76_R4P1) == 0 && strstr(said, "Cortex-A76: CVE-2022-23960") != NULL);
	said[0] = 0;
	CHECK(workaround_of(0x610fd083u) == 0 && said[0] == 0); /* the same number of another maker */
}

/* ---- PSCI ---- */

static void psci_is_1_1_and_tells_what_it_has(void)
{
	static const uint32_t here[] = { 0x84000000u, 0x84000001u, 0xc4000001u, 0x84000002u, 0x84000003u, 0xc4000003u, 0x84000004u, 0xc4000004u,
					 0x84000006u, 0x84000008u, 0x84000009u, 0x8400000au, 0x80000000u };
	static const uint32_t absent[] = { 0xc4000000u, 0xc4000002u, 0x84000005u, 0xc4000005u, 0x84000007u, 0xc4000008u, 0x8400000bu, 0x8400000eu,
					   0xc400000eu, 0x84000012u, 0xc4000012u, 0x84000050u, 0x8400001fu };

	begin();
	CHECK(call(0x84000000u, 0, 0, 0) == 0x10001);
	for (uint32_t i = 0; i < ARRAY_COUNT(here); i++)
		CHECK(call(0x8400000au, here[i], 0, 0) == 0);
	for (uint32_t i = 0; i < ARRAY_COUNT(absent); i++)
		CHECK(call(0x8400000au, absent[i], 0, 0) == NOT_SUPPORTED && call(absent[i], 0, 0, 0) == NOT_SUPPORTED);
	CHECK(call(0x84000006u, 0, 0, 0) == 2);
}

static void a_vcpu_is_turned_on_where_it_may_begin(void)
{
	begin();
	CHECK(call(0xc4000003u, 1, 0x40200000, ~0ul) == 0 && done.on == 1 && done.entry == 0x40200000 && done.argument == ~0ul);
	CHECK(call(0x84000003u, 0xffffffff00000001ul, 0xffffffff40200000ul, ~0ul) == 0 && done.entry == 0x40200000 && done.argument == UINT32_MAX);
	CHECK(call(0xc4000003u, 2, 0x40200000, 0) == INVALID_PARAMETERS && call(0xc4000003u, BIT(31) | 1u, 0x40200000, 0) == INVALID_PARAMETERS);
	CHECK(call(0xc4000003u, 0xffffffff00000001ul, 0x40200000, 0) == INVALID_PARAMETERS);
	CHECK(call(0xc4000003u, 1, 0x40200002, 0) == INVALID_ADDRESS && call(0xc4000003u, 1, 0x41000000, 0) == INVALID_ADDRESS);
	CHECK(call(0xc4000003u, 1, 0x3ffffffc, 0) == INVALID_ADDRESS && call(0xc4000003u, 1, 0x08000000, 0) == INVALID_ADDRESS);
	CHECK(done.on == 2);
	done.answer = ERR_STATE;
	CHECK(call(0xc4000003u, 1, 0x40200000, 0) == ALREADY_ON);
}

static void power_and_states_are_those_of_its_own(void)
{
	begin();
	CHECK(call(0xc4000004u, 1, 0, 0) == 1 && call(0x84000004u, 1, 0, 0) == 1); /* off */
	vcpus[1].core.state = VCPU_READY;
	CHECK(call(0xc4000004u, 1, 0, 0) == 0);
	CHECK(call(0xc4000004u, 1, 1, 0) == INVALID_PARAMETERS && call(0xc4000004u, 2, 0, 0) == INVALID_PARAMETERS);
	CHECK(call(0x84000002u, 0, 0, 0) == 0 && done.off == 1);
	CHECK(call(0xc4000001u, 0x10000, 0, 0) == 0 && done.wait == 1);
	CHECK(call(0xc4000001u, 0x80000000, 0, 0) == INVALID_PARAMETERS && done.wait == 1);
}

static void its_end_and_its_restart_are_asked_for(void)
{
	begin();
	CHECK(call(0x84000008u, 0, 0, 0) == 0 && done.stop == 1 && done.cause == STOP_GUEST_OFF && !done.restart);
	CHECK(call(0x84000009u, 0, 0, 0) == 0 && done.stop == 2 && done.cause == STOP_GUEST_RESET && done.restart);
	CHECK(firmware.last == 0);
}

int main(void)
{
	TEST(the_convention_is_discovered);
	TEST(workarounds_answer_as_the_firmware_does);
	TEST(nothing_else_reaches_the_firmware);
	TEST(the_cure_is_the_firmwares_best);
	TEST(a_flaw_without_a_cure_is_told);
	TEST(psci_is_1_1_and_tells_what_it_has);
	TEST(a_vcpu_is_turned_on_where_it_may_begin);
	TEST(power_and_states_are_those_of_its_own);
	TEST(its_end_and_its_restart_are_asked_for);
	return tap_done();
}
