/* The kept answers' two files, as anything may have left them: the first octet says where the first file ends (in
 * 255ths). Whatever is read is found by its key, what is written after it must be read as well, and what is not
 * whole is never given out (doc/faults.md row 51). */
#include "ledger/kept_past.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool condition)
{
	if (!condition)
		abort();
}

static struct kept_record ours(void)
{
	struct kept_record record = {.kind = KEPT_ANSWER, .der = view_of_string("ours")};
	memset(record.key, 0x5a, sizeof(record.key));
	return record;
}

/* As the ledger goes on writing (kept.c). */
static void write_on(struct buffer *file, const struct kept_looked *looked)
{
	const struct kept_record record = ours();
	file->size = looked->size;
	if (!looked->started)
		kept_record_write(file,
				  &(struct kept_record){.kind = KEPT_START,
							.format = KEPT_FORMAT,
							.generation = looked->generation + 1});
	kept_record_write(file, &record);
}

/* Reads copies of both. */
static struct kept_past *recall(const struct buffer files[2], struct kept_looked *looked)
{
	struct buffer copies[2] = {{0}, {0}};
	struct kept_past *past = NULL;
	for (unsigned i = 0; i < 2; i++)
		buffer_put_view(&copies[i], buffer_view(&files[i]));
	expect(kept_past_new(copies, looked, &past) == 0);
	expect(looked->current < 2 && looked->size <= files[looked->current].size);
	expect(looked->damaged <= files[0].size + files[1].size);
	expect(!copies[0].data && !copies[1].data);
	return past;
}

/* Each answer of the file that is written on is found, or a later one of its key. */
static void find_all(const struct kept_past *past, struct view octets)
{
	struct kept_record record, found;
	size_t size;
	for (size_t at = 0; at < octets.size; at += size) {
		size = kept_record_read(view_of(octets.data + at, octets.size - at), &record);
		expect(size > 0);
		if (record.kind == KEPT_ANSWER && kept_past_find(past, record.key, &found))
			expect(memcmp(found.key, record.key, KEPT_KEY) == 0 && found.der.size > 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer files[2] = {{0}, {0}};
	struct kept_looked looked;
	struct kept_record found;
	if (size == 0)
		return 0;
	size_t first = (size - 1) * data[0] / 255;
	buffer_put(&files[0], data + 1, first);
	buffer_put(&files[1], data + 1 + first, size - 1 - first);
	struct kept_past *past = recall(files, &looked);
	find_all(past, view_of(files[looked.current].data, looked.size));
	kept_past_free(past);
	unsigned current = looked.current;
	/* The generation that comes after the last one begins at 0 again. */
	bool last = !looked.started && looked.generation == UINT64_MAX;
	write_on(&files[current], &looked);
	past = recall(files, &looked);
	expect(last || (looked.current == current && looked.started));
	expect(last || kept_past_find(past, ours().key, &found));
	kept_past_free(past);
	buffer_deinit(&files[0]);
	buffer_deinit(&files[1]);
	return 0;
}
