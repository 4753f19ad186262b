/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that is mapped before the workers are forked, so that what one of them counted is there
 * when it was killed. Each slot has one writer at a time; counts are words that only grow, and who
 * reads them while they do gets one of their values. Texts are read once n_ready is not 0.
 */
#include "tools/board.h"

#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define INFOS_A_TURN 16 /* a system call each */

static size_t size_of(unsigned n_slots)
{
	return sizeof(struct board) + n_slots * sizeof(struct board_slot);
}

struct board *board_open(unsigned n_slots)
{
	struct board *board = mmap(NULL, size_of(n_slots), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (board == MAP_FAILED)
		return NULL;
	board->n_slots = n_slots;
	board->news_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (board->news_fd >= 0 &&
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
			board->hand_fds) == 0)
		return board;
	if (board->news_fd >= 0)
		close(board->news_fd);
	munmap(board, size_of(n_slots));
	return NULL;
}

void board_close(struct board *board)
{
	close(board->news_fd);
	close(board->hand_fds[0]);
	close(board->hand_fds[1]);
	munmap(board, size_of(board->n_slots));
}

static void tell(const struct board *board)
{
	(void)eventfd_write(board->news_fd, 1); /* a full counter tells it already */
}

void board_ready(struct board *board, unsigned index, const struct sipring_choice *choice)
{
	struct board_slot *slot = &board->slots[index];
	snprintf(slot->provider, sizeof(slot->provider), "%s", choice->provider);
	snprintf(slot->provider_reason, sizeof(slot->provider_reason), "%s",
		choice->provider_reason);
	snprintf(slot->io, sizeof(slot->io), "%s", choice->io);
	snprintf(slot->io_reason, sizeof(slot->io_reason), "%s", choice->io_reason);
	/* release: the texts come before */
	atomic_fetch_add_explicit(&slot->n_ready, 1, memory_order_release);
	tell(board);
}

bool board_answer(struct board *board, unsigned index, struct board_look *look,
	struct sipring_worker *worker)
{
	struct board_slot *slot = &board->slots[index];
	struct sipring_association_info infos[INFOS_A_TURN];
	uint32_t asked = atomic_load_explicit(&board->asked, memory_order_relaxed);
	if (asked == atomic_load_explicit(&slot->answered, memory_order_relaxed))
		return false;
	if (look->question != asked) {
		*look = (struct board_look){.question = asked};
		slot->n_infos = slot->n_infos_left = 0;
	}
	unsigned n = sipring_worker_associations(worker, &look->cursor, infos, INFOS_A_TURN);
	unsigned room = BOARD_INFOS_MAX - slot->n_infos;
	unsigned n_kept = n < room ? n : room;
	memcpy(&slot->infos[slot->n_infos], infos, n_kept * sizeof(infos[0]));
	slot->n_infos += n_kept;
	slot->n_infos_left += n - n_kept;
	if (look->cursor != UINT32_MAX)
		return true;
	/* release: the infos come before */
	atomic_store_explicit(&slot->answered, asked, memory_order_release);
	tell(board);
	return false;
}

bool board_has_answered(const struct board *board, unsigned index, uint32_t question)
{
	return atomic_load_explicit(&board->slots[index].answered, memory_order_acquire) ==
		question;
}

bool board_all_ready(const struct board *board)
{
	for (unsigned i = 0; i < board->n_slots; i++)
		if (!atomic_load_explicit(&board->slots[i].n_ready, memory_order_acquire))
			return false;
	return true;
}

void board_choice(const struct board *board, unsigned index, struct sipring_choice *choice)
{
	const struct board_slot *slot = &board->slots[index];
	*choice = (struct sipring_choice){slot->provider, slot->provider_reason, slot->io,
		slot->io_reason};
}

void board_counts(const struct board *board, struct serve_counts *sum)
{
	*sum = (struct serve_counts){0};
	for (unsigned i = 0; i < board->n_slots; i++)
		serve_counts_add(sum, &board->slots[i].counts);
}
