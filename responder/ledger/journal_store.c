#include "ledger/journal_store.h"

#include "base/log.h"

#include <sys/stat.h>

/* What could be read counts. */
static void read_file(int fd, unsigned index, struct buffer *ret)
{
	struct stat status;
	ssize_t got = fstat(fd, &status) < 0 ? -1 : 1;
	while (got > 0 && ret->size < (size_t)status.st_size) {
		size_t rest = (size_t)status.st_size - ret->size;
		uint8_t *at = buffer_reserve(ret, rest);
		got = at ? pread(fd, at, rest, (off_t)ret->size) : -1;
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			ret->size += (size_t)got;
	}
	if (got < 0)
		log_error("the journal of revocations cannot be read, what was read counts file=%u "
			  "octets=%zu: %s",
			  index, ret->size, strerror(errno));
}

int journal_store_open(struct journal_store *store, const int descriptors[2], struct ledger *ledger,
		       struct fault *fault)
{
	struct buffer files[2] = {{0}, {0}};
	struct view views[2];
	for (unsigned i = 0; i < 2; i++) {
		store->fd[i] = descriptors[i];
		read_file(store->fd[i], i, &files[i]);
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

void journal_store_close(struct journal_store *store)
{
	for (unsigned i = 0; i < 2; i++)
		descriptor_closep(&store->fd[i]);
}

/* Half a record is worse than none: it is taken out again. */
static int give_up(const struct journal_store *store, int error)
{
	if (ftruncate(store->fd[store->current], store->size) < 0)
		log_error("the journal of revocations has half a record: %s", strerror(errno));
	return error;
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
	if (fdatasync(store->fd[store->current]) < 0 || ftruncate(store->fd[other], 0) < 0)
		return -errno;
	store->current = other;
	store->size = 0;
	return 0;
}
