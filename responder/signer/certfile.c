#include "signer/certfile.h"

#include "base/file.h"

#include <openssl/err.h>
#include <openssl/pem.h>

const char *openssl_reason(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	ERR_clear_error();
	return reason ? reason : "no reason given";
}

static void bio_freep(BIO **bio)
{
	BIO_free(*bio);
}

static bool is_pem(struct view bytes)
{
	static const char mark[] = "-----BEGIN";
	return bytes.size > 0 && memmem(bytes.data, bytes.size, mark, sizeof(mark) - 1) != NULL;
}

/* ---- certificates ---- */

/* The next certificate of a PEM text. */
static int take_next_pem(struct certfile *file, BIO *bio, struct view text, struct fault *fault)
{
	unsigned char *der = NULL;
	long size = 0;
	if (PEM_bytes_read_bio(&der, &size, NULL, PEM_STRING_X509, bio, NULL, NULL) != 1)
		return fault_set(fault, -EBADMSG,
				 "%s: no whole PEM certificate in it (%s); is the file cut short, "
				 "or a key?",
				 file->path, openssl_reason());
	file->der = malloc((size_t)size);
	if (file->der)
		memcpy(file->der, der, (size_t)size);
	OPENSSL_free(der);
	if (!file->der)
		return fault_set(fault, -ENOMEM, "%s: out of memory", file->path);
	file->size = (size_t)size;
	file->more =
		is_pem(view_of(text.data + text.size - BIO_pending(bio), (size_t)BIO_pending(bio)));
	return 0;
}

static int take_pem(struct certfile *file, struct view text, struct fault *fault)
{
	cleanup(bio_freep) BIO *bio = BIO_new_mem_buf(text.data, (int)text.size);
	if (!bio)
		return fault_set(fault, -ENOMEM, "%s: out of memory", file->path);
	return take_next_pem(file, bio, text, fault);
}

static int take_der(struct certfile *file, struct view bytes, struct fault *fault)
{
	file->der = malloc(bytes.size ? bytes.size : 1);
	if (!file->der)
		return fault_set(fault, -ENOMEM, "%s: out of memory", file->path);
	if (bytes.size)
		memcpy(file->der, bytes.data, bytes.size);
	file->size = bytes.size;
	return 0;
}

/* Both readers must take all of it. */
static int read_certificate(struct certfile *file, struct fault *fault)
{
	const unsigned char *p = file->der;
	file->x509 = d2i_X509(NULL, &p, (long)file->size);
	if (!file->x509 || p != file->der + file->size ||
	    certificate_read(certfile_der(file), &file->slices) != 0) {
		ERR_clear_error();
		return fault_set(fault, -EBADMSG,
				 "%s: not a certificate; give one in PEM or DER form", file->path);
	}
	return 0;
}

int certfile_take(struct certfile *ret, const char *path, struct view der, struct fault *fault)
{
	struct certfile file = {.path = path};
	int result = take_der(&file, der, fault);
	if (result == 0)
		result = read_certificate(&file, fault);
	if (result < 0)
		certfile_deinit(&file);
	else
		*ret = file;
	return result;
}

int certfile_load(struct certfile *ret, const char *path, struct fault *fault)
{
	cleanup(buffer_deinit) struct buffer bytes = {0};
	struct certfile file = {.path = path};
	int result = file_read_pem(path, LIMIT_PEM_FILE, &bytes, fault);
	if (result < 0)
		return result;
	struct view view = buffer_view(&bytes);
	result = is_pem(view) ? take_pem(&file, view, fault) : take_der(&file, view, fault);
	if (result == 0)
		result = read_certificate(&file, fault);
	if (result < 0) {
		certfile_deinit(&file);
		return result;
	}
	*ret = file;
	return 0;
}

static int load_next(struct certfile *ret, const char *path, BIO *bio, struct view text,
		     struct fault *fault)
{
	struct certfile file = {.path = path};
	int result = take_next_pem(&file, bio, text, fault);
	if (result == 0)
		result = read_certificate(&file, fault);
	if (result < 0)
		certfile_deinit(&file);
	else
		*ret = file;
	return result;
}

int certfile_load_all(struct certfile *ret, unsigned most, unsigned *ret_count, const char *path,
		      struct fault *fault)
{
	cleanup(buffer_deinit) struct buffer bytes = {0};
	unsigned count = 0;
	int result = file_read_pem(path, LIMIT_PEM_FILE, &bytes, fault);
	if (result < 0)
		return result;
	struct view text = buffer_view(&bytes);
	cleanup(bio_freep) BIO *bio = BIO_new_mem_buf(text.data, (int)text.size);
	if (!bio)
		return fault_set(fault, -ENOMEM, "%s: out of memory", path);
	do {
		if (count == most)
			result = fault_set(fault, -EFBIG, "%s: more than %u certificates", path,
					   most);
		else
			result = load_next(&ret[count], path, bio, text, fault);
	} while (result == 0 && ret[count++].more);
	if (result == 0) {
		*ret_count = count;
		return 0;
	}
	while (count > 0)
		certfile_deinit(&ret[--count]);
	return result;
}

void certfile_deinit(struct certfile *file)
{
	X509_free(file->x509);
	free(file->der);
	*file = (struct certfile){0};
}

struct view certfile_der(const struct certfile *file)
{
	return view_of(file->der, file->size);
}
