/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: a message and all that can be asked of it, then whether it is so by the letter. The
 * whole input is the message.
 */
#include "fuzz.h"
#include "view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sipring_message message;

	view_parse(&message, (struct sipring_span){(const char *)data, size});
	view_check_values(&message);
	view_check_strictly(&message);
	return 0;
}
