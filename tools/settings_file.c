/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file of settings in the format of libconfuse: NAME = VALUE, lists in braces, # begins a
 * comment. Its options are the library's own table and two of serve. Each value is checked where
 * it is read, so that the error has its line. The texts belong to the file and live until free.
 * libconfuse gives callbacks no pointer of ours: one file is read at a time.
 */
#include "tools/settings_file.h"

#include <confuse.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define OPTIONS_MAX (OPTIONS_SETTINGS_MAX + 4)

static struct {
	struct options *options;
	struct sipring_error *error;
} reading;

static __attribute__((format(printf, 2, 0))) void say(cfg_t *cfg, const char *format, va_list list)
{
	char text[160];
	vsnprintf(text, sizeof(text), format, list);
	snprintf(reading.error->text, sizeof(reading.error->text), "%s:%d: %s",
		cfg && cfg->filename ? cfg->filename : "", cfg ? cfg->line : 0, text);
}

static int check_setting(cfg_t *cfg, cfg_opt_t *option)
{
	struct sipring_error error = {0};
	if (options_set_default(reading.options, option->name, cfg_opt_getstr(option), &error) == 0)
		return 0;
	cfg_error(cfg, "%s", error.text);
	return -1;
}

static int check_answers(cfg_t *cfg, cfg_opt_t *option)
{
	struct answer_policy policy;
	struct sipring_error error = {0};
	answer_setup(&policy);
	for (unsigned i = 0; i < cfg_opt_size(option); i++)
		if (answer_configure(&policy, cfg_opt_getnstr(option, i), &error) < 0) {
			cfg_error(cfg, "answer: %s", error.text);
			return -1;
		}
	return 0;
}

/* The port of one that names none is not known yet; the rest is checked here. */
static int check_listeners(cfg_t *cfg, cfg_opt_t *option)
{
	struct sipring_config *config = sipring_config_new();
	struct sipring_error error = {0};
	int result = config ? 0 : -ENOMEM;
	for (unsigned i = 0; result == 0 && i < cfg_opt_size(option); i++)
		result = sipring_config_listen(config, cfg_opt_getnstr(option, i), &error);
	if (result < 0)
		cfg_error(cfg, "listen: %s", error.text);
	sipring_config_free(config);
	return result;
}

/* Of a section, whose title is a listener. */
static int check_own(cfg_t *cfg, cfg_opt_t *option)
{
	struct sipring_config *config = sipring_config_new();
	struct sipring_error error = {0};
	int result = config ? sipring_config_listen(config, cfg_title(cfg), &error) : -ENOMEM;
	if (result == 0)
		result = sipring_config_listener_set(config, 0, option->name,
			cfg_opt_getstr(option), &error);
	if (result < 0)
		cfg_error(cfg, "listener %s: %s", cfg_title(cfg), error.text);
	sipring_config_free(config);
	return result;
}

static int fail(struct sipring_error *error, const char *path, const char *why)
{
	snprintf(error->text, sizeof(error->text), "%s: %s", path, why);
	return -EINVAL;
}

/* The library's settings, from a table's n-th option on, and its end. */
static void add_settings(cfg_opt_t *table, unsigned n, bool is_own)
{
	const cfg_opt_t one = CFG_STR(NULL, NULL, CFGF_NODEFAULT), end = CFG_END();
	const struct sipring_setting *setting;
	for (unsigned i = 0; n < OPTIONS_MAX - 1 && (setting = sipring_config_setting(i)); i++) {
		if (is_own && !setting->of_listener)
			continue;
		table[n] = one;
		table[n].name = setting->name;
		table[n++].validcb = is_own ? check_own : check_setting;
	}
	table[n] = end;
}

int settings_file_read(struct settings_file *file, const char *path, struct options *options,
	struct sipring_error *error)
{
	cfg_opt_t own[OPTIONS_MAX];
	cfg_opt_t table[OPTIONS_MAX] = {
		CFG_STR_LIST("listen", NULL, CFGF_NODEFAULT),
		CFG_STR_LIST("answer", NULL, CFGF_NODEFAULT),
		CFG_SEC("listener", own, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	};
	table[0].validcb = check_listeners;
	table[1].validcb = check_answers;
	add_settings(own, 0, true);
	add_settings(table, 3, false);
	error->text[0] = 0;
	reading.options = options;
	reading.error = error;
	file->parsed = cfg_init(table, CFGF_NONE);
	if (!file->parsed)
		return fail(error, path, "no memory");
	cfg_set_error_function(file->parsed, say);
	switch (cfg_parse(file->parsed, path)) {
	case CFG_SUCCESS:
		return 0;
	case CFG_FILE_ERROR:
		return fail(error, path, strerror(errno));
	default:
		return error->text[0] ? -EINVAL : fail(error, path, "not understood");
	}
}

static const char *nth(const struct settings_file *file, const char *name, unsigned index)
{
	cfg_opt_t *option = file->parsed ? cfg_getopt(file->parsed, name) : NULL;
	return option && index < cfg_opt_size(option) ? cfg_opt_getnstr(option, index) : NULL;
}

const char *settings_file_listener(const struct settings_file *file, unsigned index)
{
	return nth(file, "listen", index);
}

const char *settings_file_section(const struct settings_file *file, unsigned index)
{
	cfg_t *section = file->parsed && index < cfg_size(file->parsed, "listener")
		? cfg_getnsec(file->parsed, "listener", index)
		: NULL;
	return section ? cfg_title(section) : NULL;
}

int settings_file_tune(const struct settings_file *file, struct sipring_config *config,
	unsigned listener, const char *text, struct sipring_error *error)
{
	cfg_t *section = file->parsed ? cfg_gettsec(file->parsed, "listener", text) : NULL;
	const struct sipring_setting *setting;
	int result = 0;
	for (unsigned i = 0; section && result == 0 && (setting = sipring_config_setting(i)); i++)
		if (setting->of_listener && cfg_size(section, setting->name))
			result = sipring_config_listener_set(config, listener, setting->name,
				cfg_getstr(section, setting->name), error);
	return result;
}

const char *settings_file_answer(const struct settings_file *file, unsigned index)
{
	return nth(file, "answer", index);
}

void settings_file_free(struct settings_file *file)
{
	if (file->parsed)
		cfg_free(file->parsed);
	file->parsed = NULL;
}
