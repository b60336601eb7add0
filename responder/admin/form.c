#include "admin/form.h"

#include "tool/certinput.h"
#include "tool/explain_words.h"

#define BOUNDARY_MOST 70u /* RFC 2046, 5.1.1 */
#define PARTS_MOST 8u
#define PART_HEAD_MOST 1024u

static struct view skip(struct view text, size_t size)
{
	return view_of(text.data + size, text.size - size);
}

static bool begins(struct view text, const char *with)
{
	struct view start = view_of_string(with);
	return text.size >= start.size && view_equal_nocase(view_of(text.data, start.size), start);
}

static const uint8_t *find(struct view in, struct view what)
{
	return in.size ? memmem(in.data, in.size, what.data, what.size) : NULL;
}

/* ---- parameters ---- */

static struct view unquoted(struct view value)
{
	if (value.size >= 2 && value.data[0] == '"' && value.data[value.size - 1] == '"')
		return view_of(value.data + 1, value.size - 2);
	return value;
}

/* The value of `; name=…` or `; name="…"`. Browsers write no backslash into the names that we have. */
static struct view parameter(struct view value, const char *name)
{
	struct view rest = value;
	const uint8_t *semicolon;
	while (rest.size > 0 && (semicolon = memchr(rest.data, ';', rest.size))) {
		rest = skip(rest, (size_t)(semicolon - rest.data) + 1);
		while (rest.size > 0 && rest.data[0] == ' ')
			rest = skip(rest, 1);
		size_t size = strlen(name);
		if (!begins(rest, name) || rest.size == size || rest.data[size] != '=')
			continue;
		rest = skip(rest, size + 1);
		const uint8_t *end = memchr(rest.data, ';', rest.size);
		return unquoted(view_of(rest.data, end ? (size_t)(end - rest.data) : rest.size));
	}
	return (struct view){0};
}

/* ---- parts ---- */

static struct view *field_of(struct form *form, struct view name)
{
	if (view_equal(name, view_of_string("certificate")))
		return &form->certificate;
	if (view_equal(name, view_of_string("issuer")))
		return &form->issuer;
	return view_equal(name, view_of_string("serial")) ? &form->serial : NULL;
}

/* Of a part's head the one line that counts. */
static struct view disposition_of(struct view head)
{
	while (head.size > 0) {
		const uint8_t *end = find(head, view_of_string("\r\n"));
		size_t size = end ? (size_t)(end - head.data) : head.size;
		struct view line = view_of(head.data, size);
		if (begins(line, "Content-Disposition:"))
			return line;
		head = end ? skip(head, size + 2) : (struct view){0};
	}
	return (struct view){0};
}

/* A field that we have no use for is passed over; one that comes twice is no form of ours. */
static int take_part(struct view part, struct form *form)
{
	const uint8_t *end = find(part, view_of_string("\r\n\r\n"));
	if (!end || (size_t)(end - part.data) > PART_HEAD_MOST)
		return -EINVAL;
	struct view head = view_of(part.data, (size_t)(end - part.data));
	struct view disposition = disposition_of(head);
	struct view *field = field_of(form, parameter(disposition, "name"));
	if (disposition.size == 0)
		return -EINVAL;
	if (!field)
		return 0;
	if (field->data)
		return -EINVAL;
	*field = skip(part, head.size + 4);
	return 0;
}

/* What is between two delimiters: CRLF "--" boundary. The first one has no CRLF before it. */
static int take_parts(struct view rest, struct view delimiter, struct form *form)
{
	for (unsigned i = 0; i < PARTS_MOST; i++) {
		if (begins(rest, "--"))
			return 0;
		const uint8_t *end = begins(rest, "\r\n") ? find(rest, delimiter) : NULL;
		if (!end)
			return -EINVAL;
		rest = skip(rest, 2);
		struct view part =
			view_of(rest.data, end < rest.data ? 0 : (size_t)(end - rest.data));
		int result = take_part(part, form);
		if (result < 0)
			return result;
		rest = skip(rest, part.size + delimiter.size);
	}
	return -EINVAL;
}

int form_read(struct view content_type, struct view body, struct form *ret)
{
	uint8_t delimiter[BOUNDARY_MOST + 4] = "\r\n--";
	struct view boundary = parameter(content_type, "boundary");
	struct form form = {0};
	if (!begins(content_type, "multipart/form-data") || boundary.size == 0 ||
	    boundary.size > BOUNDARY_MOST)
		return -EINVAL;
	memcpy(delimiter + 4, boundary.data, boundary.size);
	struct view first = view_of(delimiter + 2, boundary.size + 2);
	if (body.size < first.size || !view_equal(view_of(body.data, first.size), first))
		return -EINVAL;
	int result =
		take_parts(skip(body, first.size), view_of(delimiter, boundary.size + 4), &form);
	if (result == 0)
		*ret = form;
	return result;
}

/* ---- what is asked ---- */

static int take_certificate(void *context, struct view der, unsigned line, unsigned number,
			    struct fault *fault)
{
	(void)line;
	if (number > 0)
		return fault_set(fault, -EINVAL,
				 "The file holds several certificates, and nothing says which is "
				 "meant.");
	return explain_words_of_certificate(der, context, fault);
}

static int words_of_file(struct view octets, struct buffer *out, struct fault *fault)
{
	cleanup(certinput_closep) struct certinput *file = NULL;
	int result = certinput_open_octets("The file", octets, &file, fault);
	return result ? result : certinput_each(file, take_certificate, out, fault);
}

static struct view trimmed(struct view text)
{
	while (text.size > 0 && text.data[0] == ' ')
		text = skip(text, 1);
	while (text.size > 0 && text.data[text.size - 1] == ' ')
		text.size--;
	return text;
}

int form_words(const struct form *form, struct buffer *out, struct fault *fault)
{
	struct view issuer = trimmed(form->issuer), serial = trimmed(form->serial);
	if (form->certificate.size > 0)
		return words_of_file(form->certificate, out, fault);
	if (issuer.size == 0 || serial.size == 0)
		return fault_set(fault, -EINVAL,
				 "Choose a certificate file, or give issuer and serial number.");
	return explain_words_of_serial(issuer, serial, out, fault);
}
