/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Header names and their numbers. Names come from SIPRING_HEADER_LIST; a name is found by a perfect
 * hash over its first sixteen characters, then compared; compact forms are names like others. All
 * of it is const. Invariant: the slot of every name holds its row, and one without a name row 0,
 * whose size no name has. The unit test walks the list and says which slot a new name needs (a slot
 * given twice does not compile: the build warns of it, and then the hash wants another factor).
 */
#include <sipring/sip.h>

#include "sip/header.h"
#include "sip/text.h"

#include <assert.h>

#define COMPACT_ROW(id, name, compact) [SIPRING_HEADER_##id] = compact,
static const char compacts[SIPRING_HEADER_COUNT] = {SIPRING_HEADER_LIST(COMPACT_ROW)};
#undef COMPACT_ROW

/* A row, and where it is. */
#define NAME_ROW(id, name, compact) \
	[SIPRING_HEADER_##id] = {name, sizeof(name) - 1, SIPRING_HEADER_##id},
#define LETTER_ROW(letter, name, id) \
	[SIPRING_HEADER_COMPACT_ROW(letter)] = {name, 1, SIPRING_HEADER_##id},
#define AT(row) offsetof(struct sipring_header_table, rows[row])
#define NAME(id) AT(SIPRING_HEADER_##id)
#define LETTER(letter) AT(SIPRING_HEADER_COMPACT_ROW(letter))

_Static_assert(!NAME(OTHER), "what is no slot of a name is nobody's");

const struct sipring_header_table sipring_header_table = {
	.rows =
		{
			[SIPRING_HEADER_OTHER] = {"", UINT8_MAX,
				SIPRING_HEADER_OTHER}, /* nobody's: no name is so long */
			SIPRING_HEADER_LIST(NAME_ROW)
			/* clang-format off */
		LETTER_ROW('a', "a", ACCEPT_CONTACT)
		LETTER_ROW('b', "b", REFERRED_BY)
		LETTER_ROW('c', "c", CONTENT_TYPE)
		LETTER_ROW('d', "d", REQUEST_DISPOSITION)
		LETTER_ROW('e', "e", CONTENT_ENCODING)
		LETTER_ROW('f', "f", FROM)
		LETTER_ROW('i', "i", CALL_ID)
		LETTER_ROW('j', "j", REJECT_CONTACT)
		LETTER_ROW('k', "k", SUPPORTED)
		LETTER_ROW('l', "l", CONTENT_LENGTH)
		LETTER_ROW('m', "m", CONTACT)
		LETTER_ROW('n', "n", IDENTITY_INFO)
		LETTER_ROW('o', "o", EVENT)
		LETTER_ROW('r', "r", REFER_TO)
		LETTER_ROW('s', "s", SUBJECT)
		LETTER_ROW('t', "t", TO)
		LETTER_ROW('u', "u", ALLOW_EVENTS)
		LETTER_ROW('v', "v", VIA)
		LETTER_ROW('x', "x", SESSION_EXPIRES)
		LETTER_ROW('y', "y", IDENTITY)
			/* clang-format on */
		},
	.rows_at =
		{
			[8] = LETTER('n'),
			[15] = NAME(REJECT_CONTACT),
			[22] = NAME(PRIORITY),
			[26] = NAME(GEOLOCATION_ERROR),
			[27] = LETTER('a'),
			[33] = LETTER('x'),
			[38] = NAME(PROXY_AUTHORIZATION),
			[42] = NAME(P_ASSERTED_SERVICE),
			[47] = NAME(REMOTE_PARTY_ID),
			[52] = LETTER('k'),
			[53] = NAME(SERVER),
			[56] = NAME(P_CHARGING_VECTOR),
			[57] = NAME(MAX_BREADTH),
			[64] = NAME(ANSWER_MODE),
			[65] = NAME(P_CHARGING_FUNCTION_ADDRESSES),
			[71] = NAME(PROXY_AUTHENTICATE),
			[74] = NAME(IDENTITY),
			[77] = LETTER('u'),
			[85] = NAME(SUBSCRIPTION_STATE),
			[95] = NAME(WWW_AUTHENTICATE),
			[104] = NAME(VIA),
			[110] = NAME(ACCEPT_CONTACT),
			[115] = NAME(SUPPRESS_IF_MATCH),
			[121] = LETTER('r'),
			[123] = NAME(ALERT_INFO),
			[124] = NAME(MIME_VERSION),
			[126] = NAME(JOIN),
			[133] = NAME(RECORD_ROUTE),
			[137] = NAME(REFER_SUB),
			[138] = NAME(REASON),
			[140] = LETTER('e'),
			[147] = NAME(TIMESTAMP),
			[153] = NAME(SIP_IF_MATCH),
			[156] = NAME(PRIV_ANSWER_MODE),
			[157] = NAME(EXPIRES),
			[162] = NAME(FEATURE_CAPS),
			[165] = LETTER('o'),
			[172] = NAME(ACCEPT_LANGUAGE),
			[178] = NAME(REPLY_TO),
			[179] = NAME(GEOLOCATION_ROUTING),
			[180] = NAME(AUTHENTICATION_INFO),
			[183] = LETTER('b'),
			[186] = NAME(CONTENT_DISPOSITION),
			[189] = LETTER('y'),
			[195] = NAME(TO),
			[199] = NAME(RSEQ),
			[200] = NAME(SUPPORTED),
			[201] = NAME(SESSION_EXPIRES),
			[203] = NAME(EVENT),
			[205] = NAME(TARGET_DIALOG),
			[208] = LETTER('l'),
			[213] = NAME(INFO_PACKAGE),
			[216] = NAME(P_PREFERRED_SERVICE),
			[217] = NAME(P_ASSERTED_IDENTITY),
			[224] = NAME(CONTENT_LENGTH),
			[233] = LETTER('v'),
			[249] = NAME(FLOW_TIMER),
			[252] = LETTER('i'),
			[254] = NAME(ERROR_INFO),
			[257] = NAME(REQUEST_DISPOSITION),
			[265] = NAME(CONTENT_LANGUAGE),
			[269] = NAME(SERVICE_ROUTE),
			[271] = NAME(MIN_SE),
			[273] = NAME(WARNING),
			[277] = LETTER('s'),
			[285] = NAME(ROUTE),
			[288] = NAME(PRIVACY),
			[289] = NAME(IDENTITY_INFO),
			[296] = LETTER('f'),
			[301] = NAME(SECURITY_CLIENT),
			[305] = NAME(MIN_EXPIRES),
			[307] = NAME(CALL_ID),
			[315] = NAME(RESOURCE_PRIORITY),
			[317] = NAME(CONTENT_TYPE),
			[329] = NAME(MAX_FORWARDS),
			[333] = NAME(RECV_INFO),
			[339] = LETTER('c'),
			[343] = NAME(IN_REPLY_TO),
			[357] = NAME(USER_AGENT),
			[359] = NAME(ALLOW),
			[364] = LETTER('m'),
			[368] = NAME(ORGANIZATION),
			[384] = NAME(CONTACT),
			[388] = NAME(REFER_TO),
			[389] = NAME(PATH),
			[391] = NAME(DATE),
			[394] = NAME(FROM),
			[395] = NAME(ACCEPT_ENCODING),
			[396] = NAME(HISTORY_INFO),
			[398] = NAME(USER_TO_USER),
			[402] = NAME(P_PREFERRED_IDENTITY),
			[405] = NAME(P_ASSOCIATED_URI),
			[406] = NAME(P_SERVED_USER),
			[408] = LETTER('j'),
			[409] = NAME(CONTENT_ENCODING),
			[417] = NAME(CSEQ),
			[419] = NAME(P_ANSWER_STATE),
			[425] = NAME(P_CALLED_PARTY_ID),
			[433] = LETTER('t'),
			[435] = NAME(SESSION_ID),
			[436] = NAME(CALL_INFO),
			[437] = NAME(REQUIRE),
			[438] = NAME(P_ACCESS_NETWORK_INFO),
			[443] = NAME(ACCEPT),
			[451] = NAME(P_EARLY_MEDIA),
			[453] = NAME(CONTENT_ID),
			[454] = NAME(ALLOW_EVENTS),
			[458] = NAME(SIP_ETAG),
			[461] = NAME(P_VISITED_NETWORK_ID),
			[463] = NAME(SUBJECT),
			[466] = NAME(RETRY_AFTER),
			[471] = NAME(SECURITY_VERIFY),
			[475] = NAME(UNSUPPORTED),
			[485] = NAME(GEOLOCATION),
			[488] = NAME(DIVERSION),
			[490] = NAME(REPLACES),
			[496] = LETTER('d'),
			[499] = NAME(AUTHORIZATION),
			[500] = NAME(REFERRED_BY),
			[501] = NAME(PROXY_REQUIRE),
			[505] = NAME(SECURITY_SERVER),
			[511] = NAME(RACK),
		},
};

enum sipring_header_id sipring_header_find(struct sipring_span span)
{
	struct sipring_name name;
	const struct sipring_header_row *row;

	if (!span.size || span.size >= UINT8_MAX)
		return SIPRING_HEADER_OTHER;
	name = sipring_name_of(span.data, span.size);
	row = sipring_header_look_up(&name);
	if (!row || !sipring_text_matches(row->name, span.data, span.size))
		return SIPRING_HEADER_OTHER;
	return (enum sipring_header_id)row->id;
}

const char *sipring_header_name(enum sipring_header_id id)
{
	assert(id < SIPRING_HEADER_COUNT);
	return id < SIPRING_HEADER_COUNT ? sipring_header_table.rows[id].name : "";
}

char sipring_header_compact(enum sipring_header_id id)
{
	assert(id < SIPRING_HEADER_COUNT);
	return id < SIPRING_HEADER_COUNT ? compacts[id] : 0;
}
