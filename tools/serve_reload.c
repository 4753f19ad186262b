/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SIGHUP: the file of --config is read again, as at the start, with the command line before it. The
 * library takes what can be changed while it runs and says what cannot; answers are new from the
 * next request on. A file with a mistake changes nothing. With several workers the supervisor reads
 * first and tells, and the workers read the same and are silent.
 */
#include "tools/serve.h"
#include "tools/terminal.h"

#include <errno.h>
#include <string.h>

#define VALUE_MAX 512

static void tell(void *user, const struct sipring_setting_change *change)
{
	(void)user;
	terminal_error("%s: %s is %s now, was %s%s",
		change->applied ? "changed" : "needs a restart", change->name,
		*change->after ? change->after : "empty",
		*change->before ? change->before : "empty",
		change->applied ? ", for what begins from here on" : ", and stays that until then");
}

/* What the command line said, and defaults for the rest. */
static int begin(struct options *fresh, const struct options *common)
{
	const struct sipring_setting *setting;
	char value[VALUE_MAX];
	*fresh = *common;
	fresh->config = sipring_config_new();
	if (!fresh->config)
		return -ENOMEM;
	for (unsigned i = 0; (setting = sipring_config_setting(i)); i++) {
		if (!options_is_set(common, setting->name))
			continue;
		sipring_config_get(common->config, setting->name, value, sizeof(value));
		sipring_config_set(fresh->config, setting->name, value, NULL);
	}
	return 0;
}

static int read_again(struct serve_options *own, struct options *fresh, struct settings_file *file,
	struct sipring_error *error)
{
	int result = serve_take_file(own, fresh, file, error);
	if (own->n_listeners == 0)
		own->listeners[own->n_listeners++] = "sctp:*";
	for (unsigned i = 0; result == 0 && i < own->n_listeners; i++)
		result = serve_listen(own, i, fresh->config, error);
	return result;
}

/* To tags stay the same for a request that comes again. */
static void take_answers(struct answer_policy *policy, struct answer_policy *fresh, bool tells)
{
	memcpy(fresh->secret, policy->secret, sizeof(fresh->secret));
	answer_finish(fresh);
	if (tells &&
		(memcmp(policy->statuses, fresh->statuses, sizeof(fresh->statuses)) ||
			strcmp(policy->headers, fresh->headers)))
		terminal_error("changed: answers are those of the file");
	*policy = *fresh;
}

bool serve_reload(const struct serve_options *own, struct sipring *sipring,
	struct sipring_worker *worker, struct answer_policy *policy, bool tells)
{
	struct serve_options again = *own;
	struct sipring_error error = {.text = "no memory"};
	struct settings_file file = {0};
	struct options fresh;
	int result = begin(&fresh, own->common);
	again.n_listeners = own->n_named;
	if (result == 0)
		result = read_again(&again, &fresh, &file, &error);
	if (result == 0)
		result = sipring_reload(sipring, worker, fresh.config, tells ? tell : NULL, NULL,
			&error);
	if (result == 0)
		take_answers(policy, &again.policy, tells);
	else
		terminal_error("SIGHUP: %s; nothing is changed", error.text);
	if (result == 0 && tells)
		terminal_error("%s was read again", own->config);
	settings_file_free(&file);
	options_free(&fresh);
	return result == 0;
}
