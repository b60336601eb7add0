#include "cli/certinput.h"

#include <openssl/evp.h>
#include <stdio.h>

/* No certificate comes near; a corrupt file shall not fill memory. */
#define CERTIFICATE_SIZE_MOST (1u << 20)
#define LINE_SIZE 4096

enum pem_block { PEM_OTHER, PEM_CERTIFICATE, PEM_TRUSTED };

struct certinput {
	char *path;
	FILE *stream;
	bool is_der, done;
	unsigned line; /* of the last line read */
	bool line_open; /* the last piece read did not end its line */
	struct buffer der;
};

void certinput_close(struct certinput *file)
{
	if (!file)
		return;
	if (file->stream)
		(void)fclose(file->stream);
	buffer_deinit(&file->der);
	free(file->path);
	free(file);
}

/* A SEQUENCE with a long-form length; no text begins so. */
static bool looks_like_der(FILE *stream)
{
	int first = getc(stream), second = getc(stream);
	rewind(stream);
	return first == 0x30 && second > 0x80 && second != EOF;
}

int certinput_open(const char *path, struct certinput **ret, struct fault *fault)
{
	cleanup(certinput_closep) struct certinput *file = calloc(1, sizeof(*file));
	if (!file || !(file->path = strdup(path)))
		return fault_set(fault, -ENOMEM, "%s: out of memory", path);
	file->stream = fopen(path, "re");
	if (!file->stream) {
		int reason = errno;
		return fault_set(fault, -reason, "%s: %s", path, strerror(reason));
	}
	file->der.most = CERTIFICATE_SIZE_MOST;
	file->is_der = looks_like_der(file->stream);
	if (ferror(file->stream))
		return fault_set(fault, -EIO, "%s: cannot be read", path);
	*ret = file;
	file = NULL;
	return 0;
}

void certinput_place(char *out, size_t size, const char *path, unsigned line)
{
	if (line)
		(void)snprintf(out, size, "%s:%u", path, line);
	else
		(void)snprintf(out, size, "%s", path);
}

static int read_der(struct certinput *file, struct fault *fault)
{
	uint8_t *room = buffer_reserve(&file->der, CERTIFICATE_SIZE_MOST);
	if (!room)
		return fault_set(fault, -ENOMEM, "%s: out of memory", file->path);
	file->der.size = fread(room, 1, CERTIFICATE_SIZE_MOST, file->stream);
	if (ferror(file->stream))
		return fault_set(fault, -EIO, "%s: cannot be read", file->path);
	if (getc(file->stream) != EOF)
		return fault_set(fault, -EFBIG, "%s: larger than a certificate can be", file->path);
	return 0;
}

/* A line without its end; a longer one comes in pieces, of which only the first may be a marker.
 * false at the end of the file. */
static bool read_line(struct certinput *file, char line[LINE_SIZE], bool *ret_whole)
{
	if (!fgets(line, LINE_SIZE, file->stream))
		return false;
	bool continued = file->line_open;
	size_t size = strlen(line);
	file->line_open = size > 0 && line[size - 1] != '\n';
	if (!continued)
		file->line++;
	*ret_whole = !continued && (!file->line_open || feof(file->stream));
	while (size > 0 && strchr(" \t\r\n", line[size - 1]))
		line[--size] = '\0';
	return true;
}

static enum pem_block block_of(const char *line)
{
	if (strcmp(line, "-----BEGIN CERTIFICATE-----") == 0 ||
	    strcmp(line, "-----BEGIN X509 CERTIFICATE-----") == 0)
		return PEM_CERTIFICATE;
	/* OpenSSL's own: the certificate, then trust settings. */
	if (strcmp(line, "-----BEGIN TRUSTED CERTIFICATE-----") == 0)
		return PEM_TRUSTED;
	return PEM_OTHER;
}

static bool decode_line(struct buffer *out, EVP_ENCODE_CTX *decoder, const char *line)
{
	size_t size = strlen(line);
	uint8_t *room = buffer_reserve(out, size + 80); /* the decoder holds back up to a line */
	int written = 0;
	if (!room ||
	    EVP_DecodeUpdate(decoder, room, &written, (const unsigned char *)line, (int)size) < 0)
		return false;
	out->size += (size_t)written;
	return true;
}

static void encode_ctx_freep(EVP_ENCODE_CTX **ctx)
{
	EVP_ENCODE_CTX_free(*ctx);
}

static bool decode_end(struct buffer *out, EVP_ENCODE_CTX *decoder)
{
	uint8_t *room = buffer_reserve(out, 80);
	int written = 0;
	if (!room || EVP_DecodeFinal(decoder, room, &written) < 0)
		return false;
	out->size += (size_t)written;
	return true;
}

/* Lines up to the END marker into file->der. */
static int read_block(struct certinput *file, struct fault *fault)
{
	unsigned begin = file->line;
	char line[LINE_SIZE];
	bool whole;
	cleanup(encode_ctx_freep) EVP_ENCODE_CTX *decoder = EVP_ENCODE_CTX_new();
	if (!decoder)
		return fault_set(fault, -ENOMEM, "%s: out of memory", file->path);
	EVP_DecodeInit(decoder);
	while (read_line(file, line, &whole)) {
		if (strncmp(line, "-----END ", 9) == 0) {
			if (decode_end(&file->der, decoder))
				return 0;
			return fault_set(fault, -EBADMSG, "%s:%u: the base64 is not whole",
					 file->path, file->line);
		}
		if (!decode_line(&file->der, decoder, line))
			return fault_set(fault, -EBADMSG, "%s:%u: not base64", file->path,
					 file->line);
	}
	return fault_set(fault, -EBADMSG, "%s:%u: the certificate that begins here has no end",
			 file->path, begin);
}

/* The first DER element of the bytes, all of them if it cannot be told. */
static struct view first_element(struct view bytes)
{
	struct cursor c = cursor_of(bytes);
	(void)cursor_u8(&c);
	size_t size = cursor_u8(&c);
	if (size > 0x80 && size <= 0x84) {
		unsigned octets = (unsigned)size & 7;
		for (size = 0; octets > 0; octets--)
			size = size << 8 | cursor_u8(&c);
	}
	(void)cursor_take(&c, size);
	return c.failed ? bytes : view_of(bytes.data, bytes.size - c.rest.size);
}

static int next_pem(struct certinput *file, struct view *ret, unsigned *ret_line,
		    struct fault *fault)
{
	char line[LINE_SIZE];
	bool whole;
	while (read_line(file, line, &whole)) {
		enum pem_block block = whole ? block_of(line) : PEM_OTHER;
		if (block == PEM_OTHER)
			continue;
		*ret_line = file->line;
		int r = read_block(file, fault);
		if (r)
			return r;
		*ret = buffer_view(&file->der);
		if (block == PEM_TRUSTED)
			*ret = first_element(*ret);
		return 0;
	}
	if (ferror(file->stream))
		return fault_set(fault, -EIO, "%s: cannot be read", file->path);
	file->done = true;
	return CERTINPUT_END;
}

int certinput_next(struct certinput *file, struct view *ret, unsigned *ret_line,
		   struct fault *fault)
{
	buffer_reset(&file->der);
	if (file->done)
		return CERTINPUT_END;
	if (!file->is_der)
		return next_pem(file, ret, ret_line, fault);
	int r = read_der(file, fault);
	if (r)
		return r;
	file->done = true;
	*ret = buffer_view(&file->der);
	*ret_line = 0;
	return 0;
}
