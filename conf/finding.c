#include "conf/finding.h"

#include "conf/options.h"

/* A finding's requirement where it is the profile itself (doc/protocol.md, F). */
#define BY_PROFILE "F"

#define SILENT SEVERITY_NONE
#define WARNED SEVERITY_WARNING
#define REFUSE SEVERITY_REFUSED
/* In the order of enum profile: private, webpki, smime, codesigning, qualified, lightweight. */
#define EVERYWHERE(severity) severity, severity, severity, severity, severity, severity
/* What the CA/Browser Forum's documents for TLS, S/MIME and code signing agree on. */
#define FORUM(elsewhere) elsewhere, REFUSE, REFUSE, REFUSE, elsewhere, elsewhere
#define WEBPKI(elsewhere) elsewhere, REFUSE, elsewhere, elsewhere, elsewhere, elsewhere
#define LIGHTWEIGHT SILENT, SILENT, SILENT, SILENT, SILENT, REFUSE

static const struct {
	const char *requirement;
	const char *words;
	enum severity severities[PROFILE_COUNT];
} rows[FINDING_COUNT] = {
	[FINDING_COMPLETE_NO] = {"P-22",
				 "CRL-only: a serial number that is not in the database is "
				 "answered good while the issuer's CRL lasts",
				 {WARNED, REFUSE, REFUSE, REFUSE, REFUSE, WARNED}},
	[FINDING_VALIDITY_UNDER_8H] = {BY_PROFILE, "validity is below 8 hours", {FORUM(SILENT)}},
	[FINDING_VALIDITY_OVER_7D] = {BY_PROFILE, "validity is above 7 days", {WEBPKI(SILENT)}},
	/* webpki: the narrower row above speaks. */
	[FINDING_VALIDITY_OVER_10D] = {BY_PROFILE,
				       "validity is above 10 days",
				       {SILENT, SILENT, REFUSE, REFUSE, SILENT, SILENT}},
	[FINDING_ANSWERS_WITHOUT_END] = {BY_PROFILE,
					 "answers have no end, so a later revocation would not be "
					 "heard of",
					 {WARNED, REFUSE, REFUSE, REFUSE, SILENT, WARNED}},
	[FINDING_EXPIRED_NOT_ANSWERED] = {BY_PROFILE,
					  "certificates are not answered any more once they "
					  "have expired",
					  {SILENT, SILENT, SILENT, REFUSE, REFUSE, SILENT}},
	[FINDING_ARCHIVE_UNDER_10Y] = {BY_PROFILE,
				       "answers say that status is kept for less than 10 years",
				       {SILENT, SILENT, SILENT, REFUSE, SILENT, SILENT}},
	[FINDING_ARCHIVE_NOT_ISSUER] = {BY_PROFILE,
					"answers do not say that status is kept since the CA's "
					"certificate began; set archive_cutoff = issuer",
					{SILENT, SILENT, SILENT, SILENT, REFUSE, SILENT}},
	[FINDING_NO_CERT_HASH] = {BY_PROFILE,
				  "good does not say of which certificate; set cert_hash = yes",
				  {SILENT, SILENT, SILENT, SILENT, WARNED, SILENT}},
	[FINDING_NONCE_ECHOED] = {BY_PROFILE, "a nonce is echoed", {LIGHTWEIGHT}},
	[FINDING_NAMED_BY_NAME] = {BY_PROFILE,
				   "answers name the signer by its subject",
				   {LIGHTWEIGHT}},
	[FINDING_EXTENDED_REVOKE] = {BY_PROFILE,
				     "serial numbers never issued are answered with a response "
				     "extension",
				     {LIGHTWEIGHT}},
	[FINDING_SIGNED_ONLY] = {BY_PROFILE,
				 "answers for signed requests only are for no cache; restrict "
				 "access by other means",
				 {LIGHTWEIGHT}},
	[FINDING_HOLD_STAYS] = {BY_PROFILE,
				"a certificate that the database releases stays on hold for as "
				"long as this process remembers the hold, and no longer; let "
				"nobody release any",
				{EVERYWHERE(WARNED)}},

	[FINDING_PROOF_FAILED] = {"P-35", "the signer cannot be used", {EVERYWHERE(REFUSE)}},
	[FINDING_NOCHECK_ABSENT] = {"P-35",
				    "lacks id-pkix-ocsp-nocheck: some clients will ask for the "
				    "signer's own status",
				    {FORUM(WARNED)}},
	[FINDING_NOCHECK_VALUE] = {"P-35",
				   "its id-pkix-ocsp-nocheck is not NULL (05 00), so clients may "
				   "not accept it",
				   {FORUM(WARNED)}},
	[FINDING_KEY_USAGE_ABSENT] = {"P-35",
				      "lacks the key usage digitalSignature",
				      {FORUM(WARNED)}},
	[FINDING_OWN_KEY_USAGE] = {"P-35",
				   "the CA signs answers itself, but its key usage does not allow "
				   "digitalSignature, and some clients check; prefer a delegated "
				   "signer",
				   {FORUM(WARNED)}},
	[FINDING_SIGNER_IS_CA] = {"P-39",
				  "a signer certificate should not be a CA's",
				  {WEBPKI(WARNED)}},
	[FINDING_SIGNER_POLICIES] = {"P-39",
				     "a signer certificate should have no policies",
				     {WEBPKI(WARNED)}},
	[FINDING_SIGNER_CRL_POINTS] = {"P-39",
				       "a signer certificate should have no CRL distribution "
				       "points: nocheck says that nobody looks",
				       {WEBPKI(WARNED)}},
	[FINDING_SIGNER_ALTERNATIVE_NAMES] = {"P-39",
					      "a signer certificate should have no alternative "
					      "names",
					      {WEBPKI(WARNED)}},
	[FINDING_SIGNER_NAME_CONSTRAINTS] = {"P-39",
					     "a signer certificate should have no name "
					     "constraints",
					     {WEBPKI(WARNED)}},
	[FINDING_SIGNER_NAMES_RESPONDER] = {BY_PROFILE,
					    "a signer certificate should name no OCSP responder "
					    "for itself",
					    {SILENT, SILENT, SILENT, SILENT, SILENT, WARNED}},
	[FINDING_WEAK_SIGNATURE] = {"P-39",
				    "is signed with a weak digest (SHA-1 or older)",
				    {FORUM(WARNED)}},
	[FINDING_CA_NOT_CA] = {"P-35",
			       "is not a CA's certificate by its basic constraints",
			       {EVERYWHERE(WARNED)}},
	[FINDING_CA_SIGNS_OCSP] = {"P-39",
				   "the CA itself has the extended key usage OCSPSigning without "
				   "nocheck: it could answer for its own issuer",
				   {WEBPKI(WARNED)}},
	[FINDING_SIGNER_ENDS_SOON] = {"P-37", "expires soon; renew it", {EVERYWHERE(WARNED)}},
	[FINDING_SIGNER_EARLY] = {"P-37", "is not valid yet; it waits for", {EVERYWHERE(WARNED)}},
	[FINDING_SIGNER_EXPIRED] = {"P-37", "has expired; it signs no more", {EVERYWHERE(WARNED)}},
	[FINDING_CA_EXPIRED] = {"P-33", "the CA has expired", {EVERYWHERE(WARNED)}},
	[FINDING_MORE_CERTIFICATES] = {"P-26",
				       "holds more than one certificate; the first is used",
				       {EVERYWHERE(WARNED)}},
	[FINDING_LARGE_ANSWER] = {"P-31",
				  "its answers do not fit the 10,240 octets that some servers have "
				  "for a staple",
				  {EVERYWHERE(WARNED)}},
	[FINDING_KEY_OPEN] = {"",
			      "everybody may read this secret; chmod o-r it",
			      {EVERYWHERE(REFUSE)}},
	[FINDING_KEY_NOT_ENCRYPTED] = {"P-35",
				       "a passphrase is given for it, but it is stored without one",
				       {EVERYWHERE(WARNED)}},
	[FINDING_TOKEN_AWAY] = {"P-35",
				"its token cannot be used now; without another signer answers are "
				"tryLater until it can",
				{EVERYWHERE(WARNED)}},

	[FINDING_HELD] = {BY_PROFILE,
			  "certificates are on hold; revoke or release them",
			  {FORUM(SILENT)}},
	[FINDING_CA_REASON] = {BY_PROFILE,
			       "a CA's certificate is revoked without one of the reasons "
			       "keyCompromise, affiliationChanged, superseded, "
			       "cessationOfOperation and privilegeWithdrawn",
			       {WEBPKI(SILENT)}},
};

