/* The journal's two files, as anything may have left them: the first octet says where the first file ends
 * (in 255ths). Whatever is recalled counts, what is written after it must be recalled too, and a file that
 * was told anew is whole. */
#include "ledger/journal.h"
#include "made_conf.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct siphash_key key = {.k0 = 3, .k1 = 4};
static const struct moment now = {.mono_us = 1};

struct files {
	struct buffer buffers[2];
	unsigned current;
};

static int append(void *context, struct view octets)
{
	struct files *files = context;
	buffer_put_view(&files->buffers[files->current], octets);
	return 0;
}

static int swap(void *context)
{
	struct files *files = context;
	files->current = !files->current;
	buffer_reset(&files->buffers[files->current]);
	return 0;
}

static const struct journal_ops ops = {append, swap};

static void expect(bool condition)
{
	if (!condition)
		abort();
}

/* A row of an issuer of ours, which no input can name but by this very identity. */
static void write_row(struct journal *journal, struct revoked *set, struct issuers *issuers)
{
	static const uint8_t identity[ISSUER_IDENTITY] = {1, 2, 3};
	const struct issuer *issuer = issuers_recall(issuers, identity);
	if (!issuer)
		return;
	struct cert_record row = {.issuer = issuer->record.id,
				  .serial = {.size = 2, .octets = {1, 2}},
				  .version = 3,
				  .status = CERT_REVOKED,
				  .reason = REASON_NONE,
				  .revoked_at = 5,
				  .invalidity_at = TIME_NONE,
				  .not_after = TIME_NONE};
	expect(revoked_recall(set, &row, false) == 0);
	journal_row(journal, &row);
	expect(journal_flush(journal) == 0);
}

/* Recalls, tells anew what must be, writes a row; returns the number of rows that are known then. */
static size_t life(struct files *files, size_t expected)
{
	static struct conf *conf;
	struct revoked *set = NULL;
	struct issuers *issuers = NULL;
	struct journal *journal = NULL;
	struct history history = {0};
	struct journal_recalled recalled;
	const struct view views[2] = {buffer_view(&files->buffers[0]),
				      buffer_view(&files->buffers[1])};
	if (!conf)
		conf = made_conf(CONF_LEDGER, MADE_DATABASE MADE_ISSUER("A"));
	expect(revoked_new(&key, &set) == 0 && issuers_new(conf, &key, &issuers) == 0 &&
	       journal_new(&ops, files, set, issuers, &journal) == 0);
	int result = journal_recall(journal, views, &history, &recalled);
	expect(result == 0 || result == -ENOMEM); /* more issuers than there may be */
	if (result == 0) {
		files->current = recalled.current;
		expect(expected == SIZE_MAX || (recalled.rows == expected && !recalled.damaged));
		while (journal_next(journal) == 0)
			expect(journal_turn(journal, now) == 0);
		write_row(journal, set, issuers);
	}
	size_t rows = result == 0 ? revoked_count(set) : SIZE_MAX;
	journal_free(journal);
	issuers_free(issuers);
	revoked_free(set);
	return rows;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct files files = {0};
	if (size == 0)
		return 0;
	size_t first = (size - 1) * data[0] / 255;
	buffer_put(&files.buffers[0], data + 1, first);
	buffer_put(&files.buffers[1], data + 1 + first, size - 1 - first);
	size_t rows = life(&files, SIZE_MAX);
	if (rows != SIZE_MAX)
		(void)life(&files, rows);
	buffer_deinit(&files.buffers[0]);
	buffer_deinit(&files.buffers[1]);
	return 0;
}
