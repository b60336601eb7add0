#include "cli/crl_judge.h"

#include "base/hex.h"
#include "base/timetext.h"
#include "cli/certproof.h"
#include "tool/certname.h"
#include "verifier/strength.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <stdio.h>

/* So much may clocks differ. */
#define FUTURE_SECONDS 60

static void x509_freep(X509 **x509)
{
	X509_free(*x509);
}

static void name_freep(X509_NAME **name)
{
	X509_NAME_free(*name);
}

static void algorithm_freep(X509_ALGOR **algorithm)
{
	X509_ALGOR_free(*algorithm);
}

/* ---- what it says ---- */

/* "2.5.29.99", and its name where OpenSSL has one. */
static void describe_oid(struct view content, char *out, size_t size)
{
	uint8_t der[130];
	const unsigned char *p = der;
	ASN1_OBJECT *oid = NULL;
	(void)snprintf(out, size, "an OID of %zu octets", content.size);
	if (content.size > 127)
		return;
	der[0] = V_ASN1_OBJECT;
	der[1] = (uint8_t)content.size;
	memcpy(der + 2, content.data, content.size);
	oid = d2i_ASN1_OBJECT(NULL, &p, (long)content.size + 2);
	int nid = oid ? OBJ_obj2nid(oid) : NID_undef;
	if (oid && OBJ_obj2txt(out, (int)size, oid, 1) > 0 && nid != NID_undef)
		(void)snprintf(out + strlen(out), size - strlen(out), " (%s)", OBJ_nid2sn(nid));
	ASN1_OBJECT_free(oid);
	ERR_clear_error();
}

static int refuse_extension(struct view oid, const char *where, struct fault *fault)
{
	char name[160];
	describe_oid(oid, name, sizeof(name));
	return fault_set(fault, CRL_REFUSED, "the critical extension %s%s is not understood here",
			 name, where);
}

static int judge_extensions(const struct crl *crl, struct fault *fault)
{
	if (crl->unknown.size > 0)
		return refuse_extension(crl->unknown, "", fault);
	if (crl->limits & CRL_INDIRECT)
		return fault_set(fault, CRL_REFUSED,
				 "it is an indirect CRL: it may list other CAs' certificates, and "
				 "whoever signed it need not be theirs");
	if (crl->limits & CRL_ATTRIBUTE_ONLY)
		return fault_set(fault, CRL_REFUSED, "it is about attribute certificates only");
	if (crl->base_number.size > 0 && crl->number.size == 0)
		return fault_set(fault, CRL_REFUSED, "a delta CRL without a CRL number");
	return 0;
}

static int judge_entry(const struct crl_entry *entry, uint64_t place, struct fault *fault)
{
	char where[40];
	(void)snprintf(where, sizeof(where), " of entry %llu", (unsigned long long)place);
	if (entry->other_issuer)
		return fault_set(fault, CRL_REFUSED,
				 "entry %llu is of another CA (certificateIssuer): indirect CRLs "
				 "are not taken",
				 (unsigned long long)place);
	return entry->unknown.size > 0 ? refuse_extension(entry->unknown, where, fault) : 0;
}

/* Before anything is written: a CRL is taken as a whole or not at all. */
static int judge_entries(struct crl_input *input, struct fault *fault)
{
	struct cursor entries = cursor_of(input->crl.entries);
	struct crl_entry entry;
	uint64_t count = 0;
	int result = 0;
	while (result == 0 && crl_next(&entries, &entry))
		result = judge_entry(&entry, ++count, fault);
	if (result)
		return result;
	if (entries.failed)
		return fault_set(fault, CRL_REFUSED, "entry %llu is malformed",
				 (unsigned long long)count + 1);
	input->entries = count;
	return 0;
}

static int judge_times(const struct crl *crl, int64_t now, struct fault *fault)
{
	char since[ISO_TIME_SIZE + 1] = "";
	time_put_iso(since, crl->this_update);
	if (crl->this_update > now + FUTURE_SECONDS)
		return fault_set(fault, CRL_REFUSED, "thisUpdate %s is in the future", since);
	if (crl->this_update <= 0)
		return fault_set(fault, CRL_REFUSED, "thisUpdate %s is no time of a CRL", since);
	if (crl->next_update != TIME_NONE && crl->next_update < crl->this_update)
		return fault_set(fault, CRL_REFUSED, "nextUpdate is before thisUpdate %s", since);
	return 0;
}

/* ---- who signed it ---- */

