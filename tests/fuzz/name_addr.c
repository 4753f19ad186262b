/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: a value of From, To, Contact, Route, … walked to its end. The whole input is the
 * value.
 */
#include "fuzz.h"
#include "view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sipring_span rest = {(const char *)data, size};
	struct sipring_name_addr name_addr;

	while (rest.size) {
		int result = sipring_name_addr_parse(&name_addr, rest);

		FUZZ_CHECK(!result || result == SIPRING_PARSE_BAD_NAME_ADDR);
		if (result)
			break;
		view_check_name_addr(&name_addr, rest);
		FUZZ_CHECK(name_addr.rest.size < rest.size);
		rest = name_addr.rest;
	}
	return 0;
}
