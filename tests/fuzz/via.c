/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: a Via header's value, walked to its end. The whole input is the value.
 */
#include "fuzz.h"
#include "view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sipring_span rest = {(const char *)data, size};
	struct sipring_via via;

	while (rest.size) {
		int result = sipring_via_parse(&via, rest);

		FUZZ_CHECK(!result || result == SIPRING_PARSE_BAD_VIA);
		if (result)
			break;
		view_check_via(&via, rest);
		FUZZ_CHECK(via.rest.size < rest.size);
		rest = via.rest;
	}
	return 0;
}
