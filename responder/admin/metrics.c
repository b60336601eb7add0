/* From the warden's document to samples. What a room tells of itself is not trusted: a figure that is none
 * gives no sample, and text is escaped. */
#include "admin/metrics.h"

#include "admin/document.h"
#include "base/result.h"
#include "base/timetext.h"
#include "base/utf8.h"

#include <math.h>

/* Samples of one metric; beyond it a room tells nonsense. */
#define SAMPLES_MOST 20000u
#define NAME_MOST 64

struct sampler {
	const struct metric *metric;
	const char *room; /* NULL: no label */
	struct json_object *outer; /* the entry of the list above; NULL: none */
	struct buffer *out;
	unsigned count;
};

/* ---- labels ---- */

/* A label's value may be any UTF-8; three characters are escaped. */
static void put_value(struct buffer *out, struct view text)
{
	buffer_put_u8(out, '"');
	while (text.size > 0) {
		size_t size = utf8_size(text), step = size ? size : 1;
		uint8_t c = text.data[0];
		if (c == '\n')
			buffer_put_string(out, "\\n");
		else if (c == '"' || c == '\\')
			buffer_printf(out, "\\%c", c);
		else if (size > 0)
			buffer_put(out, text.data, size);
		else
			buffer_put_u8(out, '?');
		text = view_of(text.data + step, text.size - step);
	}
	buffer_put_u8(out, '"');
}

static void put_label(struct buffer *out, bool *first, struct view name, const char *value)
{
	buffer_put_u8(out, *first ? '{' : ',');
	buffer_put_view(out, name);
	buffer_put_u8(out, '=');
	put_value(out, view_of_string(value));
	*first = false;
}

/* One word of `labels`: "member", "member=label", "../member". */
static void put_member_label(const struct sampler *s, bool *first, struct json_object *object,
			     struct view word)
{
	char member[NAME_MOST];
	bool outer = word.size > 3 && memcmp(word.data, "../", 3) == 0;
	if (outer)
		word = view_of(word.data + 3, word.size - 3);
	const uint8_t *equals = memchr(word.data, '=', word.size);
	size_t size = equals ? (size_t)(equals - word.data) : word.size;
	if (size >= sizeof(member))
		return;
	memcpy(member, word.data, size);
	member[size] = '\0';
	struct view name = equals ? view_of(equals + 1, word.size - size - 1) : word;
	struct json_object *value = document_member(outer ? s->outer : object, member);
	put_label(s->out, first, name, document_written(value, s->out));
}

static void put_labels(const struct sampler *s, struct json_object *object, const char *le)
{
	bool first = true;
	if (s->room)
		put_label(s->out, &first, view_of_string("room"), s->room);
	for (const char *p = s->metric->labels; p && *p;) {
		size_t size = strcspn(p, " ");
		put_member_label(s, &first, object, view_of(p, size));
		p += size + (p[size] != '\0');
	}
	if (le)
		put_label(s->out, &first, view_of_string("le"), le);
	if (!first)
		buffer_put_u8(s->out, '}');
}

/* ---- figures ---- */

static bool time_figure(const char *text, double *ret)
{
	int64_t seconds;
	if (time_parse_iso(view_of_string(text), &seconds) < 0)
		return false;
	*ret = (double)seconds;
	return true;
}

static bool figure_of(const struct metric *m, struct json_object *object, double *ret)
{
	if (!m->member) {
		*ret = 1;
		return true;
	}
	struct json_object *member = document_member(object, m->member);
	switch (json_object_get_type(member)) {
	case json_type_boolean:
		*ret = json_object_get_boolean(member);
		return true;
	case json_type_int:
	case json_type_double:
		*ret = json_object_get_double(member) * (m->factor != 0 ? m->factor : 1);
		return isfinite(*ret);
	case json_type_string:
		if (!m->word)
			return time_figure(json_object_get_string(member), ret);
		*ret = strcmp(json_object_get_string(member), m->word) == 0;
		return true;
	default:
		return false;
	}
}

static void put_figure(struct buffer *out, double figure)
{
	buffer_printf(out, " %.17g\n", figure);
}

/* ---- histograms: {"bounds_us":[…],"counts":[…, beyond the last bound],"sum_us":…} ---- */

static void put_bucket(const struct sampler *s, struct json_object *object, const char *le,
		       double count)
{
	buffer_printf(s->out, "%s_bucket", s->metric->name);
	put_labels(s, object, le);
	put_figure(s->out, count);
}

static void put_total(const struct sampler *s, struct json_object *object, const char *suffix,
		      double figure)
{
	buffer_printf(s->out, "%s%s", s->metric->name, suffix);
	put_labels(s, object, NULL);
	put_figure(s->out, figure);
}

static double number_at(struct json_object *list, size_t i)
{
	double number = json_object_get_double(document_at(list, i));
	return isfinite(number) && number >= 0 ? number : 0;
}

static void put_histogram(const struct sampler *s, struct json_object *object)
{
	struct json_object *histogram = document_member(object, s->metric->member);
	struct json_object *bounds = document_list(histogram, "bounds_us");
	struct json_object *counts = document_list(histogram, "counts");
	double count = 0;
	char le[32];
	if (!bounds || document_length(counts) != document_length(bounds) + 1 ||
	    document_length(counts) > 64)
		return;
	for (size_t i = 0; i < document_length(bounds); i++) {
		count += number_at(counts, i);
		(void)snprintf(le, sizeof(le), "%g", number_at(bounds, i) / 1e6);
		put_bucket(s, object, le, count);
	}
	count += number_at(counts, document_length(bounds));
	put_bucket(s, object, "+Inf", count);
	put_total(s, object, "_sum",
		  json_object_get_double(document_member(histogram, "sum_us")) / 1e6);
	put_total(s, object, "_count", count);
}

