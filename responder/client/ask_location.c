/* Where the question goes: one request goes to one place. */
#include "client/asking.h"

#include <openssl/x509v3.h>
#include <stdio.h>

static void strings_freep(STACK_OF(OPENSSL_STRING) * *strings)
{
	X509_email_free(*strings);
}

/* The first http location of a certificate's authority information access, "" without one. */
static void locate(X509 *certificate, char *out, size_t size)
{
	cleanup(strings_freep) STACK_OF(OPENSSL_STRING) *urls = X509_get1_ocsp(certificate);
	*out = '\0';
	for (int i = 0; !*out && i < sk_OPENSSL_STRING_num(urls); i++)
		if (strncasecmp(sk_OPENSSL_STRING_value(urls, i), "http://", 7) == 0)
			(void)snprintf(out, size, "%s", sk_OPENSSL_STRING_value(urls, i));
}

static int agree_on_location(struct asking *asking, struct fault *fault)
{
	const struct ocsp_question *question = &asking->question;
	if (asking->wish->serials)
		return fault_set(fault, -EINVAL,
				 "a serial number does not say where its status is answered; give "
				 "--url");
	locate(question->certificates[0], asking->url_text, sizeof(asking->url_text));
	if (!*asking->url_text)
		return fault_set(fault, -EINVAL,
				 "%s: does not say where its status is answered; give --url",
				 asking->names[0]);
	for (unsigned i = 1; i < question->count; i++) {
		char other[sizeof(asking->url_text)];
		locate(question->certificates[i], other, sizeof(other));
		if (strcmp(other, asking->url_text) != 0)
			return fault_set(fault, -EINVAL,
					 "%s: is not answered where %s is; ask by itself or give "
					 "--url",
					 asking->names[i], asking->names[0]);
	}
	return 0;
}

int ask_locate(struct asking *asking, struct fault *fault)
{
	const char *given = asking->wish->url;
	int result = given ? 0 : agree_on_location(asking, fault);
	if (given)
		(void)snprintf(asking->url_text, sizeof(asking->url_text), "%s", given);
	return result ? result : client_url_parse(asking->url_text, &asking->url, fault);
}
