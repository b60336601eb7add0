/* Files that are said to hold certificates: each certificate lies in bounded memory, and every file
 * comes to an end, whatever is damaged in it. */
#include "ocsp/certificate.h"
#include "tool/certinput.h"

#include <stdio.h>
#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every step reads on: a file has no more steps than octets, and one for its end. */
static void read_all(struct certinput *file, size_t size)
{
	for (size_t steps = 0;; steps++) {
		struct certificate certificate;
		struct view der = {0};
		struct fault fault = {""};
		unsigned line = 0;
		if (steps > size + 1)
			abort();
		int result = certinput_next(file, &der, &line, &fault);
		if (result == 0 && certificate_read(der, &certificate) == 0 &&
		    certificate.der.size != der.size)
			abort();
		if (result == -EBADMSG && !*fault.text)
			abort();
		if (result != 0 && result != -EBADMSG)
			return;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(descriptor_closep) int fd = memfd_create("certinput", MFD_CLOEXEC);
	cleanup(certinput_closep) struct certinput *file = NULL;
	struct fault fault = {""};
	char path[64];
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size ||
	    certinput_open(path, &file, &fault) != 0)
		abort();
	read_all(file, size);
	if (certinput_nothing(file, &fault) != -EINVAL)
		abort();
	return 0;
}
