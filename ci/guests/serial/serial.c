/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a serial cable that answers: each line that comes goes back with the number of its bytes before it;
 * after the line "deaf" nothing is read any more. It must not know who is at
 * the other end. Without a virtio console it says so and ends.
 */
#include <stdio.h>
#include <string.h>

#include <front/console.h>
#include <rt/irq.h>
#include <rt/proof.h>
#include <rt/sysreg.h>

#define LINE_MAX_BYTES	512u

static struct front_console console;

static void sleep_until(bool (*is_ready)(struct front_console *))
{
	irq_mask();
	if (!is_ready(&console))
		cpu_wfi();
	irq_unmask();
	cpu_isb();
}

static void put(const char *bytes, uint32_t count)
{
	for (uint32_t done = 0; done < count && !console.is_lost;) {
		uint32_t more = front_console_write(&console, bytes + done, count - done);

		done += more;
		if (!more)
			sleep_until(front_console_arm_room);
	}
}

static void answer(const char *line, uint32_t bytes)
{
	char number[16];
	int length = snprintf(number, sizeof(number), "%u:", (unsigned)bytes);

	put(number, (uint32_t)length);
	put(line, bytes);
	put("\n", 1);
}

int main(void)
{
	static char line[LINE_MAX_BYTES];
	uint32_t bytes = 0;
	char c;

	if (!front_console_open(&console, 0)) {
		printf("SERIAL none\n");
		return 0;
	}
	proof_print("serial 1.0");
	while (!console.is_lost) {
		if (!front_console_read(&console, &c, 1)) {
			sleep_until(front_console_arm);
		} else if (c == '\n') {
			answer(line, bytes);
			while (bytes == 4 && !memcmp(line, "deaf", 4))
				cpu_wfi();
			bytes = 0;
		} else if (bytes < sizeof(line)) {
			line[bytes++] = c;
		}
	}
	printf("SERIAL lost\n");
	return 0;
}
