/* Writes each answer of ask_answers.h in every form that fuzz_ask_response reads, and error answers. */
#include "ask_answers.h"

#include <stdio.h>

static void write_seed(const char *folder, const char *name, unsigned number, uint8_t how,
		       struct view bytes)
{
	char path[4096];
	(void)snprintf(path, sizeof(path), "%s/%s-%u-%u", folder, name, number, how);
	FILE *file = fopen(path, "wb");
	forge_must(file && fputc(how, file) == how &&
		   fwrite(bytes.data, 1, bytes.size, file) == bytes.size && fclose(file) == 0);
}

static void write_answer(const struct forge *forge, const char *folder, unsigned number)
{
	struct forge_wish wish = ask_answer(number);
	struct buffer whole = {0}, data = {0}, embedded = {0}, certificates = {0};
	forge_answer(forge, &wish, &whole);
	write_seed(folder, "answer", number, 0, buffer_view(&whole));
	forge_data(forge, &wish, &data);
	write_seed(folder, "answer", number, wish.by_ca ? 1 : 2, buffer_view(&data));
	/* The delegate's key under two certificates. */
	forge_embed(forge->plain, &certificates);
	forge_embed(forge->delegate, &certificates);
	buffer_put_u16(&embedded, (uint16_t)certificates.size);
	buffer_put_view(&embedded, buffer_view(&certificates));
	buffer_put_view(&embedded, buffer_view(&data));
	write_seed(folder, "answer", number, 3, buffer_view(&embedded));
	buffer_deinit(&whole);
	buffer_deinit(&data);
	buffer_deinit(&embedded);
	buffer_deinit(&certificates);
}

int main(int argc, char **argv)
{
	struct forge forge;
	if (argc != 2) {
		(void)fprintf(stderr, "usage: seeds_ask_response FOLDER\n");
		return 2;
	}
	forge_init(&forge);
	for (unsigned i = 0; i < ASK_ANSWERS; i++)
		write_answer(&forge, argv[1], i);
	for (uint8_t status = 0; status < 8; status++) {
		const uint8_t error[] = {0x30, 0x03, 0x0a, 0x01, status};
		write_seed(argv[1], "error", status, 0, view_of(error, sizeof(error)));
	}
	forge_deinit(&forge);
	return 0;
}
