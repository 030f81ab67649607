/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SMC Calling Convention's two instructions, PSCI, and the calls of Bulkhead, which all are such calls.
 */

#include <string.h>

#include <rt/bulkhead.h>
#include <rt/psci.h>
#include <rt/smccc.h>
#include <rt/sysreg.h>
#include <rt/tree.h>

#define CALL(instruction)								\
	register uint64_t x0 __asm__("x0") = call->x[0];				\
	register uint64_t x1 __asm__("x1") = call->x[1];				\
	register uint64_t x2 __asm__("x2") = call->x[2];				\
	register uint64_t x3 __asm__("x3") = call->x[3];				\
	register uint64_t x4 __asm__("x4") = call->x[4];				\
	register uint64_t x5 __asm__("x5") = call->x[5];				\
	register uint64_t x6 __asm__("x6") = call->x[6];				\
	register uint64_t x7 __asm__("x7") = call->x[7];				\
											\
	/* SMCCC 1.0 lets the other side change x8..x17. */				\
	__asm__ volatile(instruction : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3),		\
			 "+r"(x4), "+r"(x5), "+r"(x6), "+r"(x7) : :			\
			 "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory"); \
	call->x[0] = x0;								\
	call->x[1] = x1;								\
	call->x[2] = x2;								\
	call->x[3] = x3;								\
	call->x[4] = x4;								\
	call->x[5] = x5;								\
	call->x[6] = x6;								\
	call->x[7] = x7

void smccc_hvc(struct smccc *call)
{
	CALL("hvc #0");
}

void smccc_smc(struct smccc *call)
{
	CALL("smc #0");
}

int64_t smccc_call(struct smccc *call)
{
	static int by_smc = -1;

	if (by_smc < 0) {
		const char *method = tree_string("/psci", "method");

		by_smc = method && !strcmp(method, "smc");
	}
	if (by_smc)
		smccc_smc(call);
	else
		smccc_hvc(call);
	return (int64_t)call->x[0];
}

int32_t psci_call(uint32_t function, uint64_t a, uint64_t b, uint64_t c)
{
	struct smccc call = { { function, a, b, c } };

	return (int32_t)smccc_call(&call);
}

void psci_system_off(void)
{
	psci_call(PSCI_SYSTEM_OFF, 0, 0, 0);
	for (;;)
		cpu_wfi();
}

void psci_system_reset(void)
{
	psci_call(PSCI_SYSTEM_RESET, 0, 0, 0);
	for (;;)
		cpu_wfi();
}

bool bulkhead_present(void)
{
	static int known = -1;

	if (known < 0) {
		struct smccc call = { { HC_CALL_UID } };

		smccc_call(&call);
		known = (uint32_t)call.x[0] == HC_UID_0 && (uint32_t)call.x[1] == HC_UID_1 &&
			(uint32_t)call.x[2] == HC_UID_2 && (uint32_t)call.x[3] == HC_UID_3;
	}
	return known;
}

int64_t bulkhead_call(uint32_t function, uint64_t a, uint64_t b, uint64_t c, uint64_t *result)
{
	struct smccc call = { { function, a, b, c } };
	int64_t status = smccc_call(&call);

	if (result)
		*result = call.x[1];
	return status;
}

void bulkhead_heartbeat(void)
{
	if (bulkhead_present())
		bulkhead_call(HC_HEARTBEAT, 0, 0, 0, NULL);
}

int64_t bulkhead_console_write(const char *bytes, size_t count)
{
	struct smccc call = { { HC_CONSOLE_WRITE } };

	if (count > HC_CONSOLE_BYTES_MAX)
		count = HC_CONSOLE_BYTES_MAX;
	call.x[1] = count;
	memcpy(&call.x[2], bytes, count);
	return smccc_call(&call);
}

int64_t bulkhead_console_read(char *bytes, size_t count)
{
	struct smccc call = { { HC_CONSOLE_READ, count < HC_CONSOLE_BYTES_MAX ? count : HC_CONSOLE_BYTES_MAX } };
	int64_t got = smccc_call(&call);

	if (got > 0 && got <= (int64_t)count)
		memcpy(bytes, &call.x[2], (size_t)got);
	return got;
}
