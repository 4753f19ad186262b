/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every result has a text of its own.
 */
#include "sip_edge.h"

Test(sip_reason, every_result_has_a_text)
{
	for (int i = 0; i < SIPRING_PARSE_RESULT_COUNT; i++) {
		cr_assert_not_null(sipring_parse_reason_text(i), "%d", i);
		for (int k = 0; k < i; k++)
			cr_assert_str_neq(sipring_parse_reason_text(i),
				sipring_parse_reason_text(k));
	}
	cr_assert_str_eq(sipring_parse_reason_text(-1), "unknown");
	cr_assert_str_eq(sipring_parse_reason_text(SIPRING_PARSE_RESULT_COUNT), "unknown");
}
