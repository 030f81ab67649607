/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Physical CPUs: turned on, set up for guests, kicked, asleep; and the board
 * as a whole by its firmware's PSCI.
 */
#include "gic.h"
#include "smmu.h"
#include "smccc.h"
#include "uart.h"

#define CPTR_GUEST (CPTR_RES1 | CPTR_TZ | CPTR_TTA | CPTR_TAM)
#define MPIDR_AFFINITY 0xff00fffffful
#define VTCR_GUEST(ps) (TCR_T0SZ_39 | VTCR_SL0_LEVEL1 | TCR_WALKS | (ps) | VTCR_RES1)

extern const char entry_secondary[], vectors_plain[], vectors_guarded[];

void boot_main(struct arm64_cpu *cpu, const struct handoff *handoff);
void secondary_main(struct arm64_cpu *cpu);

struct cpu *arch_this_cpu(void)
{
	return (struct cpu *)(void *)this_cpu();
}

uint64_t firmware_call(uint32_t function, uint64_t a1, uint64_t a2, uint64_t a3)
{
	register uint64_t x0 __asm__("x0") = function;
	register uint64_t x1 __asm__("x1") = a1;
	register uint64_t x2 __asm__("x2") = a2;
	register uint64_t x3 __asm__("x3") = a3;

	__asm__ volatile("smc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : "memory", "x4", "x5", "x6", "x7", "x8", "x9",
			 "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17");
	return x0;
}

bool cpu_has_pauth(void)
{
	return (SYSREG_READ(id_aa64isar1_el1) & 0xff000ff0u) != 0;
}

/* LORegions of the host are not used; every other register here has no reset value that could be relied on. */
void cpu_setup(struct arm64_cpu *cpu)
{
	uint64_t ps = (SYSREG_READ(id_aa64mmfr0_el1) & 0xfu) << TCR_PS_SHIFT;

	SYSREG_WRITE(cptr_el2, CPTR_GUEST);
	SYSREG_WRITE(hstr_el2, 0);
	SYSREG_WRITE(cnthctl_el2, CNTHCTL_EL1PCTEN | CNTHCTL_EL1PCEN);
	SYSREG_WRITE(cntvoff_el2, 0);
	SYSREG_WRITE(cntv_ctl_el0, 0);
	SYSREG_WRITE(cntp_ctl_el0, 0);
	SYSREG_WRITE(cnthp_ctl_el2, 0);
	SYSREG_WRITE(vtcr_el2, VTCR_GUEST(ps > 5ul << TCR_PS_SHIFT ? 5ul << TCR_PS_SHIFT : ps));
	SYSREG_WRITE(vttbr_el2, 0);
	SYSREG_WRITE(vpidr_el2, SYSREG_READ(midr_el1));
	cpu->counters = pmu_setup();
	pmu_reset();
	debug_reset();
	errata_apply(cpu);
	SYSREG_WRITE(vbar_el2, cpu->workaround != 0 ? (uint64_t)vectors_guarded : (uint64_t)vectors_plain);
	ISB();
}

static bool is_planned_here(const struct arm64_cpu *cpu)
{
	return (SYSREG_READ(mpidr_el1) & MPIDR_AFFINITY) == cpu->core.plan->hardware_id;
}

/* Called by entry.S, MMU on. */
void boot_main(struct arm64_cpu *cpu, const struct handoff *handoff)
{
	core_link();
	ASSERT(is_planned_here(cpu));
	ASSERT(gic_version() == plan.arch->gic_version);
	ASSERT(gic_init() == OK && gic_cpu_init() == OK);
	uart_init();
	arch_uart_route(cpu->core.plan);
	vgic_init();
	ASSERT(smmu_init() == OK);
	cpu_setup(cpu);
	core_boot(handoff);
	ASSERT(arch_cpu_start_others() == OK);
	cpu_main(&cpu->core);
}

void secondary_main(struct arm64_cpu *cpu)
{
	ASSERT(is_planned_here(cpu));
	ASSERT(gic_cpu_init() == OK);
	cpu_setup(cpu);
	cpu_main(&cpu->core);
}

/* They read their struct before their MMU is on. */
static enum err cpu_start(struct cpu *cpu)
{
	arch_cache_clean((pa_t){ (uint64_t)cpu }, sizeof(struct arm64_cpu), false);
	if (firmware_call(PSCI_CPU_ON | SMCCC_64, cpu->plan->hardware_id, (uint64_t)entry_secondary, (uint64_t)cpu) == 0)
		return OK;
	hyp_print("cpu 0x%lx does not start", cpu->plan->hardware_id);
	return ERR_HARDWARE;
}

enum err arch_cpu_start_others(void)
{
	for (uint32_t i = 1; i < plan.cpu_count; i++)
		TRY(cpu_start(plan.cpus[i].state));
	return OK;
}

void arch_cpu_kick(struct cpu *cpu)
{
	if (cpu == &this_cpu()->core)
		cpu->needs_schedule = 1;
	else
		gic_kick(cpu);
}

void arch_cpu_idle(void)
{
	__asm__ volatile("dsb sy\n\twfi" : : : "memory");
}

void arch_relax(void)
{
	__asm__ volatile("yield" : : : "memory");
}

void arch_board_reset(void)
{
	(void)firmware_call(PSCI_SYSTEM_RESET, 0, 0, 0);
	for (;;)
		arch_relax();
}

void arch_board_off(void)
{
	(void)firmware_call(PSCI_SYSTEM_OFF, 0, 0, 0);
	for (;;)
		arch_relax();
}

/* Unmasks SErrors for a moment; the handler in vectors.S notes the syndrome. Its return overwrites what is saved here. */
uint64_t serror_drain(void)
{
	struct arm64_cpu *cpu = this_cpu();
	uint64_t pc = SYSREG_READ(elr_el2);
	uint64_t pstate = SYSREG_READ(spsr_el2);

	cpu->serror = 0;
	__asm__ volatile("dsb sy\n\tisb\n\tmsr daifclr, #4\n\tisb\n\tmsr daifset, #4" : : : "memory");
	SYSREG_WRITE(elr_el2, pc);
	SYSREG_WRITE(spsr_el2, pstate);
	return *(volatile uint64_t *)&cpu->serror;
}

/* Called by vectors.S on a stack of its own. */
NORETURN void el2_panic(uint64_t esr, uint64_t pc, uint64_t far, uint64_t sp);
NORETURN void el2_panic(uint64_t esr, uint64_t pc, uint64_t far, uint64_t sp)
{
	console_panic();
	hyp_print("the hypervisor faulted: syndrome 0x%lx at 0x%lx, address 0x%lx, stack 0x%lx", esr, pc, far, sp);
	panic_assert("vectors.S", 0, "EL2 takes no exceptions");
}
