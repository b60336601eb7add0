/* `status`: asks a running instance how it is: once, or again and again on a page that updates. */
#include "cli/status.h"

#include "cli/instance.h"
#include "tool/operand.h"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>

/* Between the two documents that rates of a single look are made of. */
#define LOOK_US SECOND_US
#define WATCH_LEAST_US (100 * MILLISECOND_US)
#define WATCH_MOST_US (3600 * SECOND_US)

/* ---- one look ---- */

static int status_of(struct json_object *document)
{
	bool ready = json_object_get_boolean(json_object_object_get(document, "ready"));
	return ready ? STATUS_DONE : STATUS_REFUSED;
}

/* Two documents, a second apart; where only the first comes, without rates. */
static int look(const char *path, bool verbose, struct fault *fault)
{
	cleanup(output_json_freep) struct json_object *first = NULL, *second = NULL;
	struct status_samples *samples = calloc(1, sizeof(*samples));
	struct status_view view = {.verbose = verbose};
	struct fault unheard = {""};
	int result = samples ? instance_ask(path, "status", &first, fault)
			     : fault_set(fault, -ENOMEM, "out of memory");
	if (result == 0) {
		status_samples_take(samples, first, clock_now().mono_us);
		(void)poll(NULL, 0, LOOK_US / MILLISECOND_US);
		if (instance_ask(path, "status", &second, &unheard) == 0)
			status_samples_take(samples, second, clock_now().mono_us);
		status_samples_view(samples, &view);
		status_print(stdout, second ? second : first, &view);
		result = status_of(second ? second : first);
		figures_feed_deinit(&samples->feed);
	}
	free(samples);
	return result;
}

static int look_json(const char *path, struct fault *fault)
{
	cleanup(output_json_freep) struct json_object *document = NULL;
	int result = instance_ask(path, "status", &document, fault);
	if (result)
		return result;
	output_json(json_object_get(document));
	return status_of(document);
}

/* ---- again and again ---- */

struct watch {
	const char *path;
	int64_t every_us;
	bool verbose, json, terminal;
	struct status_samples samples;
	int status;
};

static volatile sig_atomic_t ended;

static void end_now(int number)
{
	(void)number;
	ended = 1;
}

/* A changed size only wakes us up. */
static void wake(int number)
{
	(void)number;
}

static void catch_signals(void)
{
	struct sigaction end = {.sa_handler = end_now}, resized = {.sa_handler = wake};
	(void)sigaction(SIGINT, &end, NULL);
	(void)sigaction(SIGTERM, &end, NULL);
	(void)sigaction(SIGWINCH, &resized, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
}

/* Octets of so many columns; what continues a character in UTF-8 takes none. */
static size_t cut(const char *line, size_t size, unsigned columns)
{
	size_t at = 0;
	while (at < size && (columns > 0 || ((unsigned char)line[at] & 0xc0) == 0x80)) {
		columns -= ((unsigned char)line[at] & 0xc0) != 0x80;
		at++;
	}
	return at;
}

/* The whole page, over the one before: no line longer than the terminal, and no more lines than it has. */
static void draw(const char *text)
{
	struct winsize size = {0};
	(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	unsigned columns = size.ws_col ? size.ws_col : 80, rows = size.ws_row ? size.ws_row : 24;
	printf("\033[H");
	for (unsigned row = 1; *text && row < rows; row++) {
		size_t line = strcspn(text, "\n");
		printf("%.*s\033[K\n", (int)cut(text, line, columns), text);
		text += line + (text[line] == '\n');
	}
	printf("\033[J");
}

/* One line of JSON, one page of a terminal, or one document of text. */
static void show(struct watch *w, struct json_object *document)
{
	cleanup(memory_freep) char *text = NULL;
	size_t size = 0;
	struct status_view view = {.verbose = w->verbose};
	if (w->json) {
		puts(json_object_to_json_string_ext(document, JSON_C_TO_STRING_PLAIN));
		return;
	}
	FILE *out = open_memstream(&text, &size);
	if (!out)
		return;
	status_samples_view(&w->samples, &view);
	status_print(out, document, &view);
	(void)fclose(out);
	if (w->terminal)
		draw(text);
	else
		puts(text);
}

static void show_fault(const struct watch *w, const struct fault *fault)
{
	if (w->terminal) {
		cleanup(memory_freep) char *text = output_text_new(fault->text);
		printf("\033[H%s\n\033[J", text ? text : "");
	} else {
		output_error(fault);
	}
}

static void look_again(struct watch *w)
{
	cleanup(output_json_freep) struct json_object *document = NULL;
	struct fault fault = {""};
	if (instance_ask(w->path, "status", &document, &fault) != 0) {
		w->status = STATUS_REFUSED;
		show_fault(w, &fault);
	} else {
		w->status = status_of(document);
		status_samples_take(&w->samples, document, clock_now().mono_us);
		show(w, document);
	}
	(void)fflush(stdout);
}

/* ^C ends it, as what was looked at last. */
static int watch(struct watch *w)
{
	catch_signals();
	if (w->terminal)
		printf("\033[?1049h\033[?25l"); /* a screen of its own, without a cursor */
	int64_t next_us = clock_now().mono_us;
	while (!ended && !ferror(stdout)) {
		look_again(w);
		next_us += w->every_us;
		int64_t rest_us = next_us - clock_now().mono_us;
		if (rest_us < 0)
			next_us -= rest_us;
		if (!ended && rest_us > 0)
			(void)poll(NULL, 0, (int)(rest_us / MILLISECOND_US));
	}
	if (w->terminal)
		printf("\033[?25h\033[?1049l");
	(void)fflush(stdout);
	return w->status;
}

/* "2", "0.5s", "" for a second. */
static int interval(const char *text, int64_t *ret_us, struct fault *fault)
{
	char with_unit[32];
	bool bare = *text && strspn(text, "0123456789") == strlen(text);
	(void)snprintf(with_unit, sizeof(with_unit), "%s%s", *text ? text : "1s", bare ? "s" : "");
	if (operand_duration(with_unit, ret_us) == 0 && *ret_us >= WATCH_LEAST_US &&
	    *ret_us <= WATCH_MOST_US)
		return 0;
	return fault_set(fault, STATUS_USAGE,
			 "status: --watch=%s: seconds, or a duration of 100ms to 1h", text);
}

static int watch_instance(const struct command_line *line, const char *path, struct fault *fault)
{
	struct watch *w = calloc(1, sizeof(*w));
	if (!w)
		return fault_set(fault, -ENOMEM, "out of memory");
	w->path = path;
	w->verbose = option_given(line, OPTION_VERBOSE);
	w->json = option_given(line, OPTION_JSON);
	w->terminal = !w->json && isatty(STDOUT_FILENO);
	int result = interval(line->values[OPTION_WATCH], &w->every_us, fault);
	if (result == 0)
		result = watch(w);
	figures_feed_deinit(&w->samples.feed);
	free(w);
	return result;
}

int command_status(const struct command_line *line, struct fault *fault)
{
	cleanup(memory_freep) char *path = NULL;
	int result = instance_find(line, &path, fault);
	if (result)
		return result;
	if (option_given(line, OPTION_WATCH))
		return watch_instance(line, path, fault);
	if (option_given(line, OPTION_JSON))
		return look_json(path, fault);
	return look(path, option_given(line, OPTION_VERBOSE), fault);
}
