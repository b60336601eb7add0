#include "signer/chain.h"

#include "base/timetext.h"

#include <openssl/err.h>

static bool same(const struct certfile *a, const struct certfile *b)
{
	return view_equal(certfile_der(a), certfile_der(b));
}

static int prove_date(const char *path, const struct certfile *file, unsigned number, int64_t now,
		      struct fault *fault)
{
	char text[ISO_TIME_SIZE + 1] = "";
	if (now >= file->slices.not_before && now <= file->slices.not_after)
		return 0;
	time_put_iso(text, now > file->slices.not_after ? file->slices.not_after
							: file->slices.not_before);
	return fault_set(fault, -EKEYREJECTED,
			 "%s: certificate %u is not valid now (%s %s); every answer would end with "
			 "it",
			 path, number, now > file->slices.not_after ? "until" : "from", text);
}

/* By names and by signature, so that no other certificate than the chain's own is ever sent. */
static int prove_issued(const char *path, const struct certfile *file,
			const struct certfile *issued, unsigned number, struct fault *fault)
{
	EVP_PKEY *key = X509_get0_pubkey(file->x509);
	if (view_equal(issued->slices.issuer, file->slices.subject) && key &&
	    X509_verify(issued->x509, key) == 1)
		return 0;
	ERR_clear_error();
	return fault_set(fault, -EKEYREJECTED,
			 "%s: certificate %u did not issue the one before it; put the CA's first, "
			 "then its issuer's",
			 path, number);
}

int chain_check_dates(const struct chain *chain, const char *path, int64_t now, struct fault *fault)
{
	int result = 0;
	for (unsigned i = 0; result == 0 && i < chain->count; i++)
		result = prove_date(path, &chain->certificates[i], i + 1, now, fault);
	return result;
}

static int prove(const char *path, const struct chain *chain, const struct certfile *signer,
		 const struct certfile *ca, struct fault *fault)
{
	const struct certfile *issued = signer;
	for (unsigned i = 0; i < chain->count; i++) {
		const struct certfile *file = &chain->certificates[i];
		bool own = i == 0 && same(file, ca) && same(signer, ca);
		int result = own ? 0 : prove_issued(path, file, issued, i + 1, fault);
		if (result < 0)
			return result;
		issued = file;
	}
	return 0;
}

static void drop_first(struct chain *chain)
{
	certfile_deinit(&chain->certificates[0]);
	chain->count--;
	memmove(&chain->certificates[0], &chain->certificates[1],
		chain->count * sizeof(chain->certificates[0]));
}

int chain_load(struct chain *ret, const char *path, const struct certfile *signer,
	       const struct certfile *ca, struct fault *fault)
{
	cleanup(chain_deinit) struct chain chain = {0};
	if (!path)
		return 0;
	int result = certfile_load_all(chain.certificates, LIMIT_CHAIN, &chain.count, path, fault);
	if (result == 0)
		result = prove(path, &chain, signer, ca, fault);
	if (result < 0)
		return result;
	if (view_equal(chain.certificates[0].slices.spki, signer->slices.spki))
		drop_first(&chain);
	for (unsigned i = 0; i < chain.count; i++)
		chain.certificates[i].path =
			NULL; /* the configuration's, it may go before this does */
	*ret = chain;
	chain = (struct chain){0};
	return 0;
}

void chain_deinit(struct chain *chain)
{
	for (unsigned i = 0; i < chain->count; i++)
		certfile_deinit(&chain->certificates[i]);
	chain->count = 0;
}

int64_t chain_not_before(const struct chain *chain)
{
	int64_t begin = INT64_MIN;
	for (unsigned i = 0; i < chain->count; i++)
		if (chain->certificates[i].slices.not_before > begin)
			begin = chain->certificates[i].slices.not_before;
	return begin;
}

int64_t chain_not_after(const struct chain *chain)
{
	int64_t end = INT64_MAX;
	for (unsigned i = 0; i < chain->count; i++)
		if (chain->certificates[i].slices.not_after < end)
			end = chain->certificates[i].slices.not_after;
	return end;
}
