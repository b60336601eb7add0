/* Which certificate an operator means, as a CertID that a client could have sent. */
#include "ledger/explain_parts.h"

#include "base/hex.h"
#include "ledger/offers.h"
#include "ledger/state.h"

/* Takes what stands before the next blank, or the rest. */
static struct view take_word(struct view *rest)
{
	const uint8_t *blank = rest->size ? memchr(rest->data, ' ', rest->size) : NULL;
	size_t size = blank ? (size_t)(blank - rest->data) : rest->size;
	struct view word = view_of(rest->data, size);
	*rest = blank ? view_of(blank + 1, rest->size - size - 1) : (struct view){0};
	return word;
}

/* The last word; `*rest` is what stands before its blank. */
static struct view take_last(struct view *rest)
{
	if (rest->size == 0)
		return (struct view){0};
	size_t at = rest->size;
	while (at > 0 && rest->data[at - 1] != ' ')
		at--;
	struct view word = view_of(rest->data + at, rest->size - at);
	*rest = view_of(rest->data, at > 0 ? at - 1 : 0);
	return word;
}

static int take_serial(struct view *rest, struct serial *ret, struct fault *fault)
{
	uint8_t octets[LIMIT_SERIAL];
	size_t size = 0;
	struct view word = take_last(rest);
	if (hex_parse(word, sizeof(octets), octets, &size) < 0 ||
	    serial_set(ret, view_of(octets, size)) < 0)
		return fault_set(fault, -EINVAL,
				 "the serial number is not the content of an INTEGER in "
				 "hexadecimal");
	return 0;
}

/* ---- by name ---- */

/* The one that the database names now, before one that it named once. */
static const struct issuer *issuer_named(const struct ledger *l, const char *name)
{
	const struct issuer *found = NULL;
	for (unsigned number = 1; number <= issuers_count(l->issuers); number++) {
		const struct issuer *issuer = issuers_by_id(l->issuers, (int32_t)number);
		if (strcmp(issuer->record.name, name) == 0 && (!found || issuer->database_id))
			found = issuer;
	}
	return found;
}

static int find_named(const struct ledger *l, struct view words, struct explanation *ex,
		      struct fault *fault)
{
	if (words.size == 0 || words.size >= sizeof(ex->name) ||
	    memchr(words.data, '\0', words.size))
		return fault_set(fault, -EINVAL, "the issuer's name is empty or too long");
	memcpy(ex->name, words.data, words.size);
	ex->name[words.size] = '\0';
	ex->issuer = issuer_named(l, ex->name);
	if (ex->issuer || conf_issuer_named(l->conf, ex->name))
		return 0;
	return fault_set(fault, -ENOENT,
			 "no issuer of this name has a section, and none is registered: %s",
			 ex->name);
}

/* ---- by what a certificate says of it ---- */

static bool has_name(const struct issuer *issuer, struct view hash)
{
	bool has = view_equal(view_of(issuer->hashes.hashes[0].name, hash.size), hash);
	for (unsigned i = 0; !has && i < issuer->encoding_count; i++)
		has = view_equal(view_of(issuer->encodings[i].hashes.hashes[0].name, hash.size),
				 hash);
	return has;
}

static bool has_key(const struct issuer *issuer, struct view hash)
{
	return hash.size == 0 || view_equal(view_of(issuer->hashes.hashes[0].key, hash.size), hash);
}

static int take_hash(struct view *rest, uint8_t octets[static 20], struct view *ret)
{
	size_t size = 0;
	struct view word = take_word(rest);
	*ret = (struct view){0};
	if (view_equal(word, view_of_string("-")))
		return 0;
	if (hex_parse(word, 20, octets, &size) < 0 || size != 20)
		return -EINVAL;
	*ret = view_of(octets, size);
	return 0;
}

/* How many have this name, and this key if it is given; the last of them. */
static unsigned count_issued(const struct ledger *l, struct view name, struct view key,
			     const struct issuer **ret)
{
	unsigned count = 0;
	for (unsigned number = 1; number <= issuers_count(l->issuers); number++) {
		const struct issuer *issuer = issuers_by_id(l->issuers, (int32_t)number);
		if (!issuer->readable || !has_name(issuer, name) || !has_key(issuer, key))
			continue;
		*ret = issuer;
		count++;
	}
	return count;
}

/* A key's identifier need not be its hash: where it fits nobody, the name alone says who it is. */
static int find_issued(const struct ledger *l, struct view words, struct explanation *ex,
		       struct fault *fault)
{
	uint8_t octets[2][20];
	struct view name, key, any = {0};
	if (take_hash(&words, octets[0], &name) < 0 || take_hash(&words, octets[1], &key) < 0 ||
	    name.size == 0 || words.size > 0)
		return fault_set(fault, -EINVAL, "a hash is not SHA-1 in hexadecimal");
	unsigned count = count_issued(l, name, key, &ex->issuer);
	ex->by_name = count == 0;
	if (count == 0)
		count = count_issued(l, name, any, &ex->issuer);
	if (count == 0)
		return fault_set(fault, -ENOENT,
				 "no issuer that is registered here has issued this certificate");
	(void)snprintf(ex->name, sizeof(ex->name), "%s", ex->issuer->record.name);
	return count == 1 ? 0
			  : fault_set(fault, -ENOENT,
				      "several issuers have the name that the certificate gives, "
				      "and it does not say whose key signed it: name the issuer");
}

/* ---- the CertID ---- */

/* Where nobody knows the issuer's hashes, those of nobody: it is decided like any CertID that fits no issuer,
 * but for the key, which the section's file tells. */
static void put_certid(const struct ledger *l, const struct explanation *ex, struct buffer *out)
{
	static const uint8_t nobody[20];
	const struct conf_issuer *section = conf_issuer_named(l->conf, ex->name);
	struct view name = view_of(nobody, sizeof(nobody)), key = name;
	if (ex->issuer && ex->issuer->readable) {
		name = view_of(ex->issuer->hashes.hashes[0].name, sizeof(nobody));
		key = view_of(ex->issuer->hashes.hashes[0].key, sizeof(nobody));
	} else if (section) {
		struct view told = offers_key(l, (unsigned)(section - l->conf->issuers));
		key = told.size ? told : key;
	}
	ocsp_certid_write(out, name, key, serial_view(&ex->serial));
}

int explain_target(const struct ledger *l, bool issued, struct view words, struct explanation *ex,
		   struct buffer *certid, struct fault *fault)
{
	int result = take_serial(&words, &ex->serial, fault);
	if (result == 0)
		result =
			issued ? find_issued(l, words, ex, fault) : find_named(l, words, ex, fault);
	if (result < 0)
		return result;
	put_certid(l, ex, certid);
	return buffer_result(certid);
}
