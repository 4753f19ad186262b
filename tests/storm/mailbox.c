/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The mailbox with several writers at a time: threads, processes, processes that are killed in the
 * middle, readers that are. Each message says who wrote it, which of his it is, and has bytes that
 * follow from both, so what is lost, doubled, out of order or torn is seen.
 *
 * usage: mailbox [threads]     (only what ThreadSanitizer can follow)
 */
#include "engine/mailbox.h"
#include "storm/shared.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/eventfd.h>

#define WRITERS 4
#define MESSAGES 20000u /* of each, where nobody is killed */
#define LIVES 4096      /* writers in all, where they are */
#define KILLING_MS 2000
#define BYTES 65536

struct world {
	_Atomic uint64_t pushed[LIVES]; /* what each writer knows to be in */
	_Atomic uint8_t seen[WRITERS * MESSAGES];
	struct sipring_members members;
};

static struct world *world;
static struct sipring_mailbox *mailbox;
static int wake_fd;

static struct {
	uint64_t received[LIVES];
	uint64_t n_bad, n_lost_wakes, n_wakes, n_messages;
} reader;

static void open_world(void)
{
	world = shared_map(sizeof *world);
	mailbox = shared_map(sipring_mailbox_footprint(BYTES));
	sipring_mailbox_init(mailbox, BYTES);
	wake_fd = eventfd(0, EFD_NONBLOCK);
	memset(&reader, 0, sizeof reader);
}

static void close_world(void)
{
	sipring_memory_unmap(world, sizeof *world);
	sipring_memory_unmap(mailbox, sipring_mailbox_footprint(BYTES));
	close(wake_fd);
}

static uint32_t size_of(unsigned writer, uint32_t number)
{
	return 1 + (writer * 7919 + number * 104729) % (number % 16 ? 900 : 9000);
}

static void write_one(uint32_t id, unsigned writer, uint32_t number)
{
	struct sipring_mail mail = {.sender = id,
		.association = writer,
		.cookie = number,
		.size = size_of(writer, number)};
	char bytes[16384];
	uint64_t one = 1;
	int r;

	memset(bytes, (int)((writer + number) & 0xff), mail.size);
	while ((r = sipring_mailbox_push(mailbox, &mail, bytes)) == SIPRING_MAILBOX_FULL)
		sched_yield();
	if (r == SIPRING_MAILBOX_WAKE && write(wake_fd, &one, sizeof one) < 0)
		abort();
}

static void write_all(unsigned writer)
{
	uint32_t id = sipring_members_join(&world->members);

	for (uint32_t i = 0; i < MESSAGES; i++)
		write_one(id, writer, i);
}

static void *write_all_in_thread(void *argument)
{
	write_all(*(unsigned *)argument);
	return NULL;
}

/* As write_one, but put off the processor between the two halves of the bytes. */
static void write_one_slowly(uint32_t id, unsigned writer, uint32_t number)
{
	uint32_t size = size_of(writer, number);
	struct sipring_mailbox_slot slot;

	while (sipring_mailbox_reserve(mailbox, id, size, &slot))
		sched_yield();
	*slot.mail = (struct sipring_mail){.sender = id,
		.association = writer,
		.cookie = number,
		.size = size};
	memset(slot.bytes, (int)((writer + number) & 0xff), size / 2);
	sched_yield();
	memset(slot.bytes + size / 2, (int)((writer + number) & 0xff), size - size / 2);
	if (sipring_mailbox_commit(mailbox, &slot) < 0)
		abort();
}

static void write_until_killed(unsigned life)
{
	uint32_t id = sipring_members_join(&world->members);

	for (uint32_t i = 0;; i++) {
		if (i % 4)
			write_one(id, life, i);
		else
			write_one_slowly(id, life, i);
		atomic_store(&world->pushed[life], i + 1);
	}
}

static bool whole(const struct sipring_mail *mail, const char *bytes)
{
	char expected = (char)((mail->association + mail->cookie) & 0xff);

	if (mail->size != size_of(mail->association, mail->cookie))
		return false;
	for (uint32_t i = 0; i < mail->size; i++)
		if (bytes[i] != expected)
			return false;
	return true;
}

/* Reads all that is there, and says what ended it. */
static int read_some(void)
{
	struct sipring_mail *mail;
	char *bytes;
	int r;

	while (!(r = sipring_mailbox_next(mailbox, &world->members, &mail, &bytes))) {
		if (!whole(mail, bytes) || mail->cookie != reader.received[mail->association])
			reader.n_bad++;
		reader.received[mail->association] = mail->cookie + 1;
		reader.n_messages++;
		sipring_mailbox_release(mailbox);
	}
	return r;
}

/* Sleeps as a worker does. Where a wake is late though all writers live, it was lost. */
static void sleep_some(int timeout_ms)
{
	struct pollfd pollfd = {.fd = wake_fd, .events = POLLIN};
	uint64_t count, before = reader.n_messages;

	if (!sipring_mailbox_sleep(mailbox, &world->members))
		return;
	if (poll(&pollfd, 1, timeout_ms) == 0) {
		sipring_mailbox_awake(mailbox);
		read_some();
		reader.n_lost_wakes += reader.n_messages != before;
		return;
	}
	sipring_mailbox_awake(mailbox);
	if (read(wake_fd, &count, sizeof count) > 0)
		reader.n_wakes += count;
}

static void read_everything(void)
{
	while (reader.n_messages < WRITERS * (uint64_t)MESSAGES && !reader.n_lost_wakes) {
		uint64_t before = reader.n_messages;

		read_some();
		if (reader.n_messages == before)
			sleep_some(5000);
	}
}

