#include "unit.h"

#include "ledger/issuers.h"
#include "made.h"
#include "made_conf.h"
#include "ocsp/certificate.h"

static const struct siphash_key key = {.k0 = 5, .k1 = 6};

static struct conf *conf; /* of A and B */

static struct ocsp_issuer hashes_of(const char *name, const char *public_key)
{
	cleanup(buffer_deinit) struct buffer der = {0};
	struct certificate certificate;
	struct ocsp_issuer hashes;
	made_certificate(&der, name, public_key);
	assert_int_equal(certificate_read(buffer_view(&der), &certificate), 0);
	assert_int_equal(ocsp_issuer_init(&hashes, certificate.subject, certificate.key_bits), 0);
	return hashes;
}

/* An issuer record called `section` whose CA is `name` with `public_key`. */
static int add(struct issuers *issuers, int32_t id, const char *section, const char *name,
	       const char *public_key, int64_t version, int64_t revoked_at)
{
	cleanup(buffer_deinit) struct buffer der = {0};
	struct fault fault;
	struct db_issuer issuer = {
		.record = {.id = id, .version = version, .revoked_at = revoked_at}};
	(void)snprintf(issuer.record.name, sizeof(issuer.record.name), "%s", section);
	made_certificate(&der, name, public_key);
	issuer.certificate = buffer_view(&der);
	const struct issuer *changed;
	return issuers_apply(issuers, &issuer, &changed, &fault);
}

static int apply(struct issuers *issuers, int32_t id, const char *section, const char *name,
		 const char *public_key, int64_t version, int64_t revoked_at)
{
	int result = add(issuers, id, section, name, public_key, version, revoked_at);
	issuers_settle(issuers);
	return result;
}

static const struct issuer *match(const struct issuers *issuers, enum ocsp_hash hash,
				  const struct ocsp_issuer *name,
				  const struct ocsp_issuer *public_key)
{
	cleanup(buffer_deinit) struct buffer der = {0};
	struct ocsp_certid certid;
	static const uint8_t serial = 1;
	made_certid(&der, hash, name, public_key, view_of(&serial, 1));
	assert_int_equal(ocsp_certid_parse(buffer_view(&der), &certid), 0);
	return issuers_match(issuers, &certid);
}

/* What the database calls so. */
static const struct issuer *called(struct issuers *issuers, int32_t database_id)
{
	return issuers_by_id(issuers, issuers_number(issuers, database_id));
}

static struct issuers *new_issuers(void)
{
	struct issuers *issuers = NULL;
	assert_int_equal(issuers_new(conf, &key, &issuers), 0);
	return issuers;
}

/* P-8 */
static void name_alone_or_key_alone_never_matches(void **state)
{
	(void)state;
	cleanup(issuers_freep) struct issuers *issuers = new_issuers();
	assert_int_equal(apply(issuers, 1, "A", "CA one", "key one", 1, TIME_NONE),
			 ISSUERS_CHANGED);
	assert_int_equal(apply(issuers, 2, "B", "CA two", "key two", 1, TIME_NONE),
			 ISSUERS_CHANGED);
	struct ocsp_issuer one = hashes_of("CA one", "key one"),
			   two = hashes_of("CA two", "key two");
	assert_null(match(issuers, OCSP_HASH_SHA1, &one, &two));
	assert_null(match(issuers, OCSP_HASH_SHA1, &two, &one));
	assert_int_equal(match(issuers, OCSP_HASH_SHA1, &one, &one)->record.id, 1);
}

/* P-8: cross-certificates and re-keyed CAs. */
static void same_key_or_same_name_are_different_issuers(void **state)
{
	(void)state;
	cleanup(issuers_freep) struct issuers *issuers = new_issuers();
	assert_int_equal(apply(issuers, 1, "A", "CA", "old key", 1, TIME_NONE), ISSUERS_CHANGED);
	assert_int_equal(apply(issuers, 2, "B", "CA", "new key", 1, TIME_NONE), ISSUERS_CHANGED);
	assert_int_equal(apply(issuers, 3, "C", "Other", "new key", 1, TIME_NONE), ISSUERS_CHANGED);
	struct ocsp_issuer a = hashes_of("CA", "old key"), b = hashes_of("CA", "new key"),
			   c = hashes_of("Other", "new key");
	assert_int_equal(match(issuers, OCSP_HASH_SHA256, &a, &a)->record.id, 1);
	assert_int_equal(match(issuers, OCSP_HASH_SHA256, &b, &b)->record.id, 2);
	assert_int_equal(match(issuers, OCSP_HASH_SHA256, &c, &c)->record.id, 3);
}

