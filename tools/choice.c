/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The head of every report: which provider and io a worker has, and why. A reason may go on with
 * its remedy after a semicolon; that part is long and the doctor's, who shows it whole.
 */
#include "tools/choice.h"

#include "tools/terminal.h"

#include <sipring/sipring.h>
#include <string.h>

static void print_one(const char *what, const char *name, const char *reason)
{
	const char *remedy = strstr(reason, "; remedy: ");
	int size = remedy ? (int)(remedy - reason) : (int)strlen(reason);
	terminal_line("  %-9s %-10s %.*s%s", what, name, size, reason,
		remedy ? " (remedy: sipring doctor)" : "");
}

void choice_print(const struct sipring_choice *choice)
{
	print_one("provider", choice->provider, choice->provider_reason);
	print_one("io", choice->io, choice->io_reason);
}
