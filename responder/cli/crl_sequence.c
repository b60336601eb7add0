#include "cli/crl_sequence.h"

#include "base/limits.h"

#include <string.h>

int crl_number_compare(struct view a, struct view b)
{
	if (a.size != b.size)
		return a.size < b.size ? -1 : 1;
	return view_compare(a, b);
}

/* 20 octets have at most 48 digits. */
void crl_number_text(struct view number, char out[CRL_NUMBER_TEXT])
{
	uint8_t rest[LIMIT_CRL_NUMBER] = {0};
	char digits[CRL_NUMBER_TEXT];
	size_t size = number.size < sizeof(rest) ? number.size : sizeof(rest), count = 0;
	bool more = true;
	if (size > 0)
		memcpy(rest, number.data, size);
	while (more && count < sizeof(digits) - 1) {
		unsigned remainder = 0;
		more = false;
		for (size_t i = 0; i < size; i++) {
			unsigned value = remainder * 256 + rest[i];
			rest[i] = (uint8_t)(value / 10);
			remainder = value % 10;
			more = more || rest[i];
		}
		digits[count++] = (char)('0' + remainder);
	}
	for (size_t i = 0; i < count; i++)
		out[i] = digits[count - 1 - i];
	out[count] = '\0';
}

struct numbers {
	char its[CRL_NUMBER_TEXT], base[CRL_NUMBER_TEXT], known[CRL_NUMBER_TEXT];
};

static struct numbers numbers_of(const struct crl *crl, const struct crl_known *known)
{
	struct numbers numbers;
	crl_number_text(crl->number, numbers.its);
	crl_number_text(crl->base_number, numbers.base);
	crl_number_text(known->number, numbers.known);
	return numbers;
}

static bool is_full_one_known(const struct crl_known *known)
{
	return view_equal(known->number, known->full_number);
}

/* A full CRL and a delta that are issued together have the same number, and the full one says all that the delta
 * says. Beside these, two CRLs of one number are a fault of the CA, or one of them is forged. */
static enum crl_place place_of_same(const struct crl *crl, const struct crl_known *known,
				    struct fault *why)
{
	bool delta = crl->base_number.size > 0;
	if (delta && is_full_one_known(known))
		return CRL_KNOWN;
	if (!delta && (!is_full_one_known(known) || known->sha256.size == 0))
		return CRL_FOLLOWS;
	(void)fault_set(why, 0, "number %s was another CRL before: a CA never uses a number twice",
			crl->number.size ? numbers_of(crl, known).its : "(none)");
	return CRL_MISPLACED;
}

/* Where there are no numbers, thisUpdate takes their place. */
static int compare(const struct crl *crl, const struct crl_known *known)
{
	if (crl->number.size > 0 && known->number.size > 0)
		return crl_number_compare(crl->number, known->number);
	return (crl->this_update > known->this_update) - (crl->this_update < known->this_update);
}

static enum crl_place place_of_delta(const struct crl *crl, const struct crl_known *known,
				     struct fault *why)
{
	const struct numbers numbers = numbers_of(crl, known);
	if (!known->there || known->number.size == 0)
		(void)fault_set(why, 0,
				"a delta to CRL number %s, but no full CRL of the same scope was "
				"imported before",
				numbers.base);
	else if (crl_number_compare(crl->base_number, known->number) > 0)
		(void)fault_set(why, 0,
				"a delta to CRL number %s, but the database has only number %s: "
				"import the full CRL first",
				numbers.base, numbers.known);
	else
		return CRL_FOLLOWS;
	return CRL_MISPLACED;
}

/* False: it goes back. */
static bool is_newer(const struct crl *crl, const struct crl_known *known, int order,
		     struct fault *why)
{
	bool numbered = crl->number.size > 0;
	const struct numbers numbers = numbers_of(crl, known);
	if (known->number.size > 0 && !numbered)
		(void)fault_set(why, 0, "it has no CRL number, and the last one had %s",
				numbers.known);
	else if (order < 0 && known->number.size > 0)
		(void)fault_set(why, 0, "it is older: its number is %s, the database has %s",
				numbers.its, numbers.known);
	else if (crl->this_update < known->this_update)
		(void)fault_set(why, 0,
				"it is older: its thisUpdate is before that of the last one");
	else
		return true;
	return false;
}

enum crl_place crl_place_of(const struct crl *crl, struct view sha256,
			    const struct crl_known *known, struct fault *why)
{
	if (known->there) {
		int order = compare(crl, known);
		if (known->sha256.size > 0 && view_equal(sha256, known->sha256))
			return CRL_KNOWN;
		if (!is_newer(crl, known, order, why))
			return CRL_MISPLACED;
		if (order == 0)
			return place_of_same(crl, known, why);
	}
	return crl->base_number.size > 0 ? place_of_delta(crl, known, why) : CRL_FOLLOWS;
}
