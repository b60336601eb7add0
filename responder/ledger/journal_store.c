#include "ledger/journal_store.h"

#include "base/log.h"

#include <sys/stat.h>

/* A file of the kept answers may be longer than its half by what was written last. */
#define SLACK (UINT64_C(2) << 20)

/* What could be read counts. */
static void read_file(const struct journal_store *store, unsigned index, uint64_t most,
		      struct buffer *ret)
{
	int fd = store->fd[index];
	struct stat status;
	ssize_t got = fstat(fd, &status) < 0 ? -1 : 1;
	size_t size = got < 0 ? 0 : (size_t)status.st_size;
	if (size > most)
		size = (size_t)most;
	while (got > 0 && ret->size < size) {
		uint8_t *at = buffer_reserve(ret, size - ret->size);
		got = at ? pread(fd, at, size - ret->size, (off_t)ret->size) : -1;
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			ret->size += (size_t)got;
	}
	if (got < 0)
		log_error("the %s cannot be read, what was read counts file=%u octets=%zu: %s",
			  store->name, index, ret->size, strerror(errno));
}

/* Half a record is worse than none: it is taken out again. */
static int give_up(const struct journal_store *store, int error)
{
	if (ftruncate(store->fd[store->current], store->size) < 0)
		log_error("the %s has half a record: %s", store->name, strerror(errno));
	return error;
}

static void take_over(struct journal_store *store, const char *name, bool safe,
		      const int descriptors[2])
{
	*store = (struct journal_store){
		.name = name, .safe = safe, .fd = {descriptors[0], descriptors[1]}};
}

int journal_store_open(struct journal_store *store, const int descriptors[2], struct ledger *ledger,
		       struct fault *fault)
{
	struct buffer files[2] = {{0}, {0}};
	struct view views[2];
	take_over(store, "journal of revocations", true, descriptors);
	for (unsigned i = 0; i < 2; i++) {
		read_file(store, i, UINT64_MAX, &files[i]);
		views[i] = buffer_view(&files[i]);
	}
	if (views[0].size + views[1].size == 0)
		log_info("the journal of revocations is empty, it is built from the database");
	int result = ledger_recall(ledger, views, &store->current);
	store->size = (off_t)views[store->current].size;
	for (unsigned i = 0; i < 2; i++)
		buffer_deinit(&files[i]);
	return result < 0 ? fault_set(fault, result, "the journal cannot be recalled: %s",
				      strerror(-result))
			  : 0;
}

void journal_store_open_answers(struct journal_store *store, const int descriptors[2],
				uint64_t most, struct ledger *ledger)
{
	struct buffer files[2] = {{0}, {0}};
	struct ledger_recalled recalled;
	take_over(store, "file of kept answers", false, descriptors);
	for (unsigned i = 0; i < 2; i++)
		read_file(store, i, most / 2 + SLACK, &files[i]);
	int result = ledger_recall_answers(ledger, files, &recalled);
	if (result < 0) {
		log_error("signed answers of before are not read, and none is kept: %s",
			  strerror(-result));
		return;
	}
	store->current = recalled.current;
	store->size = (off_t)recalled.size;
	(void)give_up(store, 0);
	log_info("signed answers of before may be given out again answers=%zu damaged_octets=%zu",
		 recalled.answers, recalled.damaged);
}

void journal_store_close(struct journal_store *store)
{
	for (unsigned i = 0; i < 2; i++)
		descriptor_closep(&store->fd[i]);
}

int journal_store_append(struct journal_store *store, struct view octets)
{
	size_t done = 0;
	while (done < octets.size) {
		ssize_t put = pwrite(store->fd[store->current], octets.data + done,
				     octets.size - done, store->size + (off_t)done);
		if (put < 0 && errno != EINTR)
			return give_up(store, -errno);
		if (put == 0)
			return give_up(store, -ENOSPC);
		done += put > 0 ? (size_t)put : 0;
	}
	store->size += (off_t)octets.size;
	return 0;
}

int journal_store_swap(struct journal_store *store)
{
	unsigned other = !store->current;
	if (store->safe && fdatasync(store->fd[store->current]) < 0)
		return -errno;
	if (ftruncate(store->fd[other], 0) < 0)
		return -errno;
	store->current = other;
	store->size = 0;
	return 0;
}
