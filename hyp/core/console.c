/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Console rings and the multiplexer that shows them on one UART. It must not
 * know which UART that is, how a guest writes, or what the keys mean.
 *
 * Nothing here waits. A writer copies into its own ring, which overwrites its
 * oldest bytes and counts what was lost, then moves at most PIECE bytes to
 * the UART. One CPU pumps at a time: another one that comes meanwhile leaves
 * a mark and goes, and whoever pumped asks for the transmitter's interrupt.
 * That interrupt goes to the CPU of the partition that keys go to, so the
 * partition that the operator looks at pays for being looked at, and one that
 * floods its ring costs the others one bounded piece per interrupt at most.
 */
#include <hyp/arch.h>
#include <hyp/console.h>
#include <hyp/print.h>

#define PIECE 128u       /* bytes to the UART in one go: more than any PL011's FIFO, so a full one always interrupts later */
#define RUN_MAX 512u     /* bytes of one source while another one waits */
#define PARTIAL_MAX 1024u/* an open line this long is shown without its end */
#define HYP_RING 8192u
#define FRAME_START 0x1e
#define FRAME_END 0x1f
#define FRAME_ESCAPE 0x10
#define PUT_TRIES 1000000u /* of one byte in a panic */

static char hyp_output[HYP_RING];
static struct console_ring hyp_ring = { .output = hyp_output, .output_size = HYP_RING };

static struct {
	uint32_t is_busy;   /* (atomic) a CPU pumps */
	uint32_t is_missed; /* (atomic) output came while another CPU pumped */
	bool is_panic;      /* (CPU that panics) */
	uint64_t held_until;/* (boot CPU) nothing is shown before this counter value; 0: not held */
	uint32_t mode;      /* (UART's CPU) enum console_mode */
	uint32_t focus;     /* (UART's CPU) partition that keys go to */
	bool is_attended;   /* (UART's CPU) somebody typed: show open lines of the focus */
	/* the rest: (is_busy) */
	uint32_t source;    /* whose bytes came last; plan.partition_count: the hypervisor */
	uint32_t framed;    /* CONSOLE_TOOL: source + 1 of the frame that is open, 0: none */
	uint32_t run;       /* bytes since the source changed */
	uint32_t column;    /* bytes in the UART's line */
	bool is_open[PLAN_PARTITION_MAX + 1]; /* the source's line was broken by another one's */
	char stage[96];     /* chosen, not yet taken by the UART */
	uint32_t stage_at, stage_count;
} mux;

/* The ring of a partition without a console is one that nobody writes. */
static struct console_ring *ring_of(uint32_t source)
{
	static struct console_ring nobodys;

	if (source >= plan.partition_count)
		return &hyp_ring;
	return plan.partitions[source].console ? plan.partitions[source].console : &nobodys;
}

static const char *name_of(uint32_t source)
{
	return source < plan.partition_count ? plan.partitions[source].name : "hyp";
}

/* ---- rings ---- */

