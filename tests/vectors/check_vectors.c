/* check_vectors ocsp_request|certificate FOLDER: reads FOLDER/KIND.manifest, gives each file that it
 * names to our reader, and compares what it says with the rest of the line. */
#include "base/file.h"
#include "base/hex.h"
#include "ocsp/certificate.h"
#include "ocsp/request.h"

#define MOST_FILE ((size_t)2 * LIMIT_REQUEST_BODY)

static void put_hex(struct buffer *out, struct view octets)
{
	char text[2 * MOST_FILE + 1];
	hex_put(text, octets);
	buffer_put_string(out, octets.size ? text : "-");
}

static void describe_certids(struct buffer *out, const struct ocsp_request *request)
{
	buffer_put_string(out, " serials=");
	for (unsigned i = 0; i < request->certid_count; i++) {
		buffer_put_string(out, i ? "," : "");
		put_hex(out, request->certids[i].serial);
	}
	buffer_put_string(out, " hashes=");
	for (unsigned i = 0; i < request->certid_count; i++)
		buffer_printf(out, "%s%d", i ? "," : "", (int)request->certids[i].hash);
}

static void describe_request(struct buffer *out, struct view der)
{
	static const struct ocsp_request_policy policy = {.most_certids = LIMIT_CERTIDS};
	struct ocsp_request request;
	if (ocsp_request_parse(der, &policy, &request) != 0) {
		buffer_put_string(out, "malformed");
		return;
	}
	buffer_put_string(out, "ok");
	describe_certids(out, &request);
	buffer_put_string(out, request.raw_nonce ? " nonce=raw:" : " nonce=");
	put_hex(out, request.nonce);
	buffer_printf(out, " signed=%d preferred=%u", request.is_signed, request.preferred_count);
}

static void describe_certificate(struct buffer *out, struct view der)
{
	struct certificate certificate;
	if (certificate_read(der, &certificate) != 0) {
		buffer_put_string(out, "malformed");
		return;
	}
	buffer_put_string(out, "ok serial=");
	put_hex(out, certificate.serial);
	buffer_printf(out,
		      " not_before=%lld not_after=%lld key=", (long long)certificate.not_before,
		      (long long)certificate.not_after);
	put_hex(out, certificate.key_bits);
	buffer_put_string(out, " akid=");
	put_hex(out, certificate.authority_key_id);
	buffer_put_string(out, " skid=");
	put_hex(out, certificate.subject_key_id);
}

static const struct kind {
	const char *name;
	void (*describe)(struct buffer *out, struct view der);
} kinds[] = {{"ocsp_request", describe_request}, {"certificate", describe_certificate}};

/* 0, 1 where the reader says something else, -1 where the file cannot be read. */
static int check(const struct kind *kind, const char *folder, const char *name,
		 const char *expected)
{
	char path[16384]; /* a folder and a name, each of a manifest line's length at most */
	struct fault fault;
	cleanup(buffer_deinit) struct buffer der = {0}, found = {0};
	(void)snprintf(path, sizeof(path), "%s/%s/%s", folder, kind->name, name);
	if (file_read(path, MOST_FILE, &der, &fault) < 0) {
		(void)fprintf(stderr, "%s\n", fault.text);
		return -1;
	}
	kind->describe(&found, buffer_view(&der));
	if (view_equal(buffer_view(&found), view_of_string(expected)))
		return 0;
	(void)fprintf(stderr, "%s: expected %s\n  found %.*s\n", path, expected, (int)found.size,
		      (const char *)found.data);
	return 1;
}

/* Each line is a name, a space and what is expected. */
static int check_manifest(const struct kind *kind, const char *folder, FILE *manifest)
{
	char line[8192];
	int count = 0, failures = 0;
	while (fgets(line, sizeof(line), manifest)) {
		line[strcspn(line, "\n")] = 0;
		char *space = strchr(line, ' ');
		if (!space)
			return 1;
		*space = 0;
		count++;
		failures += check(kind, folder, line, space + 1) != 0;
	}
	printf("%s: %d vectors, %d failed\n", kind->name, count, failures);
	return count == 0 || failures > 0;
}

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 3 && i < array_size(kinds); i++) {
		if (strcmp(argv[1], kinds[i].name) != 0)
			continue;
		char path[4096];
		(void)snprintf(path, sizeof(path), "%s/%s.manifest", argv[2], argv[1]);
		FILE *manifest = fopen(path, "re");
		if (!manifest) {
			perror(path);
			return 1;
		}
		int result = check_manifest(&kinds[i], argv[2], manifest);
		(void)fclose(manifest);
		return result;
	}
	(void)fprintf(stderr, "usage: check_vectors ocsp_request|certificate FOLDER\n");
	return 2;
}
