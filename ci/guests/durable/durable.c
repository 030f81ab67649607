/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes records to its disks, many under way at once, flushes now and then, and says in each record what it was promised: every record with
 * a number up to `durable` was done before a flush that is done. So the writes that a disk saw tell, whatever of them is kept, what must be
 * there; ci/system/durable.py judges. Records go round a fixed number of slots. The key q ends it: all is done, flushed, and told in a line.
 * It must not know what a disk is made of.
 */

#include <stdbool.h>
#include <stdio.h>

#include <front/blk.h>
#include <rt/console.h>
#include <rt/proof.h>
#include <rt/timer.h>

#define STREAMS		2u	/* disks */
#define SLOTS		128u
#define SLOT_SECTORS	16u
#define SLOT_BYTES	(SLOT_SECTORS * VIRTIO_BLK_SECTOR_BYTES)
#define UNDER_WAY	16u
#define FLUSH_EVERY	24u	/* records at most between two flushes */
#define BURST		8u	/* records at most between two sleeps */
#define PACE_NS		4000000u
#define SAY_EVERY	250u
#define MAGIC		0x2165737562727564ull

/* A record is this, again and again, over all of its sectors: a part of it can be told from the whole. */
struct unit {
	uint64_t magic;
	uint64_t number;	/* from 1 */
	uint64_t durable;	/* records up to this one are */
	uint64_t sectors;
};

struct stream {
	struct front_blk disk;
	struct front_blk_request writes[UNDER_WAY], flush;
	uint64_t number_of[UNDER_WAY];	/* of the record that is under way; 0: none is */
	uint64_t next;			/* record */
	uint64_t done;			/* all up to this one are */
	uint64_t promised;		/* by the flush that is under way, once it is done */
	uint64_t durable;
	uint64_t flushes;		/* that no disk may leave out */
	uint64_t errors;
	uint64_t flush_at;
	uint64_t after_flush;		/* the first record that was begun after the last flush was done */
	bool is_flushing;
	bool is_needed;			/* the flush under way: a record was begun and done since the last flush was done */
	bool is_done[SLOTS];
	uint8_t data[UNDER_WAY][SLOT_BYTES] __attribute__((aligned(16)));
};

static struct stream streams[STREAMS];
static uint64_t dice = 88172645463325252ull;
static bool is_ending;

static uint64_t any(uint64_t count)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return dice % count;
}

static unsigned number(const struct stream *s)
{
	return (unsigned)(s - streams);
}

/* ---- what is done ---- */

static void note_write(struct stream *s, unsigned n)
{
	s->is_done[s->number_of[n] % SLOTS] = true;
	s->number_of[n] = 0;
	while (s->done + 1 < s->next && s->is_done[(s->done + 1) % SLOTS])
		s->done++;
}

static void note_flush(struct stream *s)
{
	s->is_flushing = false;
	s->durable = s->promised;
	s->after_flush = s->next;
	s->flushes += s->is_needed;
}

static void note(struct stream *s, const struct front_blk_request *r)
{
	if (r->status != FRONT_BLK_OK) {
		s->errors++;
		printf("ERROR disk=%u op=%d %s\n", number(s), (int)r->op, front_blk_status_name(r->status));
		return;
	}
	if (r == &s->flush)
		note_flush(s);
	else
		note_write(s, (unsigned)(r - s->writes));
}

/* ---- what is begun ---- */

static bool submit(struct stream *s, struct front_blk_request *r)
{
	enum front_blk_status status = front_blk_submit(&s->disk, r);

	if (status == FRONT_BLK_WAITS)
		front_blk_kick(&s->disk);
	return status == FRONT_BLK_WAITS;
}

static void fill(const struct stream *s, void *at, uint64_t sectors)
{
	struct unit *units = at;

	for (uint64_t i = 0; i < sectors * VIRTIO_BLK_SECTOR_BYTES / sizeof(*units); i++)
		units[i] = (struct unit){ MAGIC, s->next, s->durable, sectors };
}

static void begin_write(struct stream *s, unsigned n)
{
	uint64_t sectors = 1 + any(SLOT_SECTORS);

	fill(s, s->data[n], sectors);
	s->writes[n] = (struct front_blk_request){
		.op = FRONT_BLK_WRITE, .sector = s->next % SLOTS * SLOT_SECTORS, .sector_count = sectors, .data = s->data[n],
	};
	if (!submit(s, &s->writes[n]))
		return;
	s->number_of[n] = s->next;
	s->is_done[s->next++ % SLOTS] = false;
	if (s->next % SAY_EVERY == 0)
		printf("AT disk=%u %llu\n", number(s), (unsigned long long)s->next);
}

/* In the place of one that is done, unless the slot's last record is still under way. */
static void write_one(struct stream *s)
{
	for (unsigned n = 0; n < UNDER_WAY && s->next < s->done + SLOTS; n++) {
		if (!s->number_of[n]) {
			begin_write(s, n);
			return;
		}
	}
}

static void flush_if_due(struct stream *s)
{
	if (s->is_flushing || s->done == s->durable || (!is_ending && s->done < s->flush_at))
		return;
	s->flush = (struct front_blk_request){ .op = FRONT_BLK_FLUSH };
	s->is_flushing = submit(s, &s->flush);
	s->promised = s->done;
	s->is_needed = s->done >= s->after_flush;
	s->flush_at = s->done + 1 + any(FLUSH_EVERY);
}

/* ---- all of it ---- */

static bool open(struct stream *s)
{
	s->next = 1;
	s->after_flush = 1;
	s->flush_at = 1 + any(FLUSH_EVERY);
	return front_blk_open(&s->disk, number(s)) && s->disk.can_flush && s->disk.sector_count >= SLOTS * SLOT_SECTORS;
}

static void go_on(struct stream *s)
{
	struct front_blk_request *r;

	while ((r = front_blk_poll(&s->disk)))
		note(s, r);
	flush_if_due(s);
	for (uint64_t left = is_ending ? 0 : any(BURST); left; left--)
		write_one(s);
}

static bool is_over(const struct stream *s)
{
	return s->errors || (is_ending && s->durable + 1 == s->next && !s->is_flushing);
}

static bool are_all_over(void)
{
	bool over = true;

	for (unsigned n = 0; n < STREAMS; n++)
		over = over && is_over(&streams[n]);
	return over;
}

int main(void)
{
	proof_print("durable 1.0");
	for (unsigned n = 0; n < STREAMS; n++) {
		if (!open(&streams[n])) {
			printf("durable: disk %u is none to write to\n", n);
			return 1;
		}
	}
	while (!are_all_over()) {
		for (unsigned n = 0; n < STREAMS; n++)
			go_on(&streams[n]);
		is_ending = is_ending || console_poll() == 'q';
		time_sleep(PACE_NS);
	}
	for (const struct stream *s = streams; s < streams + STREAMS; s++)
		printf("DURABLE disk=%u records=%llu durable=%llu flushes=%llu errors=%llu\n", number(s), (unsigned long long)s->next - 1,
		       (unsigned long long)s->durable, (unsigned long long)s->flushes, (unsigned long long)s->errors);
	for (;;)
		time_sleep(1000000000);
}
