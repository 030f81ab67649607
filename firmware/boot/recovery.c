/* SPDX-License-Identifier: Apache-2.0 */
/* The recovery prompt: `state` and `reset`. It must not know how state is found. */

#include "recovery.h"

#include <string.h>

#include "console.h"
#include "efi.h"

void recovery_reset(void)
{
	console_print("boot: reset\n");
	efi_system->runtime->reset_system(EFI_RESET_COLD, EFI_SUCCESS, 0, NULL);
	for (;;)
		efi_system->boot->stall(1000000);
}

static void run_line(const char *line, void (*show_state)(void))
{
	if (strcmp(line, "state") == 0)
		show_state();
	else if (strcmp(line, "reset") == 0)
		recovery_reset();
	else if (line[0])
		console_print("commands: state, reset\n");
}

void recovery_run(void (*show_state)(void))
{
	char line[32];

	console_print("boot: nothing to start: recovery. Commands: state, reset\n");
	for (;;) {
		console_print("recovery> ");
		console_read_line(line, sizeof(line));
		run_line(line, show_state);
	}
}
