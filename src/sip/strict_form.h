/* SPDX-License-Identifier: BSD-2-Clause */
/* The forms that header values have, for the files strict_*.c and nobody else. */
#pragma once

#include <sipring/sip.h>

enum strict_form {
	FORM_TEXT, /* whatever has no other: TEXT-UTF8-TRIM and extension headers */
	FORM_VIA,
	FORM_ADDRESS,   /* ( name-addr / addr-spec ) with parameters */
	FORM_ADDRESSES, /* the same, joined by commas */
	FORM_CONTACT,   /* the same or STAR */
	FORM_ROUTE,     /* name-addr with parameters, joined by commas */
	FORM_HOPS,      /* 0 to 255 */
	FORM_SECONDS,   /* delta-seconds */
	FORM_SECONDS_PARAMS,
	FORM_RETRY_AFTER,
	FORM_CALL_ID,
	FORM_TOKENS,      /* token *(COMMA token) */
	FORM_TOKENS_NONE, /* the same or nothing */
	FORM_MEDIA,
	FORM_DATE,
	FORM_WARNING,
};

/* *(";" generic-param); false where one of them is none. */
bool sipring_strict_are_parameters(struct sipring_span params);
/* delta-seconds and nothing else. */
bool sipring_strict_is_number(struct sipring_span value, uint32_t max);
/* As sipring_strict_value. The form is one of those with an address. */
enum sipring_parse_result sipring_strict_vias(struct sipring_span value, const char **at);
enum sipring_parse_result sipring_strict_addresses(struct sipring_span value, enum strict_form form,
	const char **at);
