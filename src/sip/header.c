/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Header names and their numbers. Names come from SIPRING_HEADER_LIST; a name is found by a perfect
 * hash over its size and three of its letters, then compared once, eight bytes at a time. All of it
 * is const. Invariant: slots[hash_of(name)] is the id of every name in the list; the unit test
 * walks the list and says which slot a new name needs (a slot given twice does not compile: the
 * build warns of it, and then hash_of wants other factors).
 */
#include <sipring/sip.h>

#include "sip/text.h"

#include <assert.h>

#define N_SLOTS 512u

/* Half a cache line each, so that a look-up touches one and follows no pointer. */
struct known {
	char name[31];
	uint8_t size;
};

#define KNOWN_ROW(id, name, compact) [SIPRING_HEADER_##id] = {name, sizeof(name) - 1},
static const struct known known[SIPRING_HEADER_COUNT] = {SIPRING_HEADER_LIST(KNOWN_ROW)};
#undef KNOWN_ROW

#define COMPACT_ROW(id, name, compact) [SIPRING_HEADER_##id] = compact,
static const char compacts[SIPRING_HEADER_COUNT] = {SIPRING_HEADER_LIST(COMPACT_ROW)};
#undef COMPACT_ROW

/* By the low bits of the letter, which are the same in both cases. */
static const uint8_t by_letter[32] = {
	['a' & 31] = SIPRING_HEADER_ACCEPT_CONTACT,
	['b' & 31] = SIPRING_HEADER_REFERRED_BY,
	['c' & 31] = SIPRING_HEADER_CONTENT_TYPE,
	['d' & 31] = SIPRING_HEADER_REQUEST_DISPOSITION,
	['e' & 31] = SIPRING_HEADER_CONTENT_ENCODING,
	['f' & 31] = SIPRING_HEADER_FROM,
	['i' & 31] = SIPRING_HEADER_CALL_ID,
	['j' & 31] = SIPRING_HEADER_REJECT_CONTACT,
	['k' & 31] = SIPRING_HEADER_SUPPORTED,
	['l' & 31] = SIPRING_HEADER_CONTENT_LENGTH,
	['m' & 31] = SIPRING_HEADER_CONTACT,
	['n' & 31] = SIPRING_HEADER_IDENTITY_INFO,
	['o' & 31] = SIPRING_HEADER_EVENT,
	['r' & 31] = SIPRING_HEADER_REFER_TO,
	['s' & 31] = SIPRING_HEADER_SUBJECT,
	['t' & 31] = SIPRING_HEADER_TO,
	['u' & 31] = SIPRING_HEADER_ALLOW_EVENTS,
	['v' & 31] = SIPRING_HEADER_VIA,
	['x' & 31] = SIPRING_HEADER_SESSION_EXPIRES,
	['y' & 31] = SIPRING_HEADER_IDENTITY,
};