/* P-9 */
static void every_hash_matches_every_issuer(void **state)
{
	(void)state;
	cleanup(issuers_freep) struct issuers *issuers = new_issuers();
	for (int i = 0; i < 1000; i++) {
		char name[16];
		(void)snprintf(name, sizeof(name), "CA %d", i);
		assert_int_equal(add(issuers, i + 1, name, name, name, 1, TIME_NONE),
				 ISSUERS_CHANGED);
	}
	issuers_settle(issuers);
	for (int i = 0; i < 1000; i += 111) {
		char name[16];
		(void)snprintf(name, sizeof(name), "CA %d", i);
		struct ocsp_issuer hashes = hashes_of(name, name);
		for (int hash = OCSP_HASH_SHA1; hash <= OCSP_HASH_SHA512; hash++)
			assert_int_equal(
				match(issuers, (enum ocsp_hash)hash, &hashes, &hashes)->record.id,
				i + 1);
	}
}

/* The issuer record `id`, whose certificate is of `name`, with these further names. */
static int apply_names(struct issuers *issuers, int32_t id, const char *name,
		       const char *public_key, int64_t version, struct view names)
{
	cleanup(buffer_deinit) struct buffer der = {0};
	struct fault fault;
	struct db_issuer issuer = {
		.record = {.id = id, .name = "A", .version = version, .revoked_at = TIME_NONE},
		.names = names};
	made_certificate(&der, name, public_key);
	issuer.certificate = buffer_view(&der);
	const struct issuer *changed;
	int result = issuers_apply(issuers, &issuer, &changed, &fault);
	issuers_settle(issuers);
	return result;
}

/* What the signer is told: the name itself, where it is not the certificate's. */
static void check_name_in(const struct issuer *issuer, enum ocsp_hash hash, const char *name,
			  bool told)
{
	cleanup(buffer_deinit) struct buffer der = {0}, expected = {0};
	struct ocsp_issuer hashes = hashes_of(name, "key");
	static const uint8_t serial = 1;
	made_certid(&der, hash, &hashes, &hashes, view_of(&serial, 1));
	if (told)
		made_name(&expected, name);
	assert_view_equal(issuer_name_in(issuer, buffer_view(&der)), buffer_view(&expected));
}

/* P-7, P-8, P-9: with every hash, and only with its own key. */
static void each_encoding_of_a_name_is_the_issuer(void **state)
{
	(void)state;
	cleanup(issuers_freep) struct issuers *issuers = new_issuers();
	cleanup(buffer_deinit) struct buffer names = {0};
	made_name(&names, "ca");
	made_name(&names, "CA ");
	assert_int_equal(apply_names(issuers, 1, "CA", "key", 1, buffer_view(&names)),
			 ISSUERS_CHANGED);
	assert_int_equal(apply(issuers, 2, "B", "CA", "other key", 1, TIME_NONE), ISSUERS_CHANGED);
	static const char *const written[] = {"CA", "ca", "CA "};
	struct ocsp_issuer other = hashes_of("x", "other key");
	for (size_t i = 0; i < array_size(written); i++)
		for (int hash = OCSP_HASH_SHA1; hash <= OCSP_HASH_SHA512; hash++) {
			struct ocsp_issuer name = hashes_of(written[i], "key");
			const struct issuer *found =
				match(issuers, (enum ocsp_hash)hash, &name, &name);
			assert_non_null(found);
			assert_int_equal(found->record.id, 1);
			check_name_in(found, (enum ocsp_hash)hash, written[i], i > 0);
			found = match(issuers, (enum ocsp_hash)hash, &name, &other);
			assert_true(i == 0 ? found && found->record.id == 2 : !found);
		}
	struct ocsp_issuer unknown = hashes_of("cA", "key");
	assert_null(match(issuers, OCSP_HASH_SHA1, &unknown, &unknown));
}

