/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parameters of the script. Those that are settings of the engine stand in one table with the
 * names that Kamailio's sctp module gave them, where it has them; `setting` reaches all the others.
 * A parameter that the script does not mention leaves the engine's default. Values are checked by
 * the engine, whose text then names what it takes.
 */
#include "opensips/glue.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNSET INT_MIN
#define TEXTS_MAX 64

int sipring_glue_port = 5060;
int sipring_glue_io_workers = 1;
int sipring_glue_reuse = 1;
static int sctp_max_assocs = UNSET;

/* parameter, the engine's setting, whether it is a switch */
/* clang-format off */
#define NUMBERS(each) \
	each(rx_depth, inbox_small, false) \
	each(send_queue, queue_messages, false) \
	each(connect_timeout, connect_timeout_ms, false) \
	each(reconnect_min, reconnect_min_ms, false) \
	each(reconnect_max, reconnect_max_ms, false) \
	each(unordered, unordered, true) \
	each(autoclose, autoclose, false) \
	each(sctp_autoclose, autoclose, false) \
	each(associations_max, associations_max, false) \
	each(sctp_srto_initial, rto_initial, false) \
	each(sctp_srto_min, rto_min, false) \
	each(sctp_srto_max, rto_max, false) \
	each(sctp_asocmaxrxt, asocmaxrxt, false) \
	each(sctp_pathmaxrxt, pathmaxrxt, false) \
	each(sctp_init_max_attempts, init_max_attempts, false) \
	each(sctp_init_max_timeo, init_max_timeo, false) \
	each(sctp_hbinterval, hbinterval, false) \
	each(sctp_sack_delay, sack_delay, false) \
	each(sctp_sack_freq, sack_freq, false) \
	each(sctp_max_burst, max_burst, false) \
	each(sctp_send_ttl, send_ttl, false) \
	each(sctp_socket_sndbuf, so_sndbuf, false) \
	each(sctp_socket_rcvbuf, so_rcvbuf, false)
/* clang-format on */

#define VALUE(parameter, setting, is_switch) static int parameter = UNSET;
NUMBERS(VALUE)

#define ROW(parameter, setting, is_switch) {#parameter, #setting, is_switch, &parameter},
static const struct {
	const char *parameter;
	const char *setting;
	bool is_switch;
	const int *value;
} numbers[] = {NUMBERS(ROW)};

/* As the script has them, "NAME=VALUE"; the script's own memory, which stays. */
static char *settings[TEXTS_MAX];
static char *homes[TEXTS_MAX];

static int add_text(char **texts, const char *parameter, char *text)
{
	if (!strchr(text, '=')) {
		LM_ERR("%s \"%s\" has no '='\n", parameter, text);
		return -1;
	}
	for (unsigned i = 0; i < TEXTS_MAX; i++) {
		if (texts[i])
			continue;
		texts[i] = strdup(text);
		return texts[i] ? 0 : -1;
	}
	LM_ERR("%s: at most %d of them\n", parameter, TEXTS_MAX);
	return -1;
}

static int add_setting(__attribute__((unused)) modparam_t type, void *text)
{
	return add_text(settings, "setting", text);
}

static int add_home(__attribute__((unused)) modparam_t type, void *text)
{
	return add_text(homes, "multihome", text);
}

#define EXPORT(parameter, setting, is_switch) {#parameter, INT_PARAM, &parameter},
#define TEXT(name, function)                                       \
	{                                                          \
		name, STR_PARAM | USE_FUNC_PARAM, (void *)function \
	}

const param_export_t sipring_glue_params[] = {
	{"sctp_port", INT_PARAM, &sipring_glue_port},
	{"io_workers", INT_PARAM, &sipring_glue_io_workers},
	{"assoc_reuse", INT_PARAM, &sipring_glue_reuse},
	{"sctp_max_assocs", INT_PARAM, &sctp_max_assocs},
	/* clang-format off */
	NUMBERS(EXPORT)
	/* clang-format on */
	{"trace_destination", STR_PARAM, &sipring_glue_trace_destination},
	{"trace_on", INT_PARAM, &sipring_glue_trace_on},
	TEXT("setting", add_setting),
	TEXT("multihome", add_home),
	{0, 0, 0},
};

static bool set(struct sipring_bridge *bridge, const char *parameter, const char *setting,
	const char *value)
{
	struct sipring_error error;

	if (sipring_bridge_set(bridge, setting, value, &error) >= 0)
		return true;
	LM_ERR("modparam %s: %s\n", parameter, error.text);
	return false;
}

static bool apply_number(struct sipring_bridge *bridge, unsigned i)
{
	char value[16];

	if (*numbers[i].value == UNSET)
		return true;
	if (numbers[i].is_switch)
		snprintf(value, sizeof value, "%s", *numbers[i].value ? "on" : "off");
	else
		snprintf(value, sizeof value, "%d", *numbers[i].value);
	return set(bridge, numbers[i].parameter, numbers[i].setting, value);
}

/*
 * How many associations peers may begin, as in Kamailio: of all engine processes together, -1 for
 * no such limit. Where more are wanted than a process has room for, room is made, with a quarter on
 * top for those that OpenSIPS begins.
 */
static bool limit_associations(struct sipring_bridge *bridge)
{
	int64_t limit = sctp_max_assocs > 0 ? sctp_max_assocs : 0;
	int64_t room = limit + limit / 4;
	char value[24];

	snprintf(value, sizeof value, "%lld", (long long)limit);
	if (sctp_max_assocs != UNSET && !set(bridge, "sctp_max_assocs", "max_assocs", value))
		return false;
	if (associations_max != UNSET || room <= sipring_bridge_number(bridge, "associations_max"))
		return true;
	snprintf(value, sizeof value, "%lld", (long long)room);
	return set(bridge, "sctp_max_assocs", "associations_max", value);
}

bool sipring_glue_params_apply(struct sipring_bridge *bridge)
{
	char port[16];

	snprintf(port, sizeof port, "%d", sipring_glue_port);
	if (!set(bridge, "sctp_port", "sctp_port", port))
		return false;
	for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (!apply_number(bridge, i))
			return false;
	if (!limit_associations(bridge))
		return false;
	for (unsigned i = 0; i < TEXTS_MAX && settings[i]; i++) {
		char name[64];
		const char *value = strchr(settings[i], '=') + 1;

		snprintf(name, sizeof name, "%.*s", (int)(value - 1 - settings[i]), settings[i]);
		if (!set(bridge, "setting", name, value))
			return false;
	}
	return true;
}

/* "192.0.2.1:5060=198.51.100.1,203.0.113.1", or with the name that the script has for it. */
const char *sipring_glue_params_multihome(const struct socket_info *si)
{
	char own[128];

	for (unsigned i = 0; i < TEXTS_MAX && homes[i]; i++) {
		const char *value = strchr(homes[i], '=') + 1;
		size_t size = (size_t)(value - 1 - homes[i]);
		const char *names[] = {own, si->sock_str.s, si->tag.s};
		int lengths[] = {0, si->sock_str.len, si->tag.len};

		lengths[0] = snprintf(own, sizeof own, "%.*s:%d", si->address_str.len,
			si->address_str.s, si->port_no);
		for (unsigned j = 0; j < 3; j++)
			if (lengths[j] > 0 && size == (size_t)lengths[j] &&
				!memcmp(names[j], homes[i], size))
				return value;
	}
	return NULL;
}

bool sipring_glue_params_want_user_space(void)
{
	for (unsigned i = 0; i < TEXTS_MAX && settings[i]; i++)
		if (!strcmp(settings[i], "provider=usrsctp"))
			return true;
	return false;
}
