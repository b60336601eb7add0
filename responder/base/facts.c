#include "base/facts.h"

#include "base/record.h"
#include "base/timetext.h"

bool crl_url_fits(struct view url)
{
	for (size_t i = 0; i < url.size; i++)
		if (url.data[i] <= ' ' || url.data[i] > '~')
			return false;
	return url.size > 0 && url.size <= LIMIT_CRL_URL;
}

bool crl_number_fits(struct view number)
{
	struct serial minimal;
	return number.size > 0 && number.size <= LIMIT_CRL_NUMBER &&
	       serial_set(&minimal, number) == 0 && number.data[0] < 0x80;
}

static struct view take_u16_sized(struct cursor *c)
{
	size_t size = cursor_u16(c);
	if (size == 0)
		cursor_fail(c);
	return cursor_take(c, size);
}

/* A 16-bit length and that many octets, which are one SCT or more, each with its 16-bit length; none
 * is empty (RFC 6962, 3.3). */
bool sct_list_fits(struct view list)
{
	struct cursor c = cursor_of(list);
	struct cursor scts = cursor_of(take_u16_sized(&c));
	if (list.size > LIMIT_SCT_LIST || cursor_end(&c) < 0)
		return false;
	while (!scts.failed && scts.rest.size > 0)
		(void)take_u16_sized(&scts);
	return !scts.failed;
}

bool facts_fit(const struct cert_facts *facts)
{
	return (facts->certificate_hash.size == 0 ||
		facts->certificate_hash.size == CERTIFICATE_HASH_SIZE) &&
	       (facts->crl_url.size == 0 || crl_url_fits(facts->crl_url)) &&
	       (facts->crl_number.size == 0 || crl_number_fits(facts->crl_number)) &&
	       facts->crl_time >= 0 && facts->crl_time <= TIME_MOST &&
	       (facts->sct_list.size == 0 || sct_list_fits(facts->sct_list));
}
