/* SPDX-License-Identifier: Apache-2.0 */
/* What guests see of system registers that trap; the lines stand in idregs.c. */
#ifndef ARM64_IDREGS_H
#define ARM64_IDREGS_H

#include "arm64.h"

/** What `vcpu` reads from `reg` (SYSREG()). Returns: false if there is no such register. */
bool idreg_read(const struct vcpu *vcpu, uint32_t reg, uint64_t *value);

/** May a guest write `reg`, without effect? */
bool idreg_ignores_write(uint32_t reg);

#endif
