/* Seeds of fuzz_kept: a file, a torn one, both of them, one of another format. The folder to write to is the argument. */
#include "ledger/kept_record.h"

#include <stdio.h>
#include <string.h>

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

static void put(struct buffer *out, uint16_t format, uint64_t generation)
{
	struct kept_record record = {.kind = KEPT_ANSWER,
				     .this_update = 1700000000,
				     .produced_at = 1700000001,
				     .next_update = 1700003600,
				     .der = view_of_string("an answer")};
	kept_record_write(out, &(struct kept_record){.kind = KEPT_START,
						     .format = format,
						     .generation = generation});
	memset(record.key, (int)generation, sizeof(record.key));
	kept_record_write(out, &record);
	record.der = view_of_string("a later one");
	kept_record_write(out, &record);
}

int main(int argc, char **argv)
{
	struct buffer out = {0};
	if (argc != 2)
		return 2;
	folder = argv[1];
	put(&out, KEPT_FORMAT, 1);
	int wrong = put_file("whole", 255, buffer_view(&out));
	wrong |= put_file("torn", 255, view_of(out.data, out.size - 5));
	size_t half = out.size;
	put(&out, KEPT_FORMAT, 2);
	wrong |= put_file("two", (uint8_t)((255 * half + out.size - 1) / out.size),
			  buffer_view(&out));
	buffer_reset(&out);
	put(&out, KEPT_FORMAT + 1, 3);
	wrong |= put_file("other-format", 255, buffer_view(&out));
	buffer_reset(&out);
	put(&out, KEPT_FORMAT + 1, UINT64_MAX);
	wrong |= put_file("last-generation", 255, buffer_view(&out));
	buffer_deinit(&out);
	return wrong;
}
