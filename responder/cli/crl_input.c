#include "cli/crl_input.h"

#include "cli/crl_url.h"
#include "ocsp/crl_pem.h"
#include "tool/certinput.h"

#include <fcntl.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <sys/stat.h>

#define READ_SIZE 1048576

struct reading {
	struct crl_inputs *inputs;
	struct import_report *report;
};

static void input_deinit(struct crl_input *input)
{
	free(input->place);
	buffer_deinit(&input->octets);
}

void crl_inputs_deinit(struct crl_inputs *inputs)
{
	for (size_t i = 0; i < inputs->count; i++)
		input_deinit(&inputs->list[i]);
	free(inputs->list);
	*inputs = (struct crl_inputs){0};
}

/* Takes the octets over. */
static int add(struct crl_inputs *inputs, const char *place, struct buffer *octets,
	       struct fault *fault)
{
	struct crl_input *list = realloc(inputs->list, (inputs->count + 1) * sizeof(*list));
	if (!list)
		return fault_set(fault, -ENOMEM, "%s: out of memory", place);
	inputs->list = list;
	struct crl_input *input = &list[inputs->count];
	*input = (struct crl_input){.place = strdup(place), .octets = *octets};
	*octets = (struct buffer){0};
	inputs->count++;
	return input->place ? 0 : fault_set(fault, -ENOMEM, "%s: out of memory", place);
}

/* One DER CRL. */
static int take(const struct reading *reading, const char *place, struct buffer *octets,
		struct fault *fault)
{
	struct crl crl;
	if (crl_read(buffer_view(octets), &crl)) {
		import_note(reading->report, IMPORT_PROBLEM,
			    "%s: the CRL is malformed, or not whole", place);
		return 0;
	}
	int result = add(reading->inputs, place, octets, fault);
	if (result)
		return result;
	struct crl_input *input = &reading->inputs->list[reading->inputs->count - 1];
	input->crl = crl;
	SHA256(crl.der.data, crl.der.size, input->sha256);
	return 0;
}

/* ---- PEM ---- */

struct pem {
	const struct reading *reading;
	const char *path;
	unsigned count;
	struct fault *fault;
};

static int take_block(void *context, struct view der)
{
	struct pem *pem = context;
	char place[CERTINPUT_PLACE_SIZE + 32];
	cleanup(buffer_deinit) struct buffer octets = {0};
	buffer_put_view(&octets, der);
	if (buffer_result(&octets))
		return fault_set(pem->fault, -ENOMEM, "%s: out of memory", pem->path);
	(void)snprintf(place, sizeof(place), pem->count ? "%s, CRL %u" : "%s", pem->path,
		       pem->count + 1);
	pem->count++;
	return take(pem->reading, place, &octets, pem->fault);
}

static int take_pem(const struct reading *reading, const char *path, struct view text,
		    unsigned *ret_count, struct fault *fault)
{
	struct pem pem = {.reading = reading, .path = path, .fault = fault};
	int result = crl_pem_each(text, take_block, &pem);
	*ret_count = pem.count;
	if (result != CRL_MALFORMED)
		return result;
	++*ret_count;
	import_note(reading->report, IMPORT_PROBLEM, "%s: a PEM block is damaged, or not whole",
		    path);
	return 0;
}

/* ---- the octets of a file ---- */

/* In a folder, a file that holds something else is passed over. */
static int take_octets(const struct reading *reading, const char *path, bool named,
		       struct buffer *octets, struct fault *fault)
{
	static const char begin[] = "-----BEGIN X509 CRL-----";
	struct view bytes = buffer_view(octets);
	enum import_finding finding = named ? IMPORT_PROBLEM : IMPORT_SKIPPED;
	unsigned count = 0;
	struct crl crl;
	if (bytes.size > 0 && bytes.data[0] == 0x30 && (named || crl_read(bytes, &crl) == 0))
		return take(reading, path, octets, fault);
	int result = 0;
	if (bytes.size > 0 && memmem(bytes.data, bytes.size, begin, sizeof(begin) - 1))
		result = take_pem(reading, path, bytes, &count, fault);
	if (result == 0 && count == 0)
		import_note(reading->report, finding, "%s: %s", path,
			    bytes.size ? "holds no CRL, neither DER nor PEM" : "is empty");
	return result;
}

static int read_all(int fd, const char *path, struct buffer *out, struct fault *fault)
{
	out->most = CRL_OCTETS_MOST;
	for (;;) {
		uint8_t *room = buffer_reserve(out, READ_SIZE);
		if (!room)
			return fault_set(fault, -EFBIG, "%s: over 1 GiB, or out of memory", path);
		ssize_t got = read(fd, room, READ_SIZE);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fault_set(fault, -errno, "%s: %s", path, strerror(errno));
		if (got == 0)
			return 0;
		out->size += (size_t)got;
	}
}

static int read_file(const char *path, struct buffer *out, struct fault *fault)
{
	cleanup(descriptor_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fault_set(fault, -errno, "%s: %s", path, strerror(errno));
	return read_all(fd, path, out, fault);
}

static int visit_file(void *context, const char *path, bool named, struct fault *fault)
{
	const struct reading *reading = context;
	cleanup(buffer_deinit) struct buffer octets = {0};
	struct fault why = {""};
	if (read_file(path, &octets, &why)) {
		import_note(reading->report, IMPORT_PROBLEM, "%s", why.text);
		return 0;
	}
	return take_octets(reading, path, named, &octets, fault);
}

static int add_url(const struct reading *reading, const char *url, struct fault *fault)
{
	cleanup(buffer_deinit) struct buffer octets = {0};
	struct fault why = {""};
	progress_say(&reading->report->progress, url);
	if (crl_url_fetch(url, reading->inputs->proxy, CRL_OCTETS_MOST, &octets, &why)) {
		import_note(reading->report, IMPORT_PROBLEM, "%s", why.text);
		return 0;
	}
	return take_octets(reading, url, true, &octets, fault);
}

int crl_inputs_add(struct crl_inputs *inputs, const char *operand, struct import_report *report,
		   struct fault *fault)
{
	struct reading reading = {.inputs = inputs, .report = report};
	struct fault why = {""};
	if (strstr(operand, "://"))
		return add_url(&reading, operand, fault);
	int result = certinput_walk(operand, visit_file, &reading, &why);
	if (result == 0)
		return 0;
	if (result == -ENOMEM)
		return fault_set(fault, result, "%s", why.text);
	import_note(report, IMPORT_PROBLEM, "%s", why.text);
	return 0;
}

int crl_inputs_add_descriptor(struct crl_inputs *inputs, int fd, const char *origin,
			      struct import_report *report, struct fault *fault)
{
	struct reading reading = {.inputs = inputs, .report = report};
	cleanup(buffer_deinit) struct buffer octets = {0};
	if (lseek(fd, 0, SEEK_SET) < 0 && errno != ESPIPE)
		return fault_set(fault, -errno, "%s: %s", origin, strerror(errno));
	int result = read_all(fd, origin, &octets, fault);
	return result ? result : take_octets(&reading, origin, true, &octets, fault);
}
