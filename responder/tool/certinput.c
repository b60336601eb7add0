#include "tool/certinput.h"

#include "tool/certinput_parts.h"

#include <ctype.h>

struct certinput {
	char *path;
	struct text text;
	bool is_der, is_bare, done;
	struct buffer payload; /* a block or a DER file; used up to what `rest` shows */
	struct view rest;
	unsigned line; /* on which the payload begins; 0: DER */
	struct buffer unpacked; /* certificates of a PKCS#7 or PKCS#12 */
	struct view unpacked_rest;
	char other[120]; /* the first thing that was no certificate */
};

void certinput_close(struct certinput *file)
{
	if (!file)
		return;
	if (file->text.stream)
		(void)fclose(file->text.stream);
	buffer_deinit(&file->payload);
	buffer_deinit(&file->unpacked);
	free(file->path);
	free(file);
}

/* A SEQUENCE with a long-form or indefinite length, or one that is the whole file (a key on a curve);
 * no text begins so. */
static bool is_der(const struct text *text)
{
	return text->head_size >= 2 && text->head[0] == 0x30 &&
	       (text->head[1] >= 0x80 || text->head[1] + 2u == text->head_size);
}

/* Takes the stream over, on failure too. */
static int open_stream(const char *path, FILE *stream, struct certinput **ret, struct fault *fault)
{
	cleanup(certinput_closep) struct certinput *file = calloc(1, sizeof(*file));
	if (!file || !(file->path = strdup(path))) {
		(void)fclose(stream);
		return fault_set(fault, -ENOMEM, "%s: out of memory", path);
	}
	errno = 0;
	text_init(&file->text, stream);
	if (ferror(stream)) {
		int reason = errno ? errno : EIO; /* a folder, for one */
		return fault_set(fault, -reason, "%s: %s", path, strerror(reason));
	}
	file->is_der = is_der(&file->text);
	file->is_bare = !file->is_der && text_is_bare_base64(&file->text);
	*ret = file;
	file = NULL;
	return 0;
}

static int refuse(const char *path, int reason, struct fault *fault)
{
	return fault_set(fault, -reason, "%s: %s", path, strerror(reason));
}

int certinput_open(const char *path, struct certinput **ret, struct fault *fault)
{
	FILE *stream = fopen(path, "re");
	return stream ? open_stream(path, stream, ret, fault) : refuse(path, errno, fault);
}

int certinput_open_octets(const char *name, struct view octets, struct certinput **ret,
			  struct fault *fault)
{
	/* Only read, whatever the prototype says; it takes no empty memory. */
	FILE *stream = fmemopen((void *)(uintptr_t)octets.data, octets.size, "r");
	return stream ? open_stream(name, stream, ret, fault) : refuse(name, errno, fault);
}

void certinput_place(char *out, size_t size, const char *path, unsigned line)
{
	if (line)
		(void)snprintf(out, size, "%s:%u", path, line);
	else
		(void)snprintf(out, size, "%s", path);
}

int certinput_nothing(const struct certinput *file, struct fault *fault)
{
	return fault_set(fault, -EINVAL, "%s: holds no certificate%s%s", file->path,
			 *file->other ? ", but " : "", file->other);
}

static int damaged(const struct certinput *file, unsigned line, const char *what,
		   struct fault *fault)
{
	char where[CERTINPUT_PLACE_SIZE];
	certinput_place(where, sizeof(where), file->path, line);
	return fault_set(fault, -EBADMSG, "%s: %s", where, what);
}

/* ---- payloads ---- */

static int payload_done(struct certinput *file, unsigned line, struct fault *fault)
{
	if (buffer_result(&file->payload) == -ENOMEM)
		return fault_set(fault, -ENOMEM, "%s: out of memory", file->path);
	if (buffer_result(&file->payload))
		return damaged(file, line, "larger than certificates can be", fault);
	file->rest = buffer_view(&file->payload);
	file->line = line;
	return 0;
}

static int read_der(struct certinput *file, struct fault *fault)
{
	int c;
	file->done = true;
	file->payload.most = PAYLOAD_SIZE_MOST;
	file->text.head_at = 0;
	while (!file->payload.failed && (c = text_octet(&file->text)) != EOF)
		buffer_put_u8(&file->payload, (uint8_t)c);
	return payload_done(file, 0, fault);
}

/* The body of a block up to its END marker. */
static int read_block(struct certinput *file, const char *label, unsigned begin,
		      struct fault *fault)
{
	struct base64 state = {0};
	int c;
	while ((c = text_get(&file->text)) != EOF && c != '-')
		if (!base64_put(&state, c, &file->payload))
			return damaged(file, file->text.line, "not base64", fault);
	if (c == EOF)
		return damaged(file, begin, "the certificate that begins here has no end", fault);
	unsigned end = file->text.line;
	if (text_take_end(&file->text, label))
		return damaged(file, begin, "the certificate that begins here has no proper end",
			       fault);
	if (!base64_is_whole(&state))
		return damaged(file, end, "the base64 is not whole", fault);
	return payload_done(file, begin, fault);
}

/* No marker at all: the whole file, or its beginning, is base64. */
static int read_bare(struct certinput *file, struct fault *fault)
{
	struct base64 state = {0};
	int c;
	file->is_bare = false;
	file->payload.most = PAYLOAD_SIZE_MOST;
	while ((c = text_get(&file->text)) != EOF && base64_put(&state, c, &file->payload))
		continue;
	if (c != EOF && c != '-')
		return damaged(file, file->text.line, "not base64, as what is before", fault);
	text_put_back(&file->text, c);
	if (!base64_is_whole(&state))
		return damaged(file, file->text.line, "the base64 is not whole", fault);
	return payload_done(file, 1, fault);
}

