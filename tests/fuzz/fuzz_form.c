/* What the admin listener's form may hold: the first line is the Content-Type, what follows the body. Whatever
 * comes, what is found lies in the body, at most one line becomes of it, and no refusal is without a word. */
#include "admin/form.h"
#include "admin/html.h"
#include "alloc/refused.h"
#include "base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)          \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

static void check_inside(struct view body, struct view part)
{
	CHECK(!part.data || (part.data >= body.data && part.size <= body.size &&
			     part.data + part.size <= body.data + body.size));
}

static void check_text(struct view text)
{
	cleanup(buffer_deinit) struct buffer out = {0};
	INSIDE(html_put_view(&out, text));
	CHECK(!out.failed || REFUSED);
	for (size_t i = 0; i < out.size; i++)
		CHECK(out.data[i] != '<' && out.data[i] != '>' && out.data[i] != '"' &&
		      out.data[i] != '\'');
}

static void check_words(const struct form *form)
{
	cleanup(buffer_deinit) struct buffer line = {0};
	struct fault fault = {""};
	if (INSIDE_RESULT(form_words(form, &line, &fault)) < 0) {
		CHECK(fault.text[0]);
		check_text(view_of_string(fault.text));
		return;
	}
	CHECK(line.size > 8 && memcmp(line.data, "explain", 7) == 0);
	CHECK(!memchr(line.data, '\n', line.size) && !memchr(line.data, '\0', line.size));
	CHECK(line.size < LIMIT_CONTROL_LINE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
	struct form form;
	if (!end)
		return 0;
	struct view type = view_of(data, (size_t)(end - data));
	struct view body = view_of(end + 1, size - type.size - 1);
	check_text(body);
	if (INSIDE_RESULT(form_read(type, body, &form)) < 0)
		return 0;
	check_inside(body, form.certificate);
	check_inside(body, form.issuer);
	check_inside(body, form.serial);
	check_words(&form);
	return 0;
}