static void nobody_is_killed(const char *kind)
{
	char name[100];
	bool all = reader.n_messages == WRITERS * MESSAGES;

	for (unsigned i = 0; i < WRITERS; i++)
		all = all && reader.received[i] == MESSAGES;
	snprintf(name, sizeof name, "%s: each message once, whole and in order", kind);
	shared_point(all && !reader.n_bad, name);
	snprintf(name, sizeof name, "%s: no wake is lost, and few are told", kind);
	shared_point(!reader.n_lost_wakes && reader.n_wakes < reader.n_messages, name);
	printf("# %lu messages, %lu wakes\n", (unsigned long)reader.n_messages,
		(unsigned long)reader.n_wakes);
}

static void threads(void)
{
	unsigned numbers[WRITERS];
	pthread_t writers[WRITERS];

	open_world();
	for (unsigned i = 0; i < WRITERS; i++) {
		numbers[i] = i;
		pthread_create(&writers[i], NULL, write_all_in_thread, &numbers[i]);
	}
	read_everything();
	for (unsigned i = 0; i < WRITERS; i++)
		pthread_join(writers[i], NULL);
	nobody_is_killed("threads");
	close_world();
}

static void processes(void)
{
	pid_t writers[WRITERS];

	open_world();
	for (unsigned i = 0; i < WRITERS; i++)
		writers[i] = shared_start(write_all, i);
	read_everything();
	for (unsigned i = 0; i < WRITERS; i++)
		waitpid(writers[i], NULL, 0);
	nobody_is_killed("processes");
	close_world();
}

static void killed_writers(void)
{
	uint64_t end_ms, n_wrong = 0, kill_ms = 0;
	unsigned n_lives = 0;
	pid_t writers[WRITERS];
	char name[100];

	open_world();
	end_ms = shared_now_ms() + KILLING_MS;
	for (unsigned i = 0; i < WRITERS; i++)
		writers[i] = shared_start(write_until_killed, n_lives++);
	while (shared_now_ms() < end_ms && n_lives < LIVES) {
		unsigned i = n_lives % WRITERS;

		if (read_some() == SIPRING_MAILBOX_PENDING)
			sipring_mailbox_probe(mailbox, &world->members);
		if (shared_now_ms() < kill_ms)
			continue;
		/* Every second one is found out by the reader himself. */
		shared_kill(&world->members, writers[i], n_lives & 4);
		writers[i] = shared_start(write_until_killed, n_lives++);
		kill_ms = shared_now_ms() + 3;
	}
	for (unsigned i = 0; i < WRITERS; i++)
		shared_kill(&world->members, writers[i], false);
	while (read_some() == SIPRING_MAILBOX_PENDING)
		sipring_mailbox_probe(mailbox, &world->members);
	/* Who was killed between his push and his note of it has one more in. */
	for (unsigned i = 0; i < n_lives; i++)
		n_wrong += reader.received[i] - atomic_load(&world->pushed[i]) > 1;
	snprintf(name, sizeof name, "killed writers: what was pushed is read, once and whole");
	shared_point(!n_wrong && !reader.n_bad, name);
	shared_point(sipring_mailbox_abandoned(mailbox) > 0, "killed writers: some in the middle");
	printf("# %u killed, %lu in the middle, %lu messages\n", n_lives,
		(unsigned long)sipring_mailbox_abandoned(mailbox),
		(unsigned long)reader.n_messages);
	close_world();
}

/* Notes each message before it gives it back, so that at worst it is noted twice. */
static void read_until_killed(unsigned unused)
{
	struct sipring_mail *mail;
	char *bytes;

	(void)unused;
	sipring_members_join(&world->members);
	for (;;) {
		if (sipring_mailbox_next(mailbox, &world->members, &mail, &bytes)) {
			sched_yield();
			continue;
		}
		if (whole(mail, bytes))
			atomic_fetch_add(&world->seen[mail->association * MESSAGES + mail->cookie],
				1);
		sipring_mailbox_release(mailbox);
	}
}

static void killed_readers(void)
{
	unsigned n_readers = 0, n_lost = 0, n_doubled = 0, n_left = WRITERS;
	uint64_t end_ms;
	pid_t pid;

	open_world();
	end_ms = shared_now_ms() + 20000;
	for (unsigned i = 0; i < WRITERS; i++)
		shared_start(write_all, i);
	while (n_left && shared_now_ms() < end_ms) {
		pid = shared_start(read_until_killed, n_readers++);
		usleep(4000);
		shared_kill(&world->members, pid, true);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			n_left--;
	}
	while (n_left && wait(NULL) > 0)
		n_left--;
	pid = shared_start(read_until_killed, n_readers++);
	usleep(200000);
	shared_kill(&world->members, pid, true);
	for (unsigned i = 0; i < WRITERS * MESSAGES; i++) {
		n_lost += world->seen[i] == 0;
		n_doubled += world->seen[i] > 1;
	}
	shared_point(!n_lost, "killed readers: the next one goes on, nothing is lost");
	shared_point(n_doubled <= n_readers, "killed readers: at most the one in hand comes again");
	printf("# %u readers, %u messages again\n", n_readers, n_doubled);
	close_world();
}

int main(int argc, char **argv)
{
	threads();
	if (argc > 1 && strcmp(argv[1], "threads") == 0)
		return shared_plan();
	processes();
	killed_writers();
	killed_readers();
	return shared_plan();
}
