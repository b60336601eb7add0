#include "fetcher/arrival.h"

#include "base/record.h"
#include "ocsp/crl.h"
#include "ocsp/crl_pem.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define DER_SEQUENCE_OCTET 0x30

static void take_times(const struct crl *crl, struct arrival *arrival)
{
	if (crl->next_update == TIME_NONE ||
	    (arrival->next_update != TIME_NONE && arrival->next_update <= crl->next_update))
		return;
	arrival->this_update = crl->this_update;
	arrival->next_update = crl->next_update;
}

/* ---- PEM ---- */

static bool begins(struct view body, const char *with)
{
	size_t size = strlen(with);
	return body.size >= size && memcmp(body.data, with, size) == 0;
}

static int take_block(void *context, struct view der)
{
	struct crl crl;
	if (crl_read(der, &crl) == 0)
		take_times(&crl, context);
	return 0;
}

/* ---- what is none ---- */

/* As of the first header, which says how long the whole is; 0: it does not. */
static uint64_t said_size(struct view body)
{
	struct cursor c = cursor_of(body);
	(void)cursor_u8(&c);
	uint8_t first = cursor_u8(&c);
	unsigned octets = first & 0x7f;
	uint64_t size = 0;
	if (first < 0x80)
		return 2u + first;
	for (unsigned i = 0; i < octets && octets <= 4; i++)
		size = size << 8 | cursor_u8(&c);
	return c.failed || octets > 4 ? 0 : 2u + octets + size;
}

static int no_crl(struct view body, struct fault *fault)
{
	uint64_t said = body.size > 0 && body.data[0] == DER_SEQUENCE_OCTET ? said_size(body) : 0;
	if (body.size == 0)
		return fault_set(fault, -EBADMSG, "the answer is empty");
	if (said > body.size)
		return fault_set(fault, -EBADMSG, "the answer is cut off: %zu of %llu octets",
				 body.size, (unsigned long long)said);
	if (said > 0)
		return fault_set(fault, -EBADMSG, "the answer is no CRL, or a malformed one");
	return fault_set(fault, -EBADMSG, "the answer is no CRL: its first octet is 0x%02x%s",
			 body.data[0], body.data[0] == '<' ? ", as of a page in HTML" : "");
}

int arrival_read(struct view body, struct arrival *ret, struct fault *fault)
{
	struct crl crl;
	struct arrival arrival = {.this_update = TIME_NONE, .next_update = TIME_NONE};
	bool pem = begins(body, "-----BEGIN X509 CRL-----");
	if (!pem && crl_read(body, &crl) != 0)
		return no_crl(body, fault);
	if (!pem)
		take_times(&crl, &arrival);
	else if (crl_pem_each(body, take_block, &arrival) !=
		 0) /* who records it says what is wrong */
		arrival.next_update = TIME_NONE;
	*ret = arrival;
	return 0;
}

static int write_all(int fd, struct view body)
{
	while (body.size > 0) {
		ssize_t written = write(fd, body.data, body.size);
		if (written < 0 && errno != EINTR)
			return -errno;
		if (written > 0)
			body = view_of(body.data + written, body.size - (size_t)written);
	}
	return 0;
}

int arrival_seal(struct view body, int *ret)
{
	cleanup(descriptor_closep) int fd =
		memfd_create("stillgood.crl", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	int result = write_all(fd, body);
	if (result < 0)
		return result;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return -errno;
	*ret = fd;
	fd = -1;
	return 0;
}
