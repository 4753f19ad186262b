/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs a fuzz target without a fuzzer: every seed, all its prefixes and suffixes, and seeded
 * mutations of it, each where the input ends at an unmapped page or begins right after one. Prints
 * TAP, a point per seed, each in a process of its own; of one that fails, the input in hex.
 *
 * usage: TARGET FOLDER_OR_FILE...
 */
#include "fuzz.h"

#include "unit/random.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define INPUT_MAX 16384u
#define N_SEEDS_MAX 256u
#define N_MUTATIONS 12000u /* over all seeds */

struct seed {
	char name[256];
	size_t size;
	uint8_t data[INPUT_MAX];
};

static struct seed seeds[N_SEEDS_MAX];
static unsigned n_seeds;

/* Seen by the parent after a child's death. */
static struct step {
	const char *what;
	unsigned long number;
	size_t size;
	uint8_t data[INPUT_MAX];
} * step;

static uint8_t *first_page, *last_page; /* unmapped; between them INPUT_MAX bytes */

static void *map(size_t size)
{
	void *room = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (room == MAP_FAILED) {
		perror("mmap");
		exit(2);
	}
	return room;
}

static void open_rooms(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	step = map(sizeof *step);
	first_page = map(INPUT_MAX + 2 * page);
	last_page = first_page + page + INPUT_MAX;
	if (mprotect(first_page, page, PROT_NONE) || mprotect(last_page, page, PROT_NONE)) {
		perror("mprotect");
		exit(2);
	}
	first_page += page;
}

static void run(const char *what, unsigned long number, const uint8_t *data, size_t size)
{
	uint8_t *at = number & 1 ? first_page : last_page - size;

	step->what = what;
	step->number = number;
	step->size = size;
	memcpy(step->data, data, size);
	memcpy(at, data, size);
	LLVMFuzzerTestOneInput(at, size);
}

/* One change of an input in place: a byte, a cut, a part twice, or a part of another seed. */
static size_t mutate(uint64_t *state, uint8_t *data, size_t size)
{
	static const char hostile[] = "\r\n\0 \t:;,<>\"\\=@[]%?/\377A0";
	const struct seed *other = &seeds[random_below(state, n_seeds)];
	size_t at = random_below(state, size + 1);
	size_t length = random_below(state, random_below(state, 4) ? 8 : 200);
	size_t from;

	switch (random_below(state, 5)) {
	case 0:
		if (at < size)
			data[at] = (uint8_t)hostile[random_below(state, sizeof hostile - 1)];
		return size;
	case 1:
		if (at < size)
			data[at] = (uint8_t)random_next(state);
		return size;
	case 2:
		length = length < size - at ? length : size - at;
		memmove(data + at, data + at + length, size - at - length);
		return size - length;
	case 3:
		length = length < size - at ? length : size - at;
		if (size + length > INPUT_MAX)
			return size;
		memmove(data + at + length, data + at, size - at);
		return size + length;
	default:
		from = random_below(state, other->size + 1);
		length = length < other->size - from ? length : other->size - from;
		if (size + length > INPUT_MAX)
			return size;
		memmove(data + at + length, data + at, size - at);
		memcpy(data + at, other->data + from, length);
		return size + length;
	}
}

static void run_all(const struct seed *seed, uint64_t state)
{
	static uint8_t data[INPUT_MAX];

	run("whole", 0, seed->data, seed->size);
	run("whole", 1, seed->data, seed->size);
	for (size_t size = 0; size < seed->size; size++) {
		run("prefix", 2 * size, seed->data, size);
		run("suffix", 2 * size + 1, seed->data + seed->size - size, size);
	}
	for (unsigned i = 0; i < N_MUTATIONS / n_seeds; i++) {
		size_t size = seed->size;

		memcpy(data, seed->data, size);
		for (uint64_t n = 1 + random_below(&state, 6); n; n--)
			size = mutate(&state, data, size);
		run("mutation", i, data, size);
	}
}

static void print_hex(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		printf("%s%02x", i % 48 ? "" : "\n# ", data[i]);
	puts("");
}

/* True if the child found nothing. */
static bool run_apart(const struct seed *seed, unsigned number)
{
	pid_t child;
	int status;

	fflush(stdout);
	child = fork();
	if (!child) {
		run_all(seed, 88172645463325252u + number);
		exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child) {
		perror("fork");
		exit(2);
	}
	if (status)
		printf("# wait status %#x at %s %lu:", (unsigned)status, step->what, step->number);
	if (status)
		print_hex(step->data, step->size);
	return !status;
}

static void add_file(const char *path)
{
	struct seed *seed = &seeds[n_seeds];
	FILE *file = fopen(path, "rb");

	if (!file || n_seeds == N_SEEDS_MAX) {
		fprintf(stderr, "%s: %s\n", path, file ? "too many seeds" : strerror(errno));
		exit(2);
	}
	seed->size = fread(seed->data, 1, INPUT_MAX, file);
	if (fgetc(file) != EOF) {
		fprintf(stderr, "%s: larger than %u bytes\n", path, INPUT_MAX);
		exit(2);
	}
	fclose(file);
	snprintf(seed->name, sizeof seed->name, "%s", strrchr(path, '/') + 1);
	n_seeds++;
}

static void add(const char *path)
{
	struct dirent **names;
	struct stat facts;
	char file[PATH_MAX];
	int n;

	if (stat(path, &facts) || !S_ISDIR(facts.st_mode)) {
		add_file(path);
		return;
	}
	n = scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name);
		if (names[i]->d_name[0] != '.')
			add_file(file);
		free(names[i]);
	}
	free(names);
}

int main(int argc, char **argv)
{
	unsigned n_failed = 0;

	for (int i = 1; i < argc; i++)
		add(argv[i]);
	if (!n_seeds) {
		fputs("no seed\n", stderr);
		return 2;
	}
	open_rooms();
	printf("1..%u\n", n_seeds);
	for (unsigned i = 0; i < n_seeds; i++) {
		bool is_fine = run_apart(&seeds[i], i);

		n_failed += !is_fine;
		printf("%sok %u - %s\n", is_fine ? "" : "not ", i + 1, seeds[i].name);
	}
	return n_failed != 0;
}
