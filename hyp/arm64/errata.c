/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flaws of CPUs by part number, and what is done about each. Those that the
 * compiler or the linker cures are listed with the flag that cures them.
 */
#include "smccc.h"

#define MIDR(implementer, part) ((uint32_t)(implementer) << 24 | 0xfu << 16 | (uint32_t)(part) << 4)
#define MIDR_MASK 0xff0ffff0u
#define ARM 0x41u

enum cure {
	CURE_PREDICTOR, /* firmware cleans the branch predictor on each exit */
	CURE_BUILT_IN,  /* in the code or by a flag of the build: nothing at run time */
};

struct erratum {
	uint32_t midr;
	enum cure cure;
	const char *what;
};

static const struct erratum errata[] = {
	{ MIDR(ARM, 0xd03), CURE_BUILT_IN, "Cortex-A53 835769: -mfix-cortex-a53-835769" },
	{ MIDR(ARM, 0xd03), CURE_BUILT_IN, "Cortex-A53 843419: --fix-cortex-a53-843419" },
	{ MIDR(ARM, 0xd03), CURE_BUILT_IN, "Cortex-A53 819472, 824069, 826319, 827319: clean means clean and invalidate" },
	{ MIDR(ARM, 0xd07), CURE_PREDICTOR, "Cortex-A57: CVE-2017-5715" },
	{ MIDR(ARM, 0xd08), CURE_PREDICTOR, "Cortex-A72: CVE-2017-5715, CVE-2022-23960" },
	{ MIDR(ARM, 0xd09), CURE_PREDICTOR, "Cortex-A73: CVE-2017-5715, CVE-2022-23960" },
	{ MIDR(ARM, 0xd0a), CURE_PREDICTOR, "Cortex-A75: CVE-2017-5715, CVE-2022-23960" },
	{ MIDR(ARM, 0xd0b), CURE_PREDICTOR, "Cortex-A76: CVE-2022-23960" },
	{ MIDR(ARM, 0xd0d), CURE_PREDICTOR, "Cortex-A77: CVE-2022-23960" },
	{ MIDR(ARM, 0xd41), CURE_PREDICTOR, "Cortex-A78: CVE-2022-23960" },
	{ MIDR(ARM, 0xd0c), CURE_PREDICTOR, "Neoverse N1: CVE-2022-23960" },
};

static const struct erratum *predictor_flaw(void)
{
	uint32_t midr = (uint32_t)SYSREG_READ(midr_el1) & MIDR_MASK;

	for (uint32_t i = 0; i < ARRAY_COUNT(errata); i++)
		if (errata[i].midr == (midr & MIDR_MASK) && errata[i].cure == CURE_PREDICTOR)
			return &errata[i];
	return NULL;
}

/* 0: firmware says that this CPU needs the call. The third cures what the first does, and more. */
static bool firmware_cures(uint32_t function)
{
	return (int32_t)firmware_call(SMCCC_ARCH_FEATURES, function, 0, 0) == 0;
}

static uint32_t firmware_workaround(void)
{
	if ((int32_t)firmware_call(SMCCC_VERSION, 0, 0, 0) < SMCCC_VERSION_1_1)
		return 0;
	if (firmware_cures(SMCCC_WORKAROUND_3))
		return SMCCC_WORKAROUND_3;
	return firmware_cures(SMCCC_WORKAROUND_1) ? SMCCC_WORKAROUND_1 : 0;
}

void errata_apply(struct arm64_cpu *cpu)
{
	const struct erratum *flaw = predictor_flaw();

	cpu->workaround = firmware_workaround();
	if (flaw != NULL && cpu->workaround == 0)
		hyp_print("cpu %u: firmware has no cure for %s", cpu->core.index, flaw->what);
}