static const uint8_t slots[N_SLOTS] = {
	[0] = SIPRING_HEADER_P_ASSOCIATED_URI,
	[2] = SIPRING_HEADER_PROXY_AUTHENTICATE,
	[4] = SIPRING_HEADER_JOIN,
	[26] = SIPRING_HEADER_P_ASSERTED_SERVICE,
	[28] = SIPRING_HEADER_P_CALLED_PARTY_ID,
	[42] = SIPRING_HEADER_P_CHARGING_VECTOR,
	[55] = SIPRING_HEADER_CALL_ID,
	[61] = SIPRING_HEADER_ACCEPT_ENCODING,
	[62] = SIPRING_HEADER_P_ANSWER_STATE,
	[83] = SIPRING_HEADER_ALERT_INFO,
	[88] = SIPRING_HEADER_VIA,
	[94] = SIPRING_HEADER_FEATURE_CAPS,
	[95] = SIPRING_HEADER_ALLOW_EVENTS,
	[100] = SIPRING_HEADER_REQUIRE,
	[103] = SIPRING_HEADER_CONTACT,
	[117] = SIPRING_HEADER_MAX_FORWARDS,
	[121] = SIPRING_HEADER_IDENTITY,
	[122] = SIPRING_HEADER_PROXY_AUTHORIZATION,
	[123] = SIPRING_HEADER_INFO_PACKAGE,
	[126] = SIPRING_HEADER_RECORD_ROUTE,
	[128] = SIPRING_HEADER_TO,
	[135] = SIPRING_HEADER_SECURITY_VERIFY,
	[137] = SIPRING_HEADER_SECURITY_CLIENT,
	[142] = SIPRING_HEADER_RACK,
	[143] = SIPRING_HEADER_CONTENT_LANGUAGE,
	[144] = SIPRING_HEADER_PATH,
	[146] = SIPRING_HEADER_TARGET_DIALOG,
	[149] = SIPRING_HEADER_ACCEPT_CONTACT,
	[160] = SIPRING_HEADER_ROUTE,
	[169] = SIPRING_HEADER_EXPIRES,
	[173] = SIPRING_HEADER_ORGANIZATION,
	[174] = SIPRING_HEADER_FROM,
	[180] = SIPRING_HEADER_HISTORY_INFO,
	[181] = SIPRING_HEADER_WWW_AUTHENTICATE,
	[182] = SIPRING_HEADER_P_ACCESS_NETWORK_INFO,
	[187] = SIPRING_HEADER_GEOLOCATION_ROUTING,
	[189] = SIPRING_HEADER_GEOLOCATION,
	[197] = SIPRING_HEADER_MIME_VERSION,
	[202] = SIPRING_HEADER_RETRY_AFTER,
	[209] = SIPRING_HEADER_CONTENT_ID,
	[215] = SIPRING_HEADER_CONTENT_TYPE,
	[216] = SIPRING_HEADER_P_SERVED_USER,
	[218] = SIPRING_HEADER_REQUEST_DISPOSITION,
	[221] = SIPRING_HEADER_CONTENT_DISPOSITION,
	[224] = SIPRING_HEADER_RESOURCE_PRIORITY,
	[227] = SIPRING_HEADER_SIP_IF_MATCH,
	[230] = SIPRING_HEADER_RSEQ,
	[231] = SIPRING_HEADER_IDENTITY_INFO,
	[233] = SIPRING_HEADER_CSEQ,
	[234] = SIPRING_HEADER_PRIORITY,
	[244] = SIPRING_HEADER_P_ASSERTED_IDENTITY,
	[246] = SIPRING_HEADER_P_PREFERRED_SERVICE,
	[248] = SIPRING_HEADER_REJECT_CONTACT,
	[250] = SIPRING_HEADER_DATE,
	[252] = SIPRING_HEADER_TIMESTAMP,
	[262] = SIPRING_HEADER_DIVERSION,
	[264] = SIPRING_HEADER_REFER_SUB,
	[269] = SIPRING_HEADER_AUTHENTICATION_INFO,
	[277] = SIPRING_HEADER_USER_AGENT,
	[281] = SIPRING_HEADER_SUPPORTED,
	[287] = SIPRING_HEADER_ERROR_INFO,
	[292] = SIPRING_HEADER_REASON,
	[298] = SIPRING_HEADER_REPLY_TO,
	[299] = SIPRING_HEADER_AUTHORIZATION,
	[300] = SIPRING_HEADER_REMOTE_PARTY_ID,
	[305] = SIPRING_HEADER_MAX_BREADTH,
	[307] = SIPRING_HEADER_MIN_SE,
	[315] = SIPRING_HEADER_IN_REPLY_TO,
	[316] = SIPRING_HEADER_P_VISITED_NETWORK_ID,
	[317] = SIPRING_HEADER_UNSUPPORTED,
	[323] = SIPRING_HEADER_SERVICE_ROUTE,
	[327] = SIPRING_HEADER_ACCEPT_LANGUAGE,
	[333] = SIPRING_HEADER_SUPPRESS_IF_MATCH,
	[338] = SIPRING_HEADER_REPLACES,
	[340] = SIPRING_HEADER_REFER_TO,
	[345] = SIPRING_HEADER_WARNING,
	[348] = SIPRING_HEADER_PROXY_REQUIRE,
	[355] = SIPRING_HEADER_EVENT,
	[362] = SIPRING_HEADER_P_CHARGING_FUNCTION_ADDRESSES,
	[367] = SIPRING_HEADER_MIN_EXPIRES,
	[375] = SIPRING_HEADER_CONTENT_LENGTH,
	[377] = SIPRING_HEADER_ACCEPT,
	[381] = SIPRING_HEADER_GEOLOCATION_ERROR,
	[389] = SIPRING_HEADER_CONTENT_ENCODING,
	[405] = SIPRING_HEADER_SUBSCRIPTION_STATE,
	[410] = SIPRING_HEADER_P_EARLY_MEDIA,
	[411] = SIPRING_HEADER_ANSWER_MODE,
	[415] = SIPRING_HEADER_ALLOW,
	[421] = SIPRING_HEADER_SIP_ETAG,
	[441] = SIPRING_HEADER_USER_TO_USER,
	[445] = SIPRING_HEADER_SECURITY_SERVER,
	[467] = SIPRING_HEADER_SUBJECT,
	[468] = SIPRING_HEADER_RECV_INFO,
	[470] = SIPRING_HEADER_P_PREFERRED_IDENTITY,
	[471] = SIPRING_HEADER_CALL_INFO,
	[474] = SIPRING_HEADER_FLOW_TIMER,
	[477] = SIPRING_HEADER_SERVER,
	[484] = SIPRING_HEADER_PRIV_ANSWER_MODE,
	[491] = SIPRING_HEADER_SESSION_EXPIRES,
	[496] = SIPRING_HEADER_PRIVACY,
	[502] = SIPRING_HEADER_REFERRED_BY,
	[507] = SIPRING_HEADER_SESSION_ID,
};