static int judge_strength(const struct crl *crl, struct fault *fault)
{
	const unsigned char *p = crl->algorithm.data;
	if (crl->algorithm.size == 0)
		return fault_set(fault, CRL_REFUSED, "it names two different signature algorithms");
	cleanup(algorithm_freep) X509_ALGOR *algorithm =
		d2i_X509_ALGOR(NULL, &p, (long)crl->algorithm.size);
	int nid = algorithm ? OBJ_obj2nid(algorithm->algorithm) : NID_undef;
	bool enough = algorithm && strength_is_enough(algorithm);
	ERR_clear_error();
	if (enough)
		return 0;
	return fault_set(fault, CRL_REFUSED, "it is signed with %s, which anybody may forge soon",
			 nid == NID_undef ? "an unknown algorithm" : OBJ_nid2ln(nid));
}

static X509_NAME *read_name(struct view der)
{
	const unsigned char *p = der.data;
	X509_NAME *name = d2i_X509_NAME(NULL, &p, (long)der.size);
	ERR_clear_error();
	return name;
}

/* By name first, because that is cheap; then by signature, because only that is true. The very encoding first:
 * two CAs of one key may differ in nothing else (P-8). */
static const struct registered *find_signer(const struct registry *registry,
					    const struct registered *only, const struct crl *crl,
					    bool exactly, const struct registered **ret_named)
{
	const struct signed_octets octets = {
		.tbs = crl->tbs, .algorithm = crl->algorithm, .signature = crl->signature};
	cleanup(name_freep) X509_NAME *name = exactly ? NULL : read_name(crl->issuer);
	for (size_t i = 0; i < registry->count; i++) {
		const struct registered *issuer = &registry->issuers[i];
		bool named = exactly ? registered_knows_name(issuer, crl->issuer)
				     : name && registered_has_name(issuer, name);
		if (!named || (only && issuer != only))
			continue;
		*ret_named = issuer;
		if (octets_are_signed_by(&octets, issuer->key))
			return issuer;
	}
	return NULL;
}

/* Why nobody's key verifies it. */
static int refuse_signature(const struct crl *crl, const struct registered *named,
			    const struct registered *only, struct fault *fault)
{
	cleanup(memory_freep) char *name = certname_subject(crl->issuer);
	const char *shown = name ? name : "";
	if (!named && only)
		return fault_set(fault, CRL_REFUSED,
				 "issued by \"%s\", not by the subject of \"%s\"", shown,
				 only->record.name);
	if (!named)
		return fault_set(
			fault, CRL_REFUSED,
			"no issuer \"%s\" is registered; add it with `stillgood issuer add`",
			shown);
	struct view theirs = crl->authority_key_id, ours = named->certificate.subject_key_id;
	if (theirs.size > 0 && ours.size > 0 && !view_equal(theirs, ours))
		return fault_set(fault, CRL_REFUSED,
				 "its issuer is named \"%s\", but it is another CA of that name, "
				 "or another key of it (authority key identifier)",
				 shown);
	return fault_set(fault, CRL_REFUSED,
			 "its issuer is named \"%s\", but that CA's registered key did not sign it",
			 shown);
}

/* RFC 5280, 6.3.3 (f): where there is a key usage, it says cRLSign. */
static int judge_key_usage(const struct registered *issuer, struct fault *fault)
{
	const unsigned char *p = issuer->certificate.der.data;
	cleanup(x509_freep) X509 *x509 = d2i_X509(NULL, &p, (long)issuer->certificate.der.size);
	bool may = x509 && X509_get_key_usage(x509) & KU_CRL_SIGN;
	ERR_clear_error();
	return may ? 0
		   : fault_set(fault, CRL_REFUSED,
			       "the key usage of \"%s\" lacks cRLSign: it may not sign CRLs",
			       issuer->record.name);
}

static int judge_signature(const struct crl *crl, const struct registry *registry,
			   const struct registered *only, const struct registered **ret,
			   struct fault *fault)
{
	const struct registered *named = NULL;
	int result = judge_strength(crl, fault);
	if (result)
		return result;
	const struct registered *issuer = find_signer(registry, only, crl, true, &named);
	if (!issuer)
		issuer = find_signer(registry, only, crl, false, &named);
	if (!issuer)
		return refuse_signature(crl, named, only, fault);
	*ret = issuer;
	return judge_key_usage(issuer, fault);
}

int crl_judge(struct crl_input *input, const struct registry *registry,
	      const struct registered *only, int64_t now, struct fault *fault)
{
	const struct registered *issuer = NULL;
	int result = judge_signature(&input->crl, registry, only, &issuer, fault);
	if (result == 0)
		result = judge_extensions(&input->crl, fault);
	if (result == 0)
		result = judge_times(&input->crl, now, fault);
	if (result == 0)
		result = judge_entries(input, fault);
	if (result == 0)
		input->issuer = issuer;
	return result;
}
