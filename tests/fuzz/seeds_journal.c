/* Seeds of fuzz_journal: a file with each kind of record, whole, torn and in two. The folder to write to
 * is the argument. */
#include "ledger/journal_record.h"

#include <stdio.h>

static const char *folder;

static int put_file(const char *name, uint8_t first, struct view octets)
{
	char path[4096];
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "wb");
	if (!file)
		return 1;
	int wrong = fputc(first, file) == EOF ||
		    fwrite(octets.data, 1, octets.size, file) != octets.size;
	return wrong | (fclose(file) != 0);
}

static void put_start(struct buffer *out, uint64_t generation)
{
	journal_record_write(out, &(struct journal_record){.kind = JOURNAL_START,
							   .format = JOURNAL_FORMAT,
							   .generation = generation});
	journal_record_write(out, &(struct journal_record){.kind = JOURNAL_SNAPSHOT});
	journal_record_write(out, &(struct journal_record){
					  .kind = JOURNAL_HISTORY,
					  .history = {.system = 1, .database = 2, .timeline = 3},
					  .position = generation});
}

static void put_rows(struct buffer *out)
{
	struct journal_record row = {.kind = JOURNAL_ROW,
				     .row = {.issuer = 1,
					     .serial = {.size = 3, .octets = {1, 2, 3}},
					     .version = 2,
					     .status = CERT_HELD,
					     .reason = REASON_CERTIFICATE_HOLD,
					     .revoked_at = 1700000000,
					     .invalidity_at = TIME_NONE,
					     .not_after = 1900000000}};
	journal_record_write(out, &(struct journal_record){
					  .kind = JOURNAL_ISSUER, .issuer = 1, .identity = {7}});
	journal_record_write(out, &row);
	row.row.serial.octets[2] = 4;
	row.foreign = true;
	journal_record_write(out, &row);
	journal_record_write(out, &(struct journal_record){.kind = JOURNAL_ISSUER_STATE,
							   .issuer = 1,
							   .revoked_at = 1700000000,
							   .reason = REASON_CA_COMPROMISE});
}

int main(int argc, char **argv)
{
	struct buffer out = {0};
	if (argc != 2)
		return 2;
	folder = argv[1];
	put_start(&out, 1);
	put_rows(&out);
	size_t half = out.size;
	int wrong = put_file("torn", 255, view_of(out.data, out.size - 5));
	journal_record_write(&out, &(struct journal_record){.kind = JOURNAL_COMPLETE});
	wrong |= put_file("whole", 255, buffer_view(&out));
	put_start(&out, 2);
	put_rows(&out);
	wrong |= put_file("two", (uint8_t)(255 * (half + 7) / out.size), buffer_view(&out));
	buffer_deinit(&out);
	return wrong;
}
