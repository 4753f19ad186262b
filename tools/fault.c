/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What failed in a tool, as text.
 */
#include "tools/fault.h"

#include <sipring/sipring.h>

#include <stdarg.h>
#include <stdio.h>

int fault_set(struct sipring_error *error, int code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);
	error->code = code;
	return code;
}
