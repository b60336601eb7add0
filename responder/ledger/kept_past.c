#include "ledger/kept_past.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

/* Where the record with a key of this beginning is; the keys are hashes, so they are spread already. */
struct place {
	uint64_t beginning;
	size_t at; /* in its file, plus 1; 0: free */
	unsigned file;
};

struct kept_past {
	struct buffer files[2];
	size_t mask;
	struct place places[];
};

/* ---- looking ---- */

struct file {
	bool other_format;
	uint64_t generation;
	size_t whole; /* octets up to the first damaged one */
	size_t answers;
};

static struct file look(struct view octets)
{
	struct file file = {0};
	struct kept_record record;
	size_t size;
	while ((size = kept_record_read(view_of(octets.data + file.whole, octets.size - file.whole),
					&record)) > 0) {
		bool first = file.whole == 0;
		if (first != (record.kind == KEPT_START))
			break;
		if (first)
			file.generation = record.generation;
		file.other_format = file.other_format || (first && record.format != KEPT_FORMAT);
		file.answers += record.kind == KEPT_ANSWER;
		file.whole += size;
	}
	if (file.other_format)
		file = (struct file){.other_format = true, .generation = file.generation};
	return file;
}

/* ---- the places ---- */

static uint64_t beginning_of(const uint8_t key[static KEPT_KEY])
{
	struct cursor c = cursor_of(view_of(key, KEPT_KEY));
	return cursor_u64(&c);
}

/* The one of this beginning, which only one key has, or the free one where it would be. */
static size_t place_of(const struct kept_past *past, uint64_t beginning)
{
	size_t i = beginning & past->mask;
	while (past->places[i].at > 0 && past->places[i].beginning != beginning)
		i = (i + 1) & past->mask;
	return i;
}

/* What comes later takes the place of what came before. */
static void put_file(struct kept_past *past, unsigned file, size_t whole)
{
	const struct buffer *octets = &past->files[file];
	struct kept_record record;
	size_t size;
	for (size_t at = 0; at < whole; at += size) {
		size = kept_record_read(view_of(octets->data + at, whole - at), &record);
		check(size > 0);
		if (record.kind != KEPT_ANSWER)
			continue;
		uint64_t beginning = beginning_of(record.key);
		past->places[place_of(past, beginning)] =
			(struct place){.beginning = beginning, .at = at + 1, .file = file};
	}
}

/* At most half of the places are taken. */
static size_t places_for(size_t answers)
{
	size_t places = 2;
	while (places < 2 * answers)
		places *= 2;
	return places;
}

static struct kept_past *past_of(size_t answers)
{
	size_t places = places_for(answers);
	struct kept_past *past = calloc(1, sizeof(*past) + places * sizeof(struct place));
	if (past)
		past->mask = places - 1;
	return past;
}

static void files_deinit(struct buffer files[2])
{
	for (unsigned i = 0; i < 2; i++) {
		buffer_deinit(&files[i]);
		files[i] = (struct buffer){0};
	}
}

int kept_past_new(struct buffer files[2], struct kept_looked *looked, struct kept_past **ret)
{
	struct file of[2];
	for (unsigned i = 0; i < 2; i++)
		of[i] = look(buffer_view(&files[i]));
	unsigned current = of[1].generation > of[0].generation, other = !current;
	struct kept_past *past = NULL;
	*looked = (struct kept_looked){
		.current = current,
		.size = of[current].whole,
		.generation = of[current].generation,
		.started = of[current].whole > 0,
		.answers = of[0].answers + of[1].answers,
		.damaged = files[0].size + files[1].size - of[0].whole - of[1].whole,
	};
	if (looked->answers > 0)
		past = past_of(looked->answers);
	if (past) {
		memcpy(past->files, files, sizeof(past->files));
		memset(files, 0, sizeof(past->files));
		put_file(past, other, of[other].whole);
		put_file(past, current, of[current].whole);
	}
	files_deinit(files);
	*ret = past;
	return looked->answers > 0 && !past ? -ENOMEM : 0;
}

void kept_past_free(struct kept_past *past)
{
	if (!past)
		return;
	files_deinit(past->files);
	free(past);
}

bool kept_past_find(const struct kept_past *past, const uint8_t key[static KEPT_KEY],
		    struct kept_record *ret)
{
	if (!past)
		return false;
	const struct place *place = &past->places[place_of(past, beginning_of(key))];
	const struct buffer *file = &past->files[place->file];
	struct kept_record record;
	if (place->at == 0 ||
	    kept_record_read(view_of(file->data + place->at - 1, file->size - place->at + 1),
			     &record) == 0 ||
	    memcmp(record.key, key, KEPT_KEY) != 0)
		return false;
	*ret = record;
	return true;
}