/* ---- samples ---- */

static void put_sample(struct sampler *s, struct json_object *object)
{
	double figure;
	if (s->count >= SAMPLES_MOST)
		return;
	s->count++;
	if (s->metric->type == METRIC_HISTOGRAM) {
		put_histogram(s, object);
	} else if (figure_of(s->metric, object, &figure)) {
		buffer_put_string(s->out, s->metric->name);
		put_labels(s, object, NULL);
		put_figure(s->out, figure);
	}
}

/* The entries of a list, or of the lists in those of a list. */
static void put_list(struct sampler *s, struct json_object *object, const char *path)
{
	char name[NAME_MOST];
	size_t size = strcspn(path, ".");
	(void)snprintf(name, sizeof(name), "%.*s", (int)size, path);
	struct json_object *list = document_list(object, name);
	for (size_t i = 0; i < document_length(list); i++) {
		struct json_object *entry = document_at(list, i);
		if (path[size] == '\0') {
			put_sample(s, entry);
			continue;
		}
		s->outer = entry;
		put_list(s, entry, path + size + 1);
		s->outer = NULL;
	}
}

static void put_object(struct sampler *s, struct json_object *object)
{
	if (s->metric->list)
		put_list(s, object, s->metric->list);
	else
		put_sample(s, object);
}

/* "front 0" is of the kind "front". */
static bool is_of(enum metric_of of, const char *room)
{
	static const char *const kinds[] = {
		[OF_FRONT] = "front",       [OF_LEDGER] = "ledger", [OF_SIGNER] = "signer",
		[OF_VERIFIER] = "verifier", [OF_ADMIN] = "admin",   [OF_FETCHER] = "fetcher",
	};
	size_t size = strcspn(room, " ");
	return of == OF_EACH_ROOM ||
	       (strlen(kinds[of]) == size && strncmp(room, kinds[of], size) == 0);
}

static void put_rooms(struct sampler *s, struct json_object *document)
{
	struct json_object *rooms = document_list(document, "rooms");
	for (size_t i = 0; i < document_length(rooms); i++) {
		struct json_object *room = document_at(rooms, i);
		s->room = document_text(room, "name");
		if (is_of(s->metric->of, s->room))
			put_object(s, s->metric->of == OF_EACH_ROOM
					      ? room
					      : document_member(room, "status"));
	}
}

static const char *type_name(const struct metric *m)
{
	static const char *const names[] = {
		[METRIC_COUNTER] = "counter",
		[METRIC_GAUGE] = "gauge",
		[METRIC_HISTOGRAM] = "histogram",
	};
	return names[m->type];
}

static void put_metric(const struct metric *m, struct json_object *document, struct buffer *out)
{
	struct sampler s = {.metric = m, .out = out};
	buffer_printf(out, "# HELP %s ", m->name);
	for (const char *p = m->help; *p; p++)
		buffer_printf(out, "%s%c", *p == '\\' ? "\\" : "", *p);
	buffer_printf(out, "\n# TYPE %s %s\n", m->name, type_name(m));
	if (m->of == OF_INSTANCE)
		put_object(&s, document);
	else
		put_rooms(&s, document);
}

void metrics_put(struct json_object *document, struct buffer *out)
{
	for (size_t i = 0; i < metric_count; i++)
		put_metric(&metrics[i], document, out);
}

void metrics_make(const struct admin_request *request, struct json_object *document,
		  struct moment now, struct admin_reply *reply)
{
	(void)request;
	(void)now;
	reply->type = "text/plain; version=0.0.4; charset=utf-8";
	metrics_put(document, &reply->body);
}

/* ---- doc/metrics.md ---- */

static void put_label_names(const struct metric *m, struct buffer *out)
{
	bool any = m->of != OF_INSTANCE;
	buffer_put_string(out, any ? "`room`" : "");
	for (const char *p = m->labels; p && *p; any = true) {
		size_t size = strcspn(p, " ");
		const char *equals = memchr(p, '=', size);
		const char *name = equals ? equals + 1 : strncmp(p, "../", 3) == 0 ? p + 3 : p;
		buffer_printf(out, "%s`%.*s`", any ? ", " : "", (int)(p + size - name), name);
		p += size + (p[size] != '\0');
	}
}

static const char manual_head[] =
	"# Metrics\n"
	"\n"
	"`GET /metrics` on the admin listener (`[server] admin_listen`), in Prometheus' text "
	"format. The "
	"table is made from the\n"
	"rows of `responder/admin/metrics_table.c`; a test sees to it that it is this one.\n"
	"\n"
	"- Every figure is of one process, told by the label `room` (`front 0`, `ledger`, `signer "
	"1` …): "
	"use `sum without (room)`\n"
	"  or `max without (room)`. A counter begins at 0 when its room is started again, as "
	"`rate()` "
	"expects, and never goes back\n"
	"  otherwise.\n"
	"- Labels hold names of the configuration and words of this program, nothing that a client "
	"chooses.\n"
	"- A room that does not answer within a second gives no figures: `stillgood_room_answers` "
	"is 0.\n"
	"- Rules and a dashboard that use them: `conf/prometheus/`, `conf/grafana/`.\n"
	"\n"
	"| metric | type | labels | what |\n"
	"|---|---|---|---|\n";

void metrics_put_manual(struct buffer *out)
{
	buffer_put_string(out, manual_head);
	for (size_t i = 0; i < metric_count; i++) {
		buffer_printf(out, "| `%s` | %s | ", metrics[i].name, type_name(&metrics[i]));
		put_label_names(&metrics[i], out);
		buffer_printf(out, " | %s |\n", metrics[i].help);
	}
}