static void a_newer_version_brings_and_takes_encodings(void **state)
{
	(void)state;
	cleanup(issuers_freep) struct issuers *issuers = new_issuers();
	cleanup(buffer_deinit) struct buffer names = {0};
	struct ocsp_issuer learnt = hashes_of("ca", "key");
	made_name(&names, "ca");
	assert_int_equal(apply_names(issuers, 1, "CA", "key", 1, (struct view){0}),
			 ISSUERS_CHANGED);
	assert_null(match(issuers, OCSP_HASH_SHA1, &learnt, &learnt));
	assert_int_equal(apply_names(issuers, 1, "CA", "key", 2, buffer_view(&names)),
			 ISSUERS_CHANGED);
	assert_non_null(match(issuers, OCSP_HASH_SHA1, &learnt, &learnt));
	assert_int_equal(apply_names(issuers, 1, "CA", "key", 1, (struct view){0}), 0);
	assert_non_null(match(issuers, OCSP_HASH_SHA1, &learnt, &learnt));
	assert_int_equal(apply_names(issuers, 1, "CA", "key", 3, (struct view){0}),
			 ISSUERS_CHANGED);
	assert_null(match(issuers, OCSP_HASH_SHA1, &learnt, &learnt));
}

/* P-8: also where another issuer with the same key has learnt it, and is configured. */
static void an_issuers_own_subject_wins_over_a_learnt_name(void **state)
{
	(void)state;
	cleanup(issuers_freep) struct issuers *issuers = new_issuers();
	cleanup(buffer_deinit) struct buffer names = {0};
	struct ocsp_issuer own = hashes_of("ca", "key");
	made_name(&names, "ca");
	assert_int_equal(apply_names(issuers, 1, "CA", "key", 1, buffer_view(&names)),
			 ISSUERS_CHANGED);
	assert_int_equal(apply(issuers, 2, "unnamed", "ca", "key", 1, TIME_NONE), ISSUERS_CHANGED);
	assert_int_equal(match(issuers, OCSP_HASH_SHA1, &own, &own)->record.id, 2);
}

static void names_that_cannot_be_read_are_left_out(void **state)
{
	(void)state;
	cleanup(issuers_freep) struct issuers *issuers = new_issuers();
	cleanup(buffer_deinit) struct buffer names = {0};
	struct ocsp_issuer own = hashes_of("CA", "key"), first = hashes_of("ca", "key");
	made_name(&names, "ca");
	buffer_put_view(&names, view_of_string("\x30\x7f no such length"));
	assert_int_equal(apply_names(issuers, 1, "CA", "key", 1, buffer_view(&names)),
			 ISSUERS_CHANGED);
	assert_non_null(match(issuers, OCSP_HASH_SHA1, &own, &own));
	assert_non_null(match(issuers, OCSP_HASH_SHA1, &first, &first));
	for (int i = 0; i < 100; i++) /* more than there may be */
		made_name(&names, "CA ");
	assert_int_equal(apply_names(issuers, 1, "CA", "key", 2, buffer_view(&names)),
			 ISSUERS_CHANGED);
	assert_non_null(match(issuers, OCSP_HASH_SHA1, &own, &own));
}

/* P-34, I-4 */
static void a_revoked_issuer_stays_revoked(void **state)
{
	(void)state;
	cleanup(issuers_freep) struct issuers *issuers = new_issuers();
	assert_int_equal(apply(issuers, 1, "A", "CA", "key", 2, 1700000000), ISSUERS_CHANGED);
	assert_int_equal(apply(issuers, 1, "A", "CA", "key", 1, TIME_NONE), 0);
	assert_int_equal(apply(issuers, 1, "A", "CA", "key", 3, TIME_NONE), ISSUERS_REFUSED);
	assert_int_equal(called(issuers, 1)->record.revoked_at, 1700000000);
}

