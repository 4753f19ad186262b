/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errors: the code comes back, the text is cut and always ended, and nobody need want the text.
 */
#include "base/error.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

Test(error, fills_and_returns_the_code)
{
	struct sipring_error error;

	cr_assert_eq(sipring_error_set(&error, -ENOENT, "no %s at %d", "file", 7), -ENOENT);
	cr_assert_eq(error.code, -ENOENT);
	cr_assert_str_eq(error.text, "no file at 7");
}

Test(error, null_is_allowed)
{
	cr_assert_eq(sipring_error_set(NULL, -EINVAL, "%d", 1), -EINVAL);
}

Test(error, cuts_a_long_text)
{
	struct sipring_error guarded[2];
	char text[2 * sizeof guarded->text];

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = 0;
	memset(guarded, 0x5a, sizeof guarded);
	sipring_error_set(&guarded[0], -EINVAL, "%s", text);
	cr_assert_eq(strlen(guarded[0].text), sizeof guarded[0].text - 1);
	for (size_t i = 0; i < sizeof guarded[1]; i++)
		cr_assert_eq(((unsigned char *)&guarded[1])[i], 0x5a);
}

Test(error, last_one_wins)
{
	struct sipring_error error;

	sipring_error_set(&error, -EINVAL, "a longer first text");
	sipring_error_set(&error, -EIO, "second");
	cr_assert_eq(error.code, -EIO);
	cr_assert_str_eq(error.text, "second");
}