static inline unsigned hash_of(const char *name, size_t size)
{
	return (307u * (uint8_t)(name[0] | 0x20) + 102u * (uint8_t)(name[size - 1] | 0x20) +
		       506u * (uint8_t)(name[size / 2] | 0x20) + 226u * (unsigned)size) %
		N_SLOTS;
}

/*
 * Where eight (four) bytes of a name differ from a known one. In a letter, which has bit 0x40, a
 * difference in bit 0x20 is one of case only; in a sign or a digit it counts.
 */
static inline uint64_t differ_8(const char *wanted, const char *name)
{
	uint64_t a, b;

	memcpy(&a, wanted, sizeof a);
	memcpy(&b, name, sizeof b);
	return (a ^ b) & ~((a & 0x4040404040404040u) >> 1);
}

static inline uint32_t differ_4(const char *wanted, const char *name)
{
	uint32_t a, b;

	memcpy(&a, wanted, sizeof a);
	memcpy(&b, name, sizeof b);
	return (a ^ b) & ~((a & 0x40404040u) >> 1);
}

/* Compares by words; the last one overlaps the one before it, so nothing beyond size is read. */
static inline bool is_same(const char *wanted, const char *name, size_t size)
{
	if (size >= 8) {
		for (size_t i = 0; i + 8 < size; i += 8)
			if (differ_8(wanted + i, name + i))
				return false;
		return !differ_8(wanted + size - 8, name + size - 8);
	}
	if (size >= 4)
		return !(differ_4(wanted, name) | differ_4(wanted + size - 4, name + size - 4));
	for (size_t i = 0; i < size; i++)
		if (sipring_text_lower(wanted[i]) != sipring_text_lower(name[i]))
			return false;
	return true;
}

enum sipring_header_id sipring_header_find(struct sipring_span name)
{
	unsigned id;

	if (name.size == 1)
		return sipring_text_is(name.data[0], SIPRING_TEXT_ALPHA)
			? (enum sipring_header_id)by_letter[name.data[0] & 31]
			: SIPRING_HEADER_OTHER;
	if (!name.size)
		return SIPRING_HEADER_OTHER;
	id = slots[hash_of(name.data, name.size)];
	if (known[id].size != name.size || !is_same(known[id].name, name.data, name.size))
		return SIPRING_HEADER_OTHER;
	return (enum sipring_header_id)id;
}

const char *sipring_header_name(enum sipring_header_id id)
{
	assert(id < SIPRING_HEADER_COUNT);
	return id < SIPRING_HEADER_COUNT ? known[id].name : "";
}

char sipring_header_compact(enum sipring_header_id id)
{
	assert(id < SIPRING_HEADER_COUNT);
	return id < SIPRING_HEADER_COUNT ? compacts[id] : 0;
}
