#include "warden/fingerprint.h"

#include "base/clock.h"
#include "conf/options.h"

#include <sys/stat.h>

/* A file may change again within one tick of the clock that times are taken from. */
#define FRESH_SECONDS 2

/* What is no file (a token's key, a credential) may be another one at any time. */
static void put_file(struct fingerprint *f, const char *path, struct buffer *out)
{
	struct stat status;
	int64_t now_s = wall_seconds(clock_now().wall_us);
	if (stat(path, &status) < 0 || !S_ISREG(status.st_mode) ||
	    now_s - status.st_ctim.tv_sec < FRESH_SECONDS) {
		f->sure = false;
		return;
	}
	const int64_t facts[] = {(int64_t)status.st_dev, (int64_t)status.st_ino,
				 status.st_size,         status.st_mode,
				 status.st_uid,          status.st_gid,
				 status.st_mtim.tv_sec,  status.st_mtim.tv_nsec,
				 status.st_ctim.tv_sec,  status.st_ctim.tv_nsec};
	buffer_put(out, facts, sizeof(facts));
}

static void put_files(struct fingerprint *f, enum option_section section, const void *base,
		      struct buffer *out)
{
	for (size_t i = 0; i < option_count; i++) {
		bool file = options[i].type == OPTION_PATH || options[i].type == OPTION_KEY ||
			    options[i].type == OPTION_PASSPHRASE;
		if (options[i].section != section || !file)
			continue;
		const char *path =
			*(char *const *)(const void *)((const char *)base + options[i].offset);
		if (path)
			put_file(f, path, out);
	}
}

struct fingerprint fingerprint_take(const struct conf *conf, const struct siphash_key *key)
{
	struct fingerprint f = {.sure = true, .key = *key};
	struct buffer text = {0};
	conf_render(conf, CONF_ALL, true, &text);
	for (unsigned i = 0; i < conf->issuer_count; i++) {
		const struct conf_issuer *issuer = &conf->issuers[i];
		put_files(&f, SECTION_ISSUER, issuer, &text);
		for (unsigned k = 0; k < issuer->signer_count; k++)
			put_files(&f, SECTION_SIGNER, &issuer->signers[k], &text);
	}
	f.sure = f.sure && buffer_result(&text) == 0;
	f.hash = siphash(&f.key, buffer_view(&text));
	if (text.data)
		explicit_bzero(text.data, text.size); /* conninfo */
	buffer_deinit(&text);
	return f;
}

bool fingerprint_same(const struct fingerprint *a, const struct fingerprint *b)
{
	return a->sure && b->sure && a->hash == b->hash;
}
