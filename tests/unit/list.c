/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists: order, unlinking anywhere and twice, and a random run against an array.
 */
#include "base/list.h"

#include "random.h"

#include <criterion/criterion.h>
#include <string.h>

struct item {
	int value;
	struct sipring_list link;
};

static int pop_value(struct sipring_list *list)
{
	struct sipring_list *node = sipring_list_pop(list);

	return node ? SIPRING_CONTAINER(node, struct item, link)->value : -1;
}

Test(list, starts_empty)
{
	struct sipring_list list;

	sipring_list_init(&list);
	cr_assert(sipring_list_empty(&list));
	cr_assert_null(sipring_list_pop(&list));
	cr_assert(sipring_list_empty(&list));
}

Test(list, first_in_first_out)
{
	struct sipring_list list;
	struct item items[3] = {{.value = 0}, {.value = 1}, {.value = 2}};

	sipring_list_init(&list);
	for (int i = 0; i < 3; i++)
		sipring_list_append(&list, &items[i].link);
	cr_assert_not(sipring_list_empty(&list));
	for (int i = 0; i < 3; i++)
		cr_assert_eq(pop_value(&list), i);
	cr_assert_eq(pop_value(&list), -1);
}

Test(list, unlinks_anywhere_and_twice)
{
	for (int gone = 0; gone < 3; gone++) {
		struct sipring_list list;
		struct item items[3] = {{.value = 0}, {.value = 1}, {.value = 2}};

		sipring_list_init(&list);
		for (int i = 0; i < 3; i++)
			sipring_list_append(&list, &items[i].link);
		sipring_list_unlink(&items[gone].link);
		cr_assert(sipring_list_empty(&items[gone].link));
		sipring_list_unlink(&items[gone].link);
		for (int i = 0; i < 3; i++) {
			if (i != gone)
				cr_assert_eq(pop_value(&list), i);
		}
		cr_assert(sipring_list_empty(&list));
	}
}

Test(list, popped_node_is_in_no_list)
{
	struct sipring_list list;
	struct item item = {.value = 4};

	sipring_list_init(&list);
	sipring_list_append(&list, &item.link);
	cr_assert_eq(sipring_list_pop(&list), &item.link);
	cr_assert(sipring_list_empty(&item.link));
	sipring_list_append(&list, &item.link);
	cr_assert_eq(pop_value(&list), 4);
}

Test(list, random_run_against_an_array)
{
	struct sipring_list list;
	struct item items[32];
	int model[32];
	size_t n_model = 0;
	uint64_t seed = 1;

	sipring_list_init(&list);
	for (int i = 0; i < 32; i++) {
		items[i].value = i;
		sipring_list_init(&items[i].link);
	}
	for (int step = 0; step < 20000; step++) {
		int pick = (int)random_below(&seed, 32);

		if (random_below(&seed, 4) == 0) {
			cr_assert_eq(pop_value(&list), n_model ? model[0] : -1);
			if (n_model)
				memmove(model, model + 1, --n_model * sizeof *model);
			continue;
		}
		for (size_t i = 0; i < n_model; i++) {
			if (model[i] == pick) {
				memmove(model + i, model + i + 1,
					(n_model - i - 1) * sizeof *model);
				n_model--;
			}
		}
		if (sipring_list_empty(&items[pick].link)) {
			sipring_list_append(&list, &items[pick].link);
			model[n_model++] = pick;
		} else {
			sipring_list_unlink(&items[pick].link);
		}
	}
	for (size_t i = 0; i < n_model; i++)
		cr_assert_eq(pop_value(&list), model[i]);
	cr_assert(sipring_list_empty(&list));
}

/* Heads inside a structure, as in the send queue: what an optimizer may not keep in a register. */
struct heads {
	struct sipring_list waiting;
	struct sipring_list submitted;
	struct sipring_list again;
	unsigned n_submitted;
};

__attribute__((noinline)) static void call_back(struct heads *heads)
{
	struct sipring_list *node;

	while ((node = sipring_list_pop(&heads->submitted)))
		sipring_list_append(&heads->again, node);
	heads->n_submitted = 0;
	while (heads->again.previous != &heads->again) {
		node = heads->again.previous;
		sipring_list_unlink(node);
		sipring_list_append(heads->waiting.next, node);
	}
}

Test(list, heads_inside_a_structure, .timeout = 20)
{
	struct heads heads;
	struct item items[6];

	sipring_list_init(&heads.waiting);
	sipring_list_init(&heads.submitted);
	sipring_list_init(&heads.again);
	for (int i = 0; i < 6; i++) {
		items[i].value = i;
		sipring_list_append(i < 4 ? &heads.submitted : &heads.waiting, &items[i].link);
	}
	call_back(&heads);
	cr_assert(sipring_list_empty(&heads.submitted));
	cr_assert(sipring_list_empty(&heads.again));
	for (int i = 0; i < 6; i++)
		cr_assert_eq(pop_value(&heads.waiting), i);
	cr_assert(sipring_list_empty(&heads.waiting));
}