static bool label_is_one_of(const char *label, const char *const *labels, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(label, labels[i]) == 0)
			return true;
	return false;
}

static bool is_package(const char *label)
{
	static const char *const labels[] = {"PKCS7", "PKCS #7 SIGNED DATA", "CMS", "PKCS12"};
	return label_is_one_of(label, labels, array_size(labels));
}

static bool is_certificate(const char *label)
{
	static const char *const labels[] = {"CERTIFICATE", "X509 CERTIFICATE",
					     "TRUSTED CERTIFICATE"};
	return label_is_one_of(label, labels, array_size(labels));
}

/* A key, a CRL: its lines mean nothing here, but a block that begins in it shows that its end was
 * lost, and that what was lost with it is not known. */
static int pass_over(struct certinput *file, const char *label, unsigned begin, struct fault *fault)
{
	char what[160];
	if (!*file->other)
		(void)snprintf(file->other, sizeof(file->other), "a block \"%s\"", label);
	if (text_pass_over(&file->text, label) == 0)
		return 0;
	(void)snprintf(what, sizeof(what), "the block \"%s\" that begins here has no proper end",
		       label);
	return damaged(file, begin, what, fault);
}

static int read_text(struct certinput *file, struct fault *fault)
{
	char label[LABEL_SIZE];
	int result = text_find_block(&file->text, label);
	unsigned begin = file->text.line;
	if (result == TEXT_END && ferror(file->text.stream))
		return fault_set(fault, -EIO, "%s: cannot be read", file->path);
	if (result == TEXT_END)
		file->done = true;
	if (result == TEXT_END)
		return 0;
	if (result)
		return damaged(file, begin, "the BEGIN line is not whole", fault);
	if (!is_certificate(label) && !is_package(label))
		return pass_over(file, label, begin, fault);
	file->payload.most = is_package(label) ? PAYLOAD_SIZE_MOST : CERTIFICATE_SIZE_MOST;
	result = read_block(file, label, begin, fault);
	/* OpenSSL's own: the certificate, then trust settings. */
	if (result == 0 && strcmp(label, "TRUSTED CERTIFICATE") == 0)
		file->rest = element_take(&(struct view){file->rest.data, file->rest.size});
	return result;
}

static int fill(struct certinput *file, struct fault *fault)
{
	buffer_reset(&file->payload);
	file->rest = (struct view){0};
	if (file->is_der)
		return read_der(file, fault);
	return file->is_bare ? read_bare(file, fault) : read_text(file, fault);
}

/* ---- their parts ---- */

static void note_other(struct certinput *file, const char *kind)
{
	if (!*file->other)
		(void)snprintf(file->other, sizeof(file->other), "%s", kind);
}

static int unpack(struct certinput *file, struct view der, struct fault *fault)
{
	struct fault why = {""};
	const char *kind = "";
	unsigned count = 0;
	buffer_reset(&file->unpacked);
	int result = element_unpack(der, &file->unpacked, &count, &kind, &why);
	file->unpacked_rest = buffer_view(&file->unpacked);
	if (count == 0 && result == 0)
		note_other(file, kind);
	return result ? damaged(file, file->line, *why.text ? why.text : strerror(-result), fault)
		      : 0;
}

/* A line's end behind a DER file, or padding. */
static bool is_blank(struct view bytes)
{
	for (size_t i = 0; i < bytes.size; i++)
		if (bytes.data[i] && !isspace(bytes.data[i]))
			return false;
	return true;
}

/* The next thing of the payload: a certificate in *ret, or nothing. */
static int take_element(struct certinput *file, struct view *ret, struct fault *fault)
{
	struct view der = element_take(&file->rest);
	if (is_blank(file->rest))
		file->rest = (struct view){0};
	if (element_is_package(der))
		return unpack(file, der, fault);
	const char *kind = element_kind(der);
	if (kind)
		note_other(file, kind);
	else if (der.size > CERTIFICATE_SIZE_MOST)
		return damaged(file, file->line, "larger than a certificate can be", fault);
	else
		*ret = der;
	return 0;
}

int certinput_next(struct certinput *file, struct view *ret, unsigned *ret_line,
		   struct fault *fault)
{
	struct view der = {0};
	while (der.size == 0) {
		int result = 0;
		if (file->unpacked_rest.size > 0)
			der = element_take(&file->unpacked_rest);
		else if (file->rest.size > 0)
			result = take_element(file, &der, fault);
		else if (file->done)
			return CERTINPUT_END;
		else
			result = fill(file, fault);
		if (result)
			return result;
	}
	*ret = der;
	*ret_line = file->line;
	return 0;
}

/* ---- all of them ---- */

int certinput_each(struct certinput *file, certinput_take *take, void *context, struct fault *fault)
{
	for (unsigned number = 0;; number++) {
		struct view der = {0};
		unsigned line = 0;
		int result = certinput_next(file, &der, &line, fault);
		if (result == CERTINPUT_END)
			return number ? 0 : certinput_nothing(file, fault);
		if (result == 0)
			result = take(context, der, line, number, fault);
		if (result)
			return result;
	}
}
