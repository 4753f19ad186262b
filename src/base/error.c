/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fills a struct sipring_error for the caller who owns it. It keeps no state of its own and never
 * allocates; a line that is too long is cut.
 */
#include "base/error.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

int sipring_error_set(struct sipring_error *error, int code, const char *format, ...)
{
	va_list arguments;

	assert(code < 0);
	if (!error)
		return code;
	error->code = code;
	va_start(arguments, format);
	vsnprintf(error->text, sizeof error->text, format, arguments);
	va_end(arguments);
	return code;
}
