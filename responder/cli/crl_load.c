#include "cli/crl_load.h"

#include "tool/operand.h"

#include <stdio.h>

#define COLUMNS 7

/* Where an entry and its serial's octets are in the CRL. `prefix`, the serial's first octets as a number, orders nearly
 * all of them without a look at octets that are spread over the whole CRL. */
struct item {
	uint64_t prefix;
	const uint8_t *entry, *serial;
	size_t size; /* of the serial */
};

struct load {
	struct crl_merge *merge;
	int64_t now;
	struct item *items;
	size_t count;
	struct copy copy;
};

static void load_deinit(struct load *load)
{
	copy_deinit(&load->copy);
	free(load->items);
}

/* ---- which entries, in which order ---- */

static bool is_plain(const struct crl_entry *entry, int64_t now)
{
	struct serial serial;
	return operand_serial_octets(entry->serial, &serial) == 0 &&
	       serial.size == entry->serial.size && !serial_is_wrong(&serial, false) &&
	       entry->reason != CRL_REASON_REMOVE && entry->hold_instruction.size == 0 &&
	       crl_date_stands(entry, now);
}

static uint64_t prefix_of(struct view serial)
{
	uint64_t prefix = 0;
	for (size_t i = 0; i < sizeof(prefix); i++)
		prefix = prefix << 8 | (i < serial.size ? serial.data[i] : 0);
	return prefix;
}

static bool gather(struct load *load)
{
	const struct crl_input *input = load->merge->input;
	struct cursor entries = cursor_of(input->crl.entries);
	struct crl_entry entry;
	const uint8_t *at = entries.rest.data;
	while (load->count < input->entries && crl_next(&entries, &entry)) {
		if (!is_plain(&entry, load->now))
			return false;
		load->items[load->count++] = (struct item){
			.prefix = prefix_of(entry.serial),
			.entry = at,
			.serial = entry.serial.data,
			.size = entry.serial.size,
		};
		at = entries.rest.data;
	}
	return load->count == input->entries && !entries.failed;
}

/* As PostgreSQL orders bytea. */
static int compare(const void *left, const void *right)
{
	const struct item *a = left, *b = right;
	if (a->prefix != b->prefix)
		return a->prefix < b->prefix ? -1 : 1;
	int order = memcmp(a->serial, b->serial, a->size < b->size ? a->size : b->size);
	return order ? order : (a->size > b->size) - (a->size < b->size);
}

static bool order(struct load *load)
{
	qsort(load->items, load->count, sizeof(*load->items), compare);
	for (size_t i = 1; i < load->count; i++)
		if (compare(&load->items[i - 1], &load->items[i]) == 0)
			return false;
	return true;
}

/* ---- into the table ---- */

static int put_item(struct load *load, const struct item *item, int32_t issuer, int32_t crl,
		    struct fault *fault)
{
	struct view all = load->merge->input->crl.entries;
	struct cursor entries =
		cursor_of(view_of(item->entry, (size_t)(all.data + all.size - item->entry)));
	struct crl_entry entry;
	if (!crl_next(&entries, &entry))
		return fault_set(fault, -EBADMSG, "an entry is malformed");
	int result = copy_row(&load->copy, COLUMNS, fault);
	if (result)
		return result;
	copy_put_int4(&load->copy, issuer);
	copy_put_bytes(&load->copy, entry.serial);
	crl_put_state(&load->copy, load->merge->input, &entry);
	copy_put_int4(&load->copy, crl);
	return 0;
}

static int put_all(struct load *load, struct fault *fault)
{
	struct crl_merge *merge = load->merge;
	struct progress *progress = &merge->report->progress;
	int32_t issuer = merge->input->issuer->record.id;
	int32_t crl = (int32_t)strtol(merge->crl, NULL, 10);
	progress_deinit(progress);
	progress_init(progress, "entries", load->count);
	int result = copy_begin(
		&load->copy, merge->database,
		"COPY stillgood.certificate (issuer, serial, status, reason, revoked_at, "
		"invalidity_at, crl) FROM STDIN (FORMAT binary)",
		fault);
	for (size_t i = 0; result == 0 && i < load->count; i++) {
		result = put_item(load, &load->items[i], issuer, crl, fault);
		progress_update(progress, i + 1, i + 1);
	}
	if (result == 0)
		progress_say(progress, "writing to the database");
	return result ? result : copy_end(&load->copy, fault);
}

/* A row that somebody else has recorded at this moment ends the COPY; then it is as if there had been none. */
static int record(struct load *load, bool *ret, struct fault *fault)
{
	struct crl_merge *merge = load->merge;
	int result = crl_set_note(merge, NULL, fault);
	if (result == 0)
		result = database_run(merge->database,
				      "SET LOCAL work_mem = '256MB'; SAVEPOINT load", fault);
	if (result == 0)
		result = put_all(load, fault);
	if (result == -EEXIST)
		return database_run(merge->database, "ROLLBACK TO SAVEPOINT load", fault);
	if (result)
		return result;
	merge->rows = (struct crl_rows){.rows = load->count};
	merge->imported = load->count;
	*ret = true;
	return 0;
}

static int is_recorded(struct crl_merge *merge, bool *ret, struct fault *fault)
{
	const char *const values[] = {merge->issuer};
	cleanup(result_clearp) PGresult *rows = NULL;
	int result = database_query(merge->database,
				    "SELECT EXISTS (SELECT FROM stillgood.certificate c WHERE "
				    "c.issuer = $1::integer)",
				    1, values, &rows, fault);
	if (result == 0)
		*ret = *PQgetvalue(rows, 0, 0) == 't';
	return result;
}

int crl_load(struct crl_merge *merge, int64_t now, bool *ret, struct fault *fault)
{
	cleanup(load_deinit) struct load load = {.merge = merge, .now = now};
	bool recorded = true;
	*ret = false;
	int result = is_recorded(merge, &recorded, fault);
	if (result || recorded || merge->input->crl.base_number.size > 0)
		return result;
	load.items = calloc(merge->input->entries + 1, sizeof(*load.items));
	if (!load.items)
		return fault_set(fault, -ENOMEM, "out of memory");
	return gather(&load) && order(&load) ? record(&load, ret, fault) : 0;
}
