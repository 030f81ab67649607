/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RT_SMCCC_H
#define RT_SMCCC_H

/*
 * Calls to what runs below (PSCI, SMCCC, Bulkhead), by the SMC Calling Convention. It knows no function.
 */

#include <stdint.h>

struct smccc {
	uint64_t x[8];	/* in: function and arguments; out: results */
};

/** Makes the call in `call->x` with HVC #0 or SMC #0, and puts the results there. */
void smccc_hvc(struct smccc *call);
void smccc_smc(struct smccc *call);

/** Makes the call by the conduit that the device tree names for PSCI; HVC where it names none. Returns x0. */
int64_t smccc_call(struct smccc *call);

#endif
