/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands of the management interface: who is connected, all counters, the end of one
 * association, and the switch of traces. They read what the engines left in shared memory, or hand
 * the engines a request, and wait for nobody.
 */
#include "opensips/glue.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct listing {
	mi_item_t *array;
	bool has_failed;
};

static void list_one(void *user, const struct sipring_roster_entry *entry)
{
	struct listing *listing = user;
	mi_item_t *item = add_mi_object(listing->array, NULL, 0);
	struct ip_addr ip;
	char *address;
	char id[16];
	int id_size = snprintf(id, sizeof id, "%u", entry->association);

	sockaddr2ip_addr(&ip, (struct sockaddr *)(uintptr_t)&entry->peer.sa);
	address = ip_addr2a(&ip);
	if (!item || add_mi_string(item, MI_SSTR("id"), id, id_size) < 0 ||
		add_mi_string(item, MI_SSTR("ip"), address, (int)strlen(address)) < 0 ||
		add_mi_number(item, MI_SSTR("port"), ntohs(entry->peer.v4.sin_port)) < 0 ||
		add_mi_bool(item, MI_SSTR("inbound"), entry->inbound) < 0 ||
		add_mi_number(item, MI_SSTR("since"), (double)entry->since_s) < 0 ||
		add_mi_number(item, MI_SSTR("restarts"), entry->n_restarts) < 0)
		listing->has_failed = true;
}

static mi_response_t *list(__attribute__((unused)) const mi_params_t *params,
	__attribute__((unused)) struct mi_handler *async)
{
	struct listing listing = {0};
	mi_item_t *object;
	mi_response_t *response = init_mi_result_object(&object);

	if (!response)
		return NULL;
	listing.array = add_mi_array(object, MI_SSTR("associations"));
	if (listing.array && sipring_glue_roster)
		sipring_roster_walk(sipring_glue_roster, list_one, &listing);
	if (!listing.array || listing.has_failed) {
		free_mi_response(response);
		return NULL;
	}
	return response;
}

static void tell_one(void *user, const char *name, uint64_t value)
{
	struct listing *listing = user;

	if (add_mi_number(listing->array, (char *)(uintptr_t)name, (int)strlen(name),
		    (double)value) < 0)
		listing->has_failed = true;
}

static mi_response_t *tell_stats(__attribute__((unused)) const mi_params_t *params,
	__attribute__((unused)) struct mi_handler *async)
{
	struct listing listing = {0};
	mi_response_t *response = init_mi_result_object(&listing.array);

	if (!response)
		return NULL;
	sipring_glue_stats_walk(tell_one, &listing);
	if (listing.has_failed) {
		free_mi_response(response);
		return NULL;
	}
	return response;
}

/* As the list has it, or a number as far as the core's numbers go. */
static bool read_id(const mi_params_t *params, uint32_t *id)
{
	char text[16];
	char *value;
	int size, number;

	if (try_get_mi_string_param(params, "id", &value, &size) == 0 && size > 0 &&
		(size_t)size < sizeof text) {
		snprintf(text, sizeof text, "%.*s", size, value);
		*id = (uint32_t)strtoul(text, &value, 10);
		return *value == '\0';
	}
	if (try_get_mi_int_param(params, "id", &number) < 0)
		return false;
	*id = (uint32_t)number;
	return true;
}

static mi_response_t *end_one(const mi_params_t *params,
	__attribute__((unused)) struct mi_handler *async)
{
	int abort = 0;
	uint32_t id;
	int r;

	if (!read_id(params, &id))
		return init_mi_param_error();
	if (try_get_mi_int_param(params, "abort", &abort) < 0)
		abort = 0;
	r = sipring_glue_roster && sipring_roster_has(sipring_glue_roster, id)
		? sipring_bridge_disconnect(sipring_glue_bridge, id, abort != 0)
		: -ENOTCONN;
	if (r == -ENOTCONN)
		return init_mi_error(404, MI_SSTR("No such association"));
	if (r < 0)
		return init_mi_error(500, MI_SSTR("The engine takes no request"));
	return init_mi_result_ok();
}

static mi_response_t *tell_trace(__attribute__((unused)) const mi_params_t *params,
	__attribute__((unused)) struct mi_handler *async)
{
	bool is_on = sipring_glue_trace_wanted();
	mi_item_t *object;
	mi_response_t *response = init_mi_result_object(&object);

	if (response &&
		add_mi_string(object, MI_SSTR("SCTP tracing"), is_on ? "on" : "off",
			is_on ? 2 : 3) < 0) {
		free_mi_response(response);
		return NULL;
	}
	return response;
}

static mi_response_t *switch_trace(const mi_params_t *params,
	__attribute__((unused)) struct mi_handler *async)
{
	static const str on = str_init("on");
	static const str off = str_init("off");
	str mode;

	if (get_mi_string_param(params, "trace_mode", &mode.s, &mode.len) < 0)
		return init_mi_param_error();
	if (str_strcasecmp(&mode, &on) && str_strcasecmp(&mode, &off))
		return init_mi_error(400, MI_SSTR("trace_mode is on or off"));
	if (!sipring_glue_trace_switch(!str_strcasecmp(&mode, &on)))
		return init_mi_error(500, MI_SSTR("The script sets no trace_destination"));
	return init_mi_result_ok();
}

const mi_export_t sipring_glue_commands[] = {
	{"sctp_list_assocs", "the SCTP associations that stand", 0, 0,
		{{list, {0}}, {EMPTY_MI_RECIPE}}},
	{"sctp_stats", "the counters of SCTP", 0, 0, {{tell_stats, {0}}, {EMPTY_MI_RECIPE}}},
	{"sctp_close_assoc", "ends an association: its id; abort=1: at once", 0, 0,
		{{end_one, {"id", 0}}, {end_one, {"id", "abort", 0}}, {EMPTY_MI_RECIPE}}},
	{"sctp_trace", "whether associations are traced; trace_mode=on, off", 0, 0,
		{{tell_trace, {0}}, {switch_trace, {"trace_mode", 0}}, {EMPTY_MI_RECIPE}}},
	{EMPTY_MI_EXPORT},
};
