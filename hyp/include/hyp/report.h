/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports for people: what is left of a partition that its policy stopped,
 * and what the state command shows. It must not know why the policy acted.
 */
#ifndef HYP_REPORT_H
#define HYP_REPORT_H

#include <hyp/plan.h>
#include <hyp/types.h>
#include <hyp/vcpu.h>

/**
 * Print piece `index` (0, 1, ...) of the report of `vcpu`, whose partition is
 * stopped for `what`: reason, nearest owner of the last address, registers,
 * last exits.
 *
 * Context: the CPU of vcpu, or its partition is stopped. Returns: false after the last piece.
 */
bool report_piece(struct vcpu *vcpu, const char *what, uint32_t index);

/** The whole report at once, for when nothing else will run. */
void report_partition(struct vcpu *vcpu, const char *what);

/** Print what `vcpu` is doing. Context: any CPU; what is read of a running vCPU may be a moment old. */
void report_vcpu_state(struct vcpu *vcpu);

/** Print who owns `address` of `partition` in the plan, or what lies next to it. */
void report_owner(const struct plan_partition *partition, ipa_t address);

/** Function of `partition` that `address` lies in. Returns: its name, with the distance in *offset; null if unknown. */
const char *symbol_find(const struct plan_partition *partition, uint64_t address, uint64_t *offset);

#endif
