/* --prometheus: what a prober or a textfile collector reads, in Prometheus' text format 0.0.4. One
 * document whether an answer came or not; what is not known is left out, never zero. */
#include "base/clock.h"
#include "base/hex.h"
#include "client/asking.h"
#include "tool/output.h"

#include <stdio.h>

#define PREFIX "stillgood_ask_"

struct metrics {
	const struct asking *asking;
	struct buffer url; /* its label's value, escaped */
	int64_t now; /* seconds */
};

/* ---- the format ---- */

/* The size of the UTF-8 character that stands here, 0 if there is none. */
static size_t character_size(struct view text)
{
	uint8_t first = text.data[0];
	size_t size = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (first > 0xf4 || size > text.size)
		return 0;
	for (size_t i = 1; i < size; i++)
		if ((text.data[i] & 0xc0) != 0x80)
			return 0;
	if ((first == 0xe0 && text.data[1] < 0xa0) || (first == 0xed && text.data[1] > 0x9f) ||
	    (first == 0xf0 && text.data[1] < 0x90) || (first == 0xf4 && text.data[1] > 0x8f))
		return 0;
	return size;
}

/* A label's value: backslash, quote and line feed are escaped, and what is not UTF-8 is told. */
static void put_value(struct buffer *out, const char *value)
{
	struct view rest = view_of_string(value);
	while (rest.size > 0) {
		size_t size = character_size(rest);
		if (size == 0)
			buffer_printf(out, "\\\\x%02X", rest.data[0]);
		else if (rest.data[0] == '\n')
			buffer_put_string(out, "\\n");
		else if (strchr("\\\"", rest.data[0]))
			buffer_printf(out, "\\%c", rest.data[0]);
		else
			buffer_put(out, rest.data, size);
		size = size ? size : 1;
		rest = view_of(rest.data + size, rest.size - size);
	}
}

static void put_family(const char *name, const char *help)
{
	printf("# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s gauge\n", name, help, name);
}

/* `labels` are further ones, with a comma in front, or "". */
static void put_sample(const struct metrics *metrics, const char *name, const char *labels)
{
	printf(PREFIX "%s{url=\"%.*s\",method=\"%s\"%s} ", name, (int)metrics->url.size,
	       (const char *)metrics->url.data, metrics->asking->wish->get ? "get" : "post",
	       labels);
}

static void put_number(const struct metrics *metrics, const char *name, const char *help,
		       int64_t number)
{
	put_family(name, help);
	put_sample(metrics, name, "");
	printf("%lld\n", (long long)number);
}

static void put_seconds(int64_t us)
{
	printf("%s%lld.%06lld\n", us < 0 ? "-" : "", (long long)(us < 0 ? -us : us) / SECOND_US,
	       (long long)(us < 0 ? -us : us) % SECOND_US);
}

/* ---- of each certificate ---- */

/* The same certificate asked about twice would be a sample twice. */
static bool is_repeated(const struct asking *asking, unsigned at)
{
	const ASN1_INTEGER *serial = ocsp_question_serial(&asking->question, at);
	for (unsigned i = 0; i < at; i++)
		if (ASN1_INTEGER_cmp(ocsp_question_serial(&asking->question, i), serial) == 0 &&
		    strcmp(asking->names[i], asking->names[at]) == 0)
			return true;
	return false;
}

static void put_labels(const struct asking *asking, unsigned i, struct buffer *out)
{
	const ASN1_INTEGER *serial = ocsp_question_serial(&asking->question, i);
	cleanup(memory_freep) char *hex = malloc((size_t)ASN1_STRING_length(serial) * 2 + 1);
	if (hex)
		hex_put(hex,
			view_of(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial)));
	buffer_printf(out, ",serial=\"%s\"", hex ? hex : "");
	if (!asking->question.certificates[i])
		return;
	buffer_put_string(out, ",file=\"");
	put_value(out, asking->names[i]);
	buffer_put_string(out, "\"");
}

static void put_status(const struct metrics *metrics, const char *labels, enum ask_status status)
{
	static const enum ask_status all[] = {ASK_GOOD, ASK_REVOKED, ASK_UNKNOWN, ASK_NO_ANSWER};
	for (size_t k = 0; k < array_size(all); k++) {
		cleanup(buffer_deinit) struct buffer with_status = {0};
		buffer_printf(&with_status, "%s,status=\"%s\"", labels, ask_status_name(all[k]));
		buffer_put_u8(&with_status, '\0');
		put_sample(metrics, "certificate_status", (const char *)with_status.data);
		printf("%d\n", all[k] == status);
	}
}