static uint32_t load(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static uint32_t ring_waiting(const struct console_ring *ring)
{
	return load(&ring->head) - load(&ring->tail);
}

/* Value of head behind the last line break of `text`, that stands at `head` now; `before` without one. */
static uint32_t line_end_of(const char *text, size_t length, uint32_t head, uint32_t before)
{
	while (length && text[length - 1] != '\n')
		length--;
	return length ? head + (uint32_t)length : before;
}

/* `text` is shorter than any ring. */
static void ring_write(struct console_ring *ring, const char *text, size_t length)
{
	uint32_t mask = ring->output_size - 1u;
	uint32_t waiting;

	lock_take(&ring->lock);
	for (size_t i = 0; i < length; i++)
		ring->output[(ring->head + i) & mask] = text[i];
	ring->line_end = line_end_of(text, length, ring->head, ring->line_end);
	ring->head += (uint32_t)length;
	waiting = ring->head - ring->tail;
	if (waiting > ring->output_size) {
		ring->tail += waiting - ring->output_size;
		ring->lost += waiting - ring->output_size;
	}
	lock_drop(&ring->lock);
}

static int ring_take(struct console_ring *ring)
{
	int byte = -1;

	lock_take(&ring->lock);
	if (ring->head != ring->tail)
		byte = (uint8_t)ring->output[ring->tail++ % ring->output_size];
	lock_drop(&ring->lock);
	return byte;
}

static void ring_rewind(struct console_ring *ring)
{
	lock_take(&ring->lock);
	ring->tail = ring->head > ring->output_size ? ring->head - ring->output_size : 0;
	ring->lost_told = ring->lost;
	lock_drop(&ring->lock);
}

/* Has `ring` a whole line, or so much of one that its end is not waited for? */
static bool ring_has_line(const struct console_ring *ring)
{
	uint32_t waiting = ring_waiting(ring);

	return (waiting && (int32_t)(load(&ring->line_end) - load(&ring->tail)) > 0) || waiting >= PARTIAL_MAX ||
	       waiting >= ring->output_size / 2;
}

/* ---- which source is next ---- */

static bool source_is_shown(uint32_t source)
{
	return mux.mode != CONSOLE_ONE || source == mux.focus || source == plan.partition_count;
}

/* Lines come whole, so that partitions which print at the same time do not
 * tear each other's; an open line is shown where somebody works with it, or
 * where there is no other partition. */
static bool source_is_ready(uint32_t source)
{
	const struct console_ring *ring = ring_of(source);

	if (!source_is_shown(source) || !ring_waiting(ring))
		return false;
	return mux.mode != CONSOLE_ALL || (mux.is_attended && source == mux.focus) || plan.partition_count == 1 ||
	       ring_has_line(ring);
}

/* A source that is in the middle of a line goes on, but not for ever. */
static bool source_may_stay(void)
{
	return mux.run < RUN_MAX && (mux.column || mux.mode == CONSOLE_TOOL) && ring_waiting(ring_of(mux.source)) &&
	       source_is_shown(mux.source);
}

/* Chooses the next source in turn after the present one. Returns: false if none has output. */
static bool pick_source(uint32_t *source)
{
	uint32_t count = plan.partition_count + 1;

	*source = mux.source;
	if (source_may_stay())
		return true;
	for (uint32_t i = 1; i <= count; i++) {
		*source = (mux.source + i) % count;
		if (source_is_ready(*source))
			return true;
	}
	return false;
}

/* ---- how it looks ---- */

static void stage(const char *format, ...) PRINTF(1, 2);
static void stage(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	mux.stage_count += (uint32_t)print_format(&mux.stage[mux.stage_count], sizeof(mux.stage) - mux.stage_count, format, args);
	va_end(args);
}

static void stage_byte(uint8_t byte)
{
	mux.stage[mux.stage_count++] = (char)byte;
}

static void end_line(void)
{
	stage("\r\n");
	mux.column = 0;
	mux.run = 0;
}

static void break_line(void)
{
	if (mux.column && mux.mode != CONSOLE_TOOL)
		end_line();
}

static void change_source(uint32_t source)
{
	if (mux.column)
		mux.is_open[mux.source] = mux.mode == CONSOLE_ALL;
	break_line();
	mux.source = source;
	mux.run = 0;
}

/* The mark behind the name tells a program whether the line is a new one or goes on. */
static void show_prefix(void)
{
	if (mux.column == 0)
		stage("[%s]%c", name_of(mux.source), mux.is_open[mux.source] ? '~' : ' ');
	mux.is_open[mux.source] = false;
	mux.column++;
}

/* One byte of a prefixed line. Nothing of a guest's moves the cursor, so no guest can draw another one's prefix: control
 * bytes, and those that begin a control in 8-bit terminals, are shown as people write them. */
static void show_line_byte(uint8_t byte)
{
	if (byte == '\r')
		return;
	show_prefix();
	if (byte == '\n') {
		end_line();
	} else if (byte == 0x7f || (byte < ' ' && byte != '\t')) {
		stage("^%c", byte ^ 0x40);
	} else if (byte >= 0x80) {
		stage("\\x%02x", byte);
	} else {
		stage_byte(byte);
	}
}

/* One partition alone gets through unchanged; the hypervisor's lines come between. */
static void show_raw_byte(uint8_t byte)
{
	if (mux.source != plan.partition_count) {
		stage_byte(byte);
		mux.column = byte == '\n' ? 0 : 1;
		return;
	}
	show_line_byte(byte);
}

static void show_frame(const char *lost_mark, uint32_t lost)
{
	if (lost)
		stage("%c%s%s%u%c", FRAME_START, name_of(mux.source), lost_mark, lost, FRAME_END);
	else
		stage("%c%s%c", FRAME_START, name_of(mux.source), FRAME_END);
	mux.framed = mux.source + 1;
}

static void show_framed_byte(uint8_t byte)
{
	if (mux.framed != mux.source + 1)
		show_frame("", 0);
	if (byte == FRAME_START || byte == FRAME_ESCAPE)
		stage("%c%c", FRAME_ESCAPE, byte ^ 0x40);
	else
		stage_byte(byte);
}

/* Returns: true if it had something to say. */
static bool show_lost(struct console_ring *ring)
{
	uint32_t lost = load(&ring->lost) - ring->lost_told;

	if (!lost)
		return false;
	ring->lost_told += lost;
	if (mux.mode == CONSOLE_TOOL) {
		show_frame("!", lost);
		return true;
	}
	break_line();
	stage("[%s]! %u bytes lost\r\n", name_of(mux.source), lost);
	return true;
}

static void show_byte(uint8_t byte)
{
	mux.run++;
	if (mux.mode == CONSOLE_TOOL)
		show_framed_byte(byte);
	else if (mux.mode == CONSOLE_ONE)
		show_raw_byte(byte);
	else
		show_line_byte(byte);
}

/* Fills the stage with what comes next. Returns: false if nothing does. */
static bool fill_stage(void)
{
	struct console_ring *ring;
	uint32_t source;
	int byte;

	mux.stage_at = 0;
	mux.stage_count = 0;
	if (!pick_source(&source))
		return false;
	if (source != mux.source)
		change_source(source);
	ring = ring_of(source);
	if (show_lost(ring))
		return true;
	byte = ring_take(ring);
	if (byte >= 0)
		show_byte((uint8_t)byte);
	return true;
}

/* ---- moving it to the UART ---- */

static bool move_piece(void)
{
	for (uint32_t i = 0; i < PIECE; i++) {
		while (mux.stage_at == mux.stage_count)
			if (!fill_stage())
				return false;
		if (!arch_uart_put((uint8_t)mux.stage[mux.stage_at]))
			return true;
		mux.stage_at++;
	}
	return true;
}

/* Takes the right to pump. Returns: false if another CPU has it. */
static bool pump_claim(void)
{
	return !mux.is_panic && !mux.held_until && !__atomic_exchange_n(&mux.is_busy, 1, __ATOMIC_SEQ_CST);
}

/* The interrupt is refused under the right to pump, and asked for behind it: asked for too often it only finds nothing to do. */
static bool pump_claimed(void)
{
	bool is_more;

	__atomic_exchange_n(&mux.is_missed, 0, __ATOMIC_SEQ_CST); /* reads the mark, and so what was written before it */
	is_more = move_piece() || keys_is_pending();
	if (!is_more)
		arch_uart_want_room(false);
	__atomic_store_n(&mux.is_busy, 0, __ATOMIC_SEQ_CST);
	is_more = is_more || __atomic_load_n(&mux.is_missed, __ATOMIC_SEQ_CST);
	if (is_more)
		arch_uart_want_room(true);
	return is_more;
}

/* Who has written. The mark is set before the try, and read after the right is given back: either the CPU that pumps sees it,
 * or this one gets its turn. */
static void pump_written(void)
{
	__atomic_store_n(&mux.is_missed, 1, __ATOMIC_SEQ_CST);
	if (pump_claim())
		(void)pump_claimed();
}

/* The interrupt. Where another CPU pumps it is refused, or it would come again and again for as long as that takes; that CPU
 * asks for it if it leaves something, and this one does if that CPU has just gone. */
bool console_pump(void)
{
	bool is_more = true;

	if (pump_claim()) {
		is_more = pump_claimed();
	} else if (!mux.is_panic) {
		arch_uart_want_room(false);
		if (!__atomic_load_n(&mux.is_busy, __ATOMIC_SEQ_CST))
			arch_uart_want_room(true);
	}
	return keys_pump() || is_more;
}

void console_hold(uint64_t until)
{
	mux.held_until = until;
}

uint64_t console_deadline(void)
{
	return mux.held_until ? mux.held_until : UINT64_MAX;
}

void console_release(void)
{
	mux.held_until = 0;
	pump_written();
}

bool console_is_behind(void)
{
	return ring_waiting(&hyp_ring) != 0;
}

void console_show(enum console_mode mode, uint32_t focus)
{
	bool was_tool = mux.mode == CONSOLE_TOOL; /* and has seen the history */

	mux.mode = mode;
	mux.focus = focus;
	mux.framed = 0;
	for (uint32_t source = 0; source <= plan.partition_count; source++)
		if ((mode == CONSOLE_TOOL && !was_tool) || (mode == CONSOLE_ONE && source == focus))
			ring_rewind(ring_of(source));
	arch_uart_route(plan.partitions[focus].vcpus[0]->cpu);
	pump_written();
}

/* ---- who writes ---- */

void console_write(const struct plan_partition *partition, const char *text, size_t length)
{
	if (!partition->console)
		return;
	ring_write(partition->console, text, length);
	pump_written();
}

void console_end_line(const struct plan_partition *partition)
{
	const struct console_ring *ring = ring_of(partition->id);

	if (load(&ring->head) != load(&ring->line_end))
		console_write(partition, "\r\n", 2);
}

static void put_now(char byte)
{
	for (uint32_t i = 0; i < PUT_TRIES && !arch_uart_put((uint8_t)byte); i++)
		arch_relax();
}

void console_panic(void)
{
	mux.is_panic = true;
	while (mux.stage_at < mux.stage_count)
		put_now(mux.stage[mux.stage_at++]);
	/* Without the ring's lock, which this CPU may hold. */
	while (hyp_ring.head != hyp_ring.tail)
		put_now(hyp_output[hyp_ring.tail++ % HYP_RING]);
	put_now('\r');
	put_now('\n');
}

static void print_now(const char *text, size_t length)
{
	for (const char *c = "[hyp] "; *c; c++)
		put_now(*c);
	for (size_t i = 0; i + 1 < length; i++)
		put_now(text[i]);
	put_now('\r');
	put_now('\n'); /* for the one at the end of `text` */
}

void hyp_print(const char *format, ...)
{
	char line[CONSOLE_LINE + 1];
	size_t length;
	va_list args;

	va_start(args, format);
	length = print_format(line, CONSOLE_LINE, format, args);
	va_end(args);
	if (!length || line[length - 1] != '\n')
		line[length++] = '\n';
	if (mux.is_panic) {
		print_now(line, length);
		return;
	}
	ring_write(&hyp_ring, line, length);
	pump_written();
}

/* ---- input ---- */

int console_read(const struct plan_partition *partition)
{
	struct console_ring *ring = ring_of(partition->id);
	int byte = -1;

	lock_take(&ring->lock);
	if (ring->input_head != ring->input_tail)
		byte = ring->input[ring->input_tail++ % sizeof(ring->input)];
	lock_drop(&ring->lock);
	return byte;
}

void console_input(uint32_t partition, uint8_t byte)
{
	struct console_ring *ring = ring_of(partition);

	mux.is_attended = true;
	if (!plan.partitions[partition].console)
		return;
	lock_take(&ring->lock);
	if (ring->input_head - ring->input_tail < sizeof(ring->input))
		ring->input[ring->input_head++ % sizeof(ring->input)] = byte;
	lock_drop(&ring->lock);
	arch_console_input(&plan.partitions[partition]);
}

bool console_has_input(const struct plan_partition *partition)
{
	const struct console_ring *ring = ring_of(partition->id);

	return load(&ring->input_head) != load(&ring->input_tail);
}

void console_input_clear(const struct plan_partition *partition)
{
	while (console_read(partition) >= 0)
		;
}