/* doc/faults.md row 41 */
static void an_unreadable_certificate_does_not_hide_a_revocation(void **state)
{
	(void)state;
	cleanup(issuers_freep) struct issuers *issuers = new_issuers();
	const struct issuer *issuer = NULL;
	struct fault fault;
	struct db_issuer broken = {
		.record = {.id = 1, .name = "A", .version = 2, .revoked_at = 1700000000},
		.certificate = view_of_string("no certificate"),
	};
	assert_int_equal(issuers_apply(issuers, &broken, &issuer, &fault), -EINVAL);
	assert_non_null(strstr(fault.text, "\"A\""));
	issuers_begin(issuers, true);
	assert_int_equal(apply(issuers, 1, "A", "CA", "key", 1, TIME_NONE), ISSUERS_CHANGED);
	assert_int_equal(issuers_apply(issuers, &broken, &issuer, &fault), -EINVAL);
	assert_true(issuer->bad);
	assert_int_equal(issuer->record.revoked_at, 1700000000);
	assert_false(issuer_unusable(issuer));
	assert_int_equal(issuer->database_id, 1);
}

static void the_first_configured_issuer_that_is_missing_is_named(void **state)
{
	(void)state;
	cleanup(issuers_freep) struct issuers *issuers = new_issuers();
	assert_string_equal(issuers_missing(issuers)->name, "A");
	assert_int_equal(apply(issuers, 7, "A", "CA", "key", 1, TIME_NONE), ISSUERS_CHANGED);
	assert_string_equal(issuers_missing(issuers)->name, "B");
	assert_int_equal(issuers_by_section(issuers, 0)->database_id, 7);
	assert_null(issuers_by_section(issuers, 1));
	assert_int_equal(apply(issuers, 8, "unnamed", "X", "x", 1, TIME_NONE), ISSUERS_CHANGED);
	assert_null(called(issuers, 8)->section);
	assert_int_equal(apply(issuers, 9, "B", "Y", "y", 1, TIME_NONE), ISSUERS_CHANGED);
	assert_null(issuers_missing(issuers));
	assert_int_equal(called(issuers, 9)->section_index, 1);
}

static void the_nearest_name_is_one_that_no_section_has(void **state)
{
	(void)state;
	cleanup(issuers_freep) struct issuers *issuers = new_issuers();
	assert_null(issuers_nearest(issuers, "B"));
	assert_int_equal(apply(issuers, 1, "A", "CA", "key", 1, TIME_NONE), ISSUERS_CHANGED);
	assert_null(issuers_nearest(issuers, "B"));
	assert_int_equal(apply(issuers, 2, "Demo CA", "X", "x", 1, TIME_NONE), ISSUERS_CHANGED);
	assert_int_equal(apply(issuers, 3, "Other CA", "Y", "y", 1, TIME_NONE), ISSUERS_CHANGED);
	assert_string_equal(issuers_nearest(issuers, "Dmeo CA"), "Demo CA");
	assert_string_equal(issuers_nearest(issuers, "Othr CA"), "Other CA");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(name_alone_or_key_alone_never_matches),
		cmocka_unit_test(same_key_or_same_name_are_different_issuers),
		cmocka_unit_test(every_hash_matches_every_issuer),
		cmocka_unit_test(each_encoding_of_a_name_is_the_issuer),
		cmocka_unit_test(a_newer_version_brings_and_takes_encodings),
		cmocka_unit_test(an_issuers_own_subject_wins_over_a_learnt_name),
		cmocka_unit_test(names_that_cannot_be_read_are_left_out),
		cmocka_unit_test(a_revoked_issuer_stays_revoked),
		cmocka_unit_test(an_unreadable_certificate_does_not_hide_a_revocation),
		cmocka_unit_test(the_first_configured_issuer_that_is_missing_is_named),
		cmocka_unit_test(the_nearest_name_is_one_that_no_section_has),
	};
	conf = made_conf(CONF_LEDGER, MADE_DATABASE MADE_ISSUER("A") MADE_ISSUER("B"));
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	conf_free(conf);
	return failed;
}