enum certificate_metric { STATUS, THIS_UPDATE, NEXT_UPDATE };

static void put_certificate(const struct metrics *metrics, unsigned i, enum certificate_metric what,
			    bool proven)
{
	const struct ocsp_finding *finding = &metrics->asking->answer.findings[i];
	cleanup(buffer_deinit) struct buffer labels = {0};
	put_labels(metrics->asking, i, &labels);
	buffer_put_u8(&labels, '\0');
	if (buffer_result(&labels) < 0)
		return;
	const char *text = (const char *)labels.data;
	proven = proven && finding->proven;
	if (what == STATUS) {
		put_status(metrics, text, proven ? ask_status_of(finding) : ASK_NO_ANSWER);
	} else if (proven && what == THIS_UPDATE) {
		put_sample(metrics, "this_update_age_seconds", text);
		printf("%lld\n", (long long)(metrics->now - finding->this_update));
	} else if (proven && finding->next_update != TIME_NONE) {
		put_sample(metrics, "next_update_in_seconds", text);
		printf("%lld\n", (long long)(finding->next_update - metrics->now));
	}
}

static void put_certificates(const struct metrics *metrics, bool proven)
{
	static const struct {
		enum certificate_metric what;
		const char *name, *help;
	} families[] = {
		{STATUS, "certificate_status",
		 "1 for the status that was proven, none where none was"},
		{THIS_UPDATE, "this_update_age_seconds", "Seconds since thisUpdate"},
		{NEXT_UPDATE, "next_update_in_seconds", "Seconds until nextUpdate"},
	};
	for (size_t k = 0; k < array_size(families); k++) {
		if (!proven && families[k].what != STATUS)
			continue;
		put_family(families[k].name, families[k].help);
		for (unsigned i = 0; i < metrics->asking->question.count; i++)
			if (!is_repeated(metrics->asking, i))
				put_certificate(metrics, i, families[k].what, proven);
	}
}

/* ---- of the exchange ---- */

static void put_phases(const struct metrics *metrics)
{
	const struct client_reply *reply = &metrics->asking->reply;
	int64_t verify_us = metrics->asking->verify_us;
	const struct {
		const char *labels;
		int64_t from_us, to_us;
	} phases[] = {
		{",phase=\"resolve\"", 0, reply->resolve_us},
		{",phase=\"connect\"", reply->resolve_us, reply->connect_us},
		{",phase=\"send\"", reply->connect_us, reply->send_us},
		{",phase=\"wait\"", reply->send_us, reply->first_octet_us},
		{",phase=\"receive\"", reply->first_octet_us,
		 reply->first_octet_us ? reply->total_us : 0},
		{",phase=\"verify\"", 0, verify_us},
	};
	put_family("phase_duration_seconds", "Seconds that each phase took, as far as it came");
	for (size_t i = 0; i < array_size(phases); i++) {
		if (phases[i].to_us <= 0)
			continue;
		put_sample(metrics, "phase_duration_seconds", phases[i].labels);
		put_seconds(phases[i].to_us - phases[i].from_us);
	}
}

static void put_exchange(const struct metrics *metrics)
{
	const struct client_reply *reply = &metrics->asking->reply;
	put_phases(metrics);
	if (reply->status == 0)
		return;
	put_number(metrics, "http_status", "Status of the HTTP reply", reply->status);
	put_number(metrics, "response_octets", "Size of the OCSP response",
		   (int64_t)reply->body.size);
}

static void put_answer(const struct metrics *metrics)
{
	const struct ocsp_answer *answer = &metrics->asking->answer;
	put_number(metrics, "produced_age_seconds", "Seconds since producedAt",
		   metrics->now - answer->produced_at);
	if (answer->signer_not_after != TIME_NONE)
		put_number(metrics, "signer_expires_in_seconds",
			   "Seconds until the certificate that signed the answer expires",
			   answer->signer_not_after - metrics->now);
}

void ask_report_metrics(const struct asking *asking, bool proven)
{
	struct metrics metrics = {.asking = asking, .now = wall_seconds(clock_now().wall_us)};
	put_value(&metrics.url, asking->url_text);
	put_number(&metrics, "up", "1 if an authentic answer came", proven);
	put_certificates(&metrics, proven);
	put_exchange(&metrics);
	if (proven)
		put_answer(&metrics);
	buffer_deinit(&metrics.url);
}
