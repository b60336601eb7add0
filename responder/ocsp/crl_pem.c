#include "ocsp/crl_pem.h"

#include "ocsp/crl.h"

#include <openssl/err.h>
#include <openssl/pem.h>

static void bio_freep(BIO **bio)
{
	BIO_free(*bio);
}

int crl_pem_each(struct view text, crl_pem_visit *visit, void *context)
{
	cleanup(bio_freep) BIO *bio = BIO_new_mem_buf(text.data, (int)text.size);
	char *name = NULL, *header = NULL;
	unsigned char *der = NULL;
	long size = 0;
	int result = 0;
	while (result == 0 && bio && PEM_read_bio(bio, &name, &header, &der, &size) == 1) {
		if (strcmp(name, PEM_STRING_X509_CRL) == 0)
			result = visit(context, view_of(der, (size_t)size));
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(der);
	}
	bool damaged = ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE;
	ERR_clear_error();
	return result == 0 && damaged ? CRL_MALFORMED : result;
}
