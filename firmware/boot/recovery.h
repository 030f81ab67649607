/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOOT_RECOVERY_H
#define BOOT_RECOVERY_H

/* The prompt of a board that has nothing to start. It shows and resets; it changes nothing. */

_Noreturn void recovery_run(void (*show_state)(void));
_Noreturn void recovery_reset(void);

#endif