enum severity finding_severity(enum finding_kind kind, enum profile profile)
{
	return rows[kind].severities[profile];
}

const char *finding_words(enum finding_kind kind)
{
	return rows[kind].words;
}

void finding_requirement(enum finding_kind kind, enum profile profile, char *ret, size_t size)
{
	const char *requirement = rows[kind].requirement;
	bool own = strcmp(requirement, BY_PROFILE) == 0;
	(void)snprintf(ret, size, "%s%s%s", requirement, own ? "-" : "",
		       own ? option_word(option_find(SECTION_ISSUER, "profile"), profile) : "");
}

/* ---- the list ---- */

/* A CA with several signers is looked at once for each. */
static bool is_known(const struct findings *findings, const struct finding *item)
{
	for (size_t i = 0; i < findings->count; i++)
		if (findings->items[i].kind == item->kind &&
		    strcmp(findings->items[i].text, item->text) == 0)
			return true;
	return false;
}

static void append(struct findings *findings, const struct finding *item)
{
	struct finding *items =
		reallocarray(findings->items, findings->count + 1, sizeof(*findings->items));
	if (!items) {
		findings->failed = true;
		return;
	}
	findings->items = items;
	items[findings->count++] = *item;
}

static void write_text(struct finding *item, const char *object, const char *tail)
{
	struct fault text;
	(void)fault_set(&text, 0, "%s%s%s%s%s", object ? object : "", object ? ": " : "",
			finding_words(item->kind), *tail ? ": " : "", tail);
	memcpy(item->text, text.text, sizeof(item->text));
}

void findings_add(struct findings *findings, enum finding_kind kind, const char *object,
		  const char *detail, ...)
{
	char tail[FAULT_TEXT_SIZE] = "";
	struct finding item = {.kind = kind, .severity = finding_severity(kind, findings->profile)};
	if (item.severity == SEVERITY_NONE)
		return;
	if (detail) {
		va_list arguments;
		va_start(arguments, detail);
		(void)vsnprintf(tail, sizeof(tail), detail, arguments);
		va_end(arguments);
	}
	finding_requirement(kind, findings->profile, item.requirement, sizeof(item.requirement));
	write_text(&item, object, tail);
	if (!is_known(findings, &item))
		append(findings, &item);
}

void findings_deinit(struct findings *findings)
{
	free(findings->items);
	*findings = (struct findings){0};
}

unsigned findings_refused(const struct findings *findings)
{
	unsigned refused = findings->failed;
	for (size_t i = 0; i < findings->count; i++)
		refused += findings->items[i].severity == SEVERITY_REFUSED;
	return refused;
}
