/* SPDX-License-Identifier: BSD-2-Clause */
/* sipring.conf: settings, listeners and answers from a file. */
#pragma once

#include "tools/answer.h"
#include "tools/options.h"

struct settings_file {
	struct cfg_t *parsed;
};

/*
 * Reads the file; its settings go where the command line has named none. 0, or -errno with a text
 * that has file and line. In either case free it, and no sooner than its texts are needed.
 */
int settings_file_read(struct settings_file *file, const char *path, struct options *options,
	struct sipring_error *error);
/* One by one, NULL after the last. */
const char *settings_file_listener(const struct settings_file *file, unsigned index);
/* Titles of the sections that are listeners with settings of their own. */
const char *settings_file_section(const struct settings_file *file, unsigned index);
const char *settings_file_answer(const struct settings_file *file, unsigned index);
/*
 * What the section of that title says becomes what a listener of a config has of its own; nothing
 * where there is none. 0, or -errno with a text.
 */
int settings_file_tune(const struct settings_file *file, struct sipring_config *config,
	unsigned listener, const char *text, struct sipring_error *error);
void settings_file_free(struct settings_file *file);
