#include "conf/profile.h"

#include "base/clock.h"
#include "conf/options.h"
#include "conf/value.h"

#define HOUR_US (3600 * SECOND_US)
#define DAY_US (24 * HOUR_US)
#define DAY INT64_C(86400)

/* What differs from the options' own defaults; none of it may be what the profile refuses. */
static const struct {
	enum profile profile;
	const char *option, *standard;
} standards[] = {
	/* A day leaves half a day to mend an instance before the oldest answer ends. */
	{PROFILE_WEBPKI, "validity", "1d"},
	{PROFILE_SMIME, "validity", "1d"},
	{PROFILE_CODESIGNING, "validity", "1d"},
	/* Browsers and staplers send none, so that every nonce only costs a signature. */
	{PROFILE_WEBPKI, "nonce", "ignore"},
	{PROFILE_LIGHTWEIGHT, "nonce", "ignore"},
	/* RFC 9654 knows no raw nonces, and nobody who sends one is a client of these. */
	{PROFILE_WEBPKI, "raw_nonce", "refuse"},
	{PROFILE_LIGHTWEIGHT, "raw_nonce", "refuse"},
	/* Signatures are verified long after their certificates have expired. */
	{PROFILE_CODESIGNING, "archive_cutoff", "3653d"},
	/* ETSI EN 319 411-2: status is kept after expiry, and good is a positive statement. */
	{PROFILE_QUALIFIED, "archive_cutoff", "issuer"},
	{PROFILE_QUALIFIED, "cert_hash", "yes"},
};

const char *profile_name(enum profile profile)
{
	return option_word(option_find(SECTION_ISSUER, "profile"), profile);
}

const char *profile_standard(enum profile profile, const char *option)
{
	for (size_t i = 0; i < array_size(standards); i++)
		if (standards[i].profile == profile && strcmp(standards[i].option, option) == 0)
			return standards[i].standard;
	return NULL;
}

/* Of the CA/Browser Forum: TLS, S/MIME and code signing. */
static bool is_forum(enum profile profile)
{
	switch (profile) {
	case PROFILE_WEBPKI:
	case PROFILE_SMIME:
	case PROFILE_CODESIGNING:
		return true;
	case PROFILE_PRIVATE:
	case PROFILE_QUALIFIED:
	case PROFILE_LIGHTWEIGHT:
		break;
	}
	return false;
}

int64_t profile_refresh_most(enum profile profile)
{
	return is_forum(profile) ? 4 * DAY : INT64_MAX;
}

int64_t profile_life_most(enum profile profile)
{
	return is_forum(profile) ? 10 * DAY : INT64_MAX;
}

/* ---- what is refused ---- */

/* As the option stands in the file: "validity = 4h". */
static void judge_option(const struct conf_issuer *issuer, enum finding_kind kind,
			 const char *option, struct findings *ret)
{
	struct buffer text = {0};
	buffer_printf(&text, "%s = ", option);
	value_print(option_find(SECTION_ISSUER, option), issuer, &text);
	buffer_put_u8(&text, '\0');
	findings_add(ret, kind, text.failed ? option : (char *)text.data, NULL);
	buffer_deinit(&text);
}

static void judge_validity(const struct conf_issuer *issuer, struct findings *ret)
{
	if (issuer->validity_us < 8 * HOUR_US)
		judge_option(issuer, FINDING_VALIDITY_UNDER_8H, "validity", ret);
	if (issuer->validity_us > 7 * DAY_US)
		judge_option(issuer, FINDING_VALIDITY_OVER_7D, "validity", ret);
	if (issuer->validity_us > 10 * DAY_US)
		judge_option(issuer, FINDING_VALIDITY_OVER_10D, "validity", ret);
}

/* Ten years, two or three of them leap years. */
#define TEN_YEARS_US (3652 * DAY_US)

static void judge_archive(const struct conf_issuer *issuer, struct findings *ret)
{
	int64_t kept = issuer->archive_cutoff_us;
	if (kept != ARCHIVE_CUTOFF_NONE && kept != ARCHIVE_CUTOFF_ISSUER && kept < TEN_YEARS_US)
		judge_option(issuer, FINDING_ARCHIVE_UNDER_10Y, "archive_cutoff", ret);
	if (kept != ARCHIVE_CUTOFF_ISSUER)
		judge_option(issuer, FINDING_ARCHIVE_NOT_ISSUER, "archive_cutoff", ret);
	if (!issuer->extensions[EXTENSION_CERT_HASH])
		judge_option(issuer, FINDING_NO_CERT_HASH, "cert_hash", ret);
}

void profile_judge(const struct conf_issuer *issuer, struct findings *ret)
{
	if (!issuer->policy.complete)
		judge_option(issuer, FINDING_COMPLETE_NO, "complete", ret);
	judge_validity(issuer, ret);
	if (issuer->final_answers)
		judge_option(issuer, FINDING_ANSWERS_WITHOUT_END, "final_answers", ret);
	if (issuer->policy.expired != EXPIRED_ANSWER)
		judge_option(issuer, FINDING_EXPIRED_NOT_ANSWERED, "expired", ret);
	judge_archive(issuer, ret);
	if (issuer->nonce == NONCE_ECHO)
		judge_option(issuer, FINDING_NONCE_ECHOED, "nonce", ret);
	if (issuer->responder_id == OCSP_BY_NAME)
		judge_option(issuer, FINDING_NAMED_BY_NAME, "responder_id", ret);
	if (issuer->policy.unassigned == UNASSIGNED_REVOKED)
		judge_option(issuer, FINDING_EXTENDED_REVOKE, "unassigned", ret);
	if (issuer->signed_requests == SIGNED_REQUIRE)
		judge_option(issuer, FINDING_SIGNED_ONLY, "signed_requests", ret);
	if (!issuer->hold_releasable)
		judge_option(issuer, FINDING_HOLD_STAYS, "hold_releasable", ret);
}
