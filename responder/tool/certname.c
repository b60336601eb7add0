#include "tool/certname.h"

#include "base/hex.h"
#include "tool/output.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <stdio.h>

static void x509_name_freep(X509_NAME **name)
{
	X509_NAME_free(*name);
}

static void bio_freep(BIO **bio)
{
	BIO_free(*bio);
}

static X509_NAME *name_read(struct view der)
{
	const unsigned char *p = der.data;
	X509_NAME *name = d2i_X509_NAME(NULL, &p, (long)der.size);
	ERR_clear_error();
	return name;
}

char *certname_subject(struct view der)
{
	const unsigned long flags =
		(XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) | ASN1_STRFLGS_UTF8_CONVERT;
	cleanup(x509_name_freep) X509_NAME *name = name_read(der);
	cleanup(bio_freep) BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	if (!name || !bio || X509_NAME_print_ex(bio, name, 0, flags) < 0)
		return strdup("");
	long size = BIO_get_mem_data(bio, &text);
	struct buffer out = {0};
	output_text(&out, view_of(text, (size_t)size));
	buffer_put_u8(&out, '\0');
	if (buffer_result(&out) == 0)
		return (char *)out.data;
	buffer_deinit(&out);
	return NULL;
}

static void put_attribute(struct buffer *out, const X509_NAME_ENTRY *entry)
{
	char oid[80];
	const ASN1_OBJECT *object = X509_NAME_ENTRY_get_object(entry);
	int nid = OBJ_obj2nid(object);
	(void)OBJ_obj2txt(oid, sizeof(oid), object, 1);
	buffer_printf(out, "%s=%s", nid == NID_undef ? oid : OBJ_nid2sn(nid),
		      ASN1_tag2str(ASN1_STRING_type(X509_NAME_ENTRY_get_data(entry))));
}

char *certname_encoding(struct view der)
{
	cleanup(x509_name_freep) X509_NAME *name = name_read(der);
	struct buffer out = {0};
	for (int i = 0; name && i < X509_NAME_entry_count(name); i++) {
		if (i)
			buffer_put_u8(&out, ',');
		put_attribute(&out, X509_NAME_get_entry(name, i));
	}
	buffer_put_u8(&out, '\0');
	if (buffer_result(&out) == 0)
		return (char *)out.data;
	buffer_deinit(&out);
	return NULL;
}

/* No more than `most` octets, and no character in halves. */
static size_t utf8_cut(const char *text, size_t size, size_t most)
{
	if (size <= most)
		return size;
	while (most > 0 && ((unsigned char)text[most] & 0xc0) == 0x80)
		most--;
	return most;
}

static void clean(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = ' ';
		else if (*text == '"')
			*text = '\'';
		else if (*text == '[')
			*text = '(';
		else if (*text == ']')
			*text = ')';
		else if (*text == '\\')
			*text = '/';
	}
}

/* The last (most specific) attribute of this type as UTF-8. */
static bool take_attribute(const X509_NAME *name, int nid, char *ret, size_t most)
{
	int at = -1;
	for (int i = -1; (i = X509_NAME_get_index_by_NID(name, nid, i)) >= 0;)
		at = i;
	if (at < 0)
		return false;
	const ASN1_STRING *value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
	unsigned char *utf8 = NULL;
	int size = ASN1_STRING_to_UTF8(&utf8, value);
	ERR_clear_error();
	if (size <= 0) {
		OPENSSL_free(utf8);
		return false;
	}
	size_t fit = utf8_cut((const char *)utf8, (size_t)size, most);
	memcpy(ret, utf8, fit);
	ret[fit] = '\0';
	OPENSSL_free(utf8);
	clean(ret);
	return *ret != '\0';
}

void certname_derive(struct view der, char ret[LIMIT_ISSUER_NAME + 1])
{
	static const int attributes[] = {NID_commonName, NID_organizationalUnitName,
					 NID_organizationName};
	cleanup(x509_name_freep) X509_NAME *name = name_read(der);
	for (size_t i = 0; name && i < array_size(attributes); i++)
		if (take_attribute(name, attributes[i], ret, LIMIT_ISSUER_NAME))
			return;
	memcpy(ret, "Issuer", sizeof("Issuer"));
}

void certname_distinguish(char name[LIMIT_ISSUER_NAME + 1], struct view key_id, size_t digits)
{
	char hex[2 * 64 + 1];
	if (key_id.size > 64)
		key_id.size = 64;
	hex_put(hex, key_id);
	if (digits > strlen(hex))
		digits = strlen(hex);
	size_t end = utf8_cut(name, strlen(name), LIMIT_ISSUER_NAME - 1 - digits);
	(void)snprintf(name + end, LIMIT_ISSUER_NAME + 1 - end, " %.*s", (int)digits, hex);
}
