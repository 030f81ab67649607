/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System registers whose accesses trap, all that an instruction can name, on a CPU whose every feature field says the most that it
 * can. What a guest may see is written down here field by field from the Arm ARM (DDI 0487, "AArch64 System register
 * descriptions"), not taken from the hypervisor's masks.
 */
#include "../../../hyp/arm64/idregs.h"
#include "../../../hyp/arm64/gic.h"
#include "../tap.h"

#define PC 0x40080000ul
#define VECTORS 0x40200000ul
#define PSTATE (SPSR_EL1H | SPSR_FLAGS | SPSR_SS)

/* ---- the vCPU, and what the rest of the hypervisor would do ---- */

static struct plan_cpu cpu;
static struct arm64_vcpu guest;
static struct frame frame;
static uint32_t faults, others;
static uint32_t version;
static enum verdict policy;

struct vcpu *this_vcpu(void)
{
	return &guest.core;
}

uint32_t gic_version(void)
{
	return version;
}

enum verdict exit_guest_fault(struct vcpu *vcpu, const struct vm_exit *exit, const char *what)
{
	(void)what;
	faults += vcpu == &guest.core && exit->pc == PC && exit->class == EXIT_FAULT;
	return policy;
}

enum verdict exit_guest_dead(struct vcpu *vcpu, enum stop_cause cause, const char *what)
{
	(void)vcpu, (void)cause, (void)what;
	others++;
	return VERDICT_STOP;
}

bool vgic_sgi_self(struct vcpu *vcpu, uint64_t value)
{
	(void)vcpu, (void)value;
	return false;
}

void vgic_sgi_write(struct vcpu *vcpu, uint64_t value, bool is_group0)
{
	(void)vcpu, (void)value, (void)is_group0;
	others++;
}

void vgic_dir_write(struct vcpu *vcpu, uint64_t value)
{
	(void)vcpu, (void)value;
	others++;
}

bool cache_sweep(struct arm64_vcpu *vcpu, uint64_t operand)
{
	(void)vcpu, (void)operand;
	others++;
	return true;
}

void smccc_call(struct vcpu *vcpu, uint64_t x[31])
{
	(void)vcpu, (void)x;
	others++;
}

enum verdict hypercall(struct vcpu *vcpu, uint64_t regs[8])
{
	(void)vcpu, (void)regs;
	others++;
	return VERDICT_RESUME;
}

enum verdict vcpu_wait_irq(struct vcpu *vcpu)
{
	(void)vcpu;
	others++;
	return VERDICT_WAIT;
}

void trap_instruction_abort(struct frame *at, uint64_t esr)
{
	(void)at, (void)esr;
	others++;
}

void trap_data_abort(struct frame *at, uint64_t esr)
{
	(void)at, (void)esr;
	others++;
}

static void begin(uint64_t features, uint32_t gic, uint32_t vcpus_of_cpu)
{
	machine_begin(features);
	version = gic;
	cpu.vcpu_count = vcpus_of_cpu;
	guest = (struct arm64_vcpu){ .core.cpu = &cpu };
	faults = others = 0;
	policy = VERDICT_FAULT;
}

/* ---- one access ---- */

enum outcome { DONE, UNDEFINED, NEITHER };

#define OPERAND 5u
#define UNTOUCHED 0x5a5a5a5a5a5a5a5aul

static uint64_t syndrome(uint32_t reg, uint32_t operand, bool is_read)
{
	return (uint64_t)EC_SYSREG << ESR_CLASS_SHIFT | ESR_IL | reg | operand << 5 | (is_read ? SYSREG_IS_READ : 0);
}

/* What hardware does: the guest is at its vector, and finds why. */
static bool is_undefined(uint32_t faults_before)
{
	return faults == faults_before + 1u && machine_read("elr_el2") == VECTORS + 0x200u && machine_read("elr_el1") == PC &&
	       machine_read("spsr_el1") == PSTATE && machine_read("esr_el1") == ESR_IL;
}

static bool is_done(uint32_t faults_before)
{
	return faults == faults_before && machine_read("elr_el2") == PC + 4u && machine_read("spsr_el2") == (PSTATE & ~SPSR_SS);
}

static enum outcome access(uint32_t reg, uint32_t operand, bool is_read)
{
	uint32_t before = faults;
	uint64_t exits = guest.core.exits[EXIT_REGISTER];

	for (uint32_t i = 0; i < 31u; i++)
		frame.x[i] = UNTOUCHED;
	machine_write("elr_el2", PC);
	machine_write("spsr_el2", PSTATE);
	machine_write("vbar_el1", VECTORS);
	machine_write("sctlr_el1", BIT(23));
	trap_table[EC_SYSREG](&frame, syndrome(reg, operand, is_read));
	if (guest.core.exits[EXIT_REGISTER] != exits + 1u)
		return NEITHER;
	if (is_undefined(before))
		return UNDEFINED;
	return is_done(before) ? DONE : NEITHER;
}

static bool is_only_changed(uint32_t operand)
{
	for (uint32_t i = 0; i < 31u; i++)
		if (i != operand && frame.x[i] != UNTOUCHED)
			return false;
	return true;
}

/* What a guest reads; UNTOUCHED if it was not answered. */
static uint64_t reads(uint32_t reg)
{
	return access(reg, OPERAND, true) == DONE && is_only_changed(OPERAND) ? frame.x[OPERAND] : UNTOUCHED;
}

/* ---- the ID registers, CRm 1 to 7: 16 fields of four bits, bits 63..60 first; what is no field stays out ---- */

/* Of each field: '#' seen as the machine has it, '1' no more than 1, '2' no more than 2, 'g' with GICv3, '.' hidden. */
struct id_register {
	const char *name;
	uint32_t crm, op2;
	const char *fields;
};

static const struct id_register known[] = {
	/* AArch32, for programs at EL0: 32 bits */
	{ "ID_PFR0_EL1: T32, A32, Jazelle, T32EE; not CSV2, AMU, DIT, RAS", 1, 0, "............####" },
	{ "ID_PFR1_EL1: ProgMod, MProgMod, GenTimer; not Security, Virtualization, GIC", 1, 1, "...........#.#.#" },
	{ "ID_MMFR0_EL1", 1, 4, "........########" },
	{ "ID_MMFR1_EL1", 1, 5, "........########" },
	{ "ID_MMFR2_EL1", 1, 6, "........########" },
	{ "ID_MMFR3_EL1", 1, 7, "........########" },
	{ "ID_ISAR0_EL1", 2, 0, ".........#######" },
	{ "ID_ISAR1_EL1", 2, 1, "........########" },
	{ "ID_ISAR2_EL1", 2, 2, "........########" },
	{ "ID_ISAR3_EL1", 2, 3, "........########" },
	{ "ID_ISAR4_EL1", 2, 4, "........########" },
	{ "ID_ISAR5_EL1: SEVL, AES, SHA1, SHA2, CRC32, RDM, VCMA", 2, 5, "........##.#####" },
	{ "MVFR0_EL1", 3, 0, "........########" },
	{ "MVFR1_EL1", 3, 1, "........########" },
	{ "MVFR2_EL1: SIMDMisc, FPMisc", 3, 2, "..............##" },
	/* CSV3 CSV2 RME DIT | AMU MPAM SEL2 SVE | RAS GIC AdvSIMD FP | EL3 EL2 EL1 EL0 */
	{ "ID_AA64PFR0_EL1", 4, 0, "11.#.....g##..##" },
	/* ... RES0 SME RNDR | CSV2_frac MTE... | RAS_frac MTE SSBS BT */
	{ "ID_AA64PFR1_EL1", 4, 1, "..............##" },
	/* ... | CTX_CMPs SEBEP WRPs PMSS | BRPs PMUVer TraceVer DebugVer */
	{ "ID_AA64DFR0_EL1", 5, 0, "........#.#.##.#" },
	/* RNDR TLB TS FHM | DP SM4 SM3 SHA3 | RDM TME Atomic CRC32 | SHA2 SHA1 AES - */
	{ "ID_AA64ISAR0_EL1", 6, 0, "#########.#####." },
	/* LS64 XS I8MM DGH | BF16 SPECRES SB FRINTTS | GPI GPA LRCPC FCMA | JSCVT API APA DPB */
	{ "ID_AA64ISAR1_EL1", 6, 1, "..##############" },
	/* ECV FGT - ExS | TGran4_2 TGran64_2 TGran16_2 - | TGran4 TGran64 TGran16 BigEndEL0 | SNSMem BigEnd ASIDBits PARange */
	{ "ID_AA64MMFR0_EL1", 7, 0, "........####.##2" },
	/* ECBHB CMOW TIDCP1 nTLBPA | AFP HCX ETS TWED | XNX SpecSEI PAN LO | HPDS VH VMIDBits HAFDBS */
	{ "ID_AA64MMFR1_EL1", 7, 1, "......#...#.#..#" },
	/* E0PD EVT BBM TTL | - FWB IDS AT | ST NV CCIDX VARange | IESB LSM UAO CnP */
	{ "ID_AA64MMFR2_EL1", 7, 2, "#.##..###.##.###" },
};

static const struct id_register *known_of(uint32_t crm, uint32_t op2)
{
	for (uint32_t i = 0; i < ARRAY_COUNT(known); i++)
		if (known[i].crm == crm && known[i].op2 == op2)
			return &known[i];
	return NULL;
}

static uint64_t field_of(char rule, uint64_t machine, uint32_t gic)
{
	switch (rule) {
	case '#':
		return machine;
	case '1':
		return machine & 1u;
	case '2':
		return machine > 2u ? 2u : machine;
	case 'g':
		return gic == 3u ? machine : 0;
	default:
		return 0;
	}
}

static uint64_t expected(const struct id_register *id, uint64_t machine, uint32_t gic)
{
	uint64_t value = 0;

	for (uint32_t i = 0; id != NULL && i < 16u; i++)
		value = value << 4 | field_of(id->fields[i], machine >> (60u - 4u * i) & 0xfu, gic);
	return value;
}

static void judge_all(uint64_t features, uint32_t gic)
{
	begin(features, gic, 1);
	for (uint32_t at = 8; at < 64; at++) {
		const struct id_register *id = known_of(at / 8u, at % 8u);
		uint64_t value = reads(SYSREG(3, 0, 0, at / 8u, at % 8u));

		if (value == expected(id, features, gic))
			continue;
		printf("# CRm %u op2 %u %s: 0x%lx, expected 0x%lx\n", at / 8u, at % 8u, id ? id->name : "(none)", value,
		       expected(id, features, gic));
		CHECK(!"an ID register tells what it should");
	}
	CHECK(faults == 0 && others == 0);
}

static void every_id_register_tells_what_is_known_and_supported(void)
{
	judge_all(~0ul, 3);
	judge_all(~0ul, 2);
	judge_all(0x1111111111111111ul, 3);
	judge_all(0x2222222222222222ul, 2);
	judge_all(0x123456789abcdef0ul, 3);
	judge_all(0, 3);
}

/* Fields by name, for who reads this: what must never be seen, whatever the machine has. */
static const struct { const char *name; uint32_t crm, op2, shift; } hidden[] = {
	{ "SVE", 4, 0, 32 }, { "RAS", 4, 0, 28 }, { "MPAM", 4, 0, 40 }, { "AMU", 4, 0, 44 }, { "RME", 4, 0, 52 },
	{ "EL2", 4, 0, 8 }, { "EL3", 4, 0, 12 }, { "MTE", 4, 1, 8 }, { "SME", 4, 1, 24 }, { "trace", 5, 0, 4 },
	{ "statistical profiling", 5, 0, 32 }, { "trace filter", 5, 0, 40 }, { "trace buffer", 5, 0, 44 }, { "TME", 6, 0, 24 },
	{ "LS64", 6, 1, 60 }, { "ECV", 7, 0, 60 }, { "FGT", 7, 0, 56 }, { "VHE", 7, 1, 8 }, { "LORegions", 7, 1, 16 },
	{ "XNX", 7, 1, 28 }, { "HCX", 7, 1, 40 }, { "NV", 7, 2, 24 }, { "FWB", 7, 2, 40 },
};

static void what_is_not_given_is_hidden(void)
{
	begin(~0ul, 3, 1);
	for (uint32_t i = 0; i < ARRAY_COUNT(hidden); i++) {
		if ((reads(SYSREG(3, 0, 0, hidden[i].crm, hidden[i].op2)) >> hidden[i].shift & 0xfu) == 0)
			continue;
		printf("# a guest sees %s\n", hidden[i].name);
		CHECK(!"it is hidden");
	}
	CHECK(reads(SYSREG(3, 0, 0, 4, 4)) == 0); /* ID_AA64ZFR0_EL1: SVE */
	CHECK(reads(SYSREG(3, 0, 0, 4, 5)) == 0); /* ID_AA64SMFR0_EL1: SME */
}

static void counters_and_debug_are_of_exclusive_cpus(void)
{
	begin(0x10305106ul, 3, 1);
	CHECK(reads(SYSREG(3, 0, 0, 5, 0)) == 0x10305106ul);
	begin(0x10305106ul, 3, 2);
	CHECK(reads(SYSREG(3, 0, 0, 5, 0)) == 0x101006ul); /* version 8, two breakpoints, two watchpoints, no counters */
}

/* CRm 0: what is there (MIDR, MPIDR, REVIDR) does not trap; what does trap is nothing. */
static void what_traps_of_crm_0_is_undefined(void)
{
	begin(~0ul, 3, 1);
	for (uint32_t op2 = 0; op2 < 8u; op2++)
		CHECK(access(SYSREG(3, 0, 0, 0, op2), OPERAND, true) == UNDEFINED && is_only_changed(31));
	CHECK(faults == 8 && others == 0);
}

static void id_registers_refuse_writes(void)
{
	begin(~0ul, 3, 1);
	for (uint32_t at = 0; at < 64u; at++)
		CHECK(access(SYSREG(3, 0, 0, at / 8u, at % 8u), OPERAND, false) == UNDEFINED && is_only_changed(31));
	CHECK(faults == 64 && others == 0);
}

static void the_zero_register_takes_no_value(void)
{
	begin(~0ul, 3, 1);
	CHECK(access(SYSREG(3, 0, 0, 4, 0), 31, true) == DONE && is_only_changed(31));
	CHECK(access(SYSREG(3, 0, 0, 4, 0), 30, true) == DONE && is_only_changed(30) && frame.x[30] != UNTOUCHED);
	CHECK(access(SYSREG(3, 0, 0, 4, 0), 0, true) == DONE && is_only_changed(0) && frame.x[0] != UNTOUCHED);
}

/* ---- all 65,536 names ---- */

static bool is_debug(uint32_t op0, uint32_t op1)
{
	return op0 == 2u && op1 != 1u;
}

/* Answered beside the ID registers: ACTLR_EL1, ICC_SRE_EL1, and debug registers of a debugger that is not there. */
static bool is_readable(uint32_t op0, uint32_t op1, uint32_t crn, uint32_t crm, uint32_t op2)
{
	uint32_t reg = SYSREG(op0, op1, crn, crm, op2);

	return is_debug(op0, op1) || (op0 == 3u && op1 == 0 && crn == 0 && crm >= 1u && crm < 8u) || reg == SYSREG(3, 0, 1, 0, 1) ||
	       reg == SYSREG(3, 0, 12, 12, 5);
}

/* Serves a write: SGIs, deactivation, maintenance by set and way. */
static bool is_served(uint32_t reg)
{
	static const uint32_t served[] = {
		SYSREG(3, 0, 12, 11, 5), SYSREG(3, 0, 12, 11, 6), SYSREG(3, 0, 12, 11, 7), SYSREG(3, 0, 12, 11, 1),
		SYSREG(1, 0, 7, 6, 2), SYSREG(1, 0, 7, 10, 2), SYSREG(1, 0, 7, 14, 2),
	};

	for (uint32_t i = 0; i < ARRAY_COUNT(served); i++)
		if (served[i] == reg)
			return true;
	return false;
}

static void judge_name(uint32_t name)
{
	uint32_t op0 = name >> 14, op1 = name >> 11 & 7u, crn = name >> 7 & 15u, crm = name >> 3 & 15u, op2 = name & 7u;
	uint32_t reg = SYSREG(op0, op1, crn, crm, op2);
	uint32_t others_before = others;
	bool takes = is_debug(op0, op1) || reg == SYSREG(3, 0, 1, 0, 1) || reg == SYSREG(3, 0, 12, 12, 5) || is_served(reg);
	bool is_right = access(reg, OPERAND, true) == (is_readable(op0, op1, crn, crm, op2) ? DONE : UNDEFINED);

	is_right = is_right && others == others_before && access(reg, OPERAND, false) == (takes ? DONE : UNDEFINED);
	is_right = is_right && others == others_before + is_served(reg);
	if (!is_right)
		printf("# op0 %u op1 %u CRn %u CRm %u op2 %u\n", op0, op1, crn, crm, op2);
	CHECK(is_right);
}

static void whatever_else_can_be_named_is_undefined_and_counted(void)
{
	begin(~0ul, 3, 1);
	for (uint32_t name = 0; name < 65536u; name++)
		judge_name(name);
	printf("# %u of 131072 accesses were undefined\n", faults);
}

static void fixed_registers_have_their_values(void)
{
	begin(~0ul, 3, 1);
	CHECK(reads(SYSREG(3, 0, 1, 0, 1)) == 0);  /* ACTLR_EL1 */
	CHECK(reads(SYSREG(2, 0, 1, 1, 4)) == 8);  /* OSLSR_EL1: the lock is there, and open */
	CHECK(reads(SYSREG(3, 0, 12, 12, 5)) == 7); /* ICC_SRE_EL1: nothing but system registers */
	CHECK(reads(SYSREG(2, 0, 0, 2, 2)) == 0);  /* MDSCR_EL1 of a shared CPU */
}

/* The policy may have stopped it: then nothing is injected. */
static void a_stopped_guest_takes_no_exception(void)
{
	begin(~0ul, 3, 1);
	policy = VERDICT_STOP;
	CHECK(access(SYSREG(3, 0, 15, 0, 0), OPERAND, true) == NEITHER);
	CHECK(faults == 1 && machine_read("elr_el2") == PC);
}

/* A 32-bit process may be in a Thumb IT block: how far it is stands in bits 15:10 and 26:25 (Arm DDI 0487, SPSR_EL2). */
static uint64_t in_block(uint32_t it)
{
	return 0x10u | 0x20u | 0x600f0000ul | (uint64_t)(it & 0xfcu) << 8 | (uint64_t)(it & 3u) << 25;
}

static uint64_t advanced(uint64_t pstate, uint64_t esr)
{
	machine_write("elr_el2", 0x1000);
	machine_write("spsr_el2", pstate);
	guest_advance(esr);
	return machine_read("spsr_el2");
}

static void the_next_instruction_is_in_its_place_of_a_block(void)
{
	machine_begin(0);
	CHECK(advanced(in_block(0), 0) == in_block(0) && machine_read("elr_el2") == 0x1002);
	CHECK(advanced(in_block(0x08), ESR_IL) == in_block(0) && machine_read("elr_el2") == 0x1004); /* the last of a block */
	CHECK(advanced(in_block(0x0c), 0) == in_block(0x18)); /* ITE EQ becomes NE */
	CHECK(advanced(in_block(0x1d), 0) == in_block(0x1a));
	CHECK(advanced(in_block(0xe1), 0) == in_block(0xe2));
	CHECK(advanced(in_block(0x04) | SPSR_SS, 0) == in_block(0x08)); /* its single step is done */
	CHECK(advanced(SPSR_EL1H | SPSR_SS | 3ul << 10, ESR_IL) == SPSR_EL1H); /* 64 bits: BTYPE is there */
}

int main(void)
{
	TEST(every_id_register_tells_what_is_known_and_supported);
	TEST(what_is_not_given_is_hidden);
	TEST(counters_and_debug_are_of_exclusive_cpus);
	TEST(what_traps_of_crm_0_is_undefined);
	TEST(id_registers_refuse_writes);
	TEST(the_zero_register_takes_no_value);
	TEST(whatever_else_can_be_named_is_undefined_and_counted);
	TEST(fixed_registers_have_their_values);
	TEST(a_stopped_guest_takes_no_exception);
	TEST(the_next_instruction_is_in_its_place_of_a_block);
	return tap_done();
}
