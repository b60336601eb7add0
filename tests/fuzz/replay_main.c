/* Runs a fuzz target over every file of the folders named, without libFuzzer: how the corpus is
 * replayed in the ordinary test run, in the order of their names. No file at all is a failure. With STILLGOOD_REFUSE each
 * input is run again and again, and each time another request for memory is refused (doc/faults.md row 28). */
#include "base/file.h"

#include <dirent.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#ifdef STILLGOOD_REFUSE
#include "alloc/alloc.h"

static void run_input(const uint8_t *data, size_t size)
{
	LLVMFuzzerTestOneInput(data, size);
	alloc_watch(); /* the first time something may have been made that stays */
	LLVMFuzzerTestOneInput(data, size);
	while (alloc_refuse_next())
		LLVMFuzzerTestOneInput(data, size);
	LLVMFuzzerTestOneInput(data, size);
}
#else
static void run_input(const uint8_t *data, size_t size)
{
	LLVMFuzzerTestOneInput(data, size);
}
#endif

/* 0, or -1 with the reason on standard error. */
static int replay_file(const char *path)
{
	cleanup(buffer_deinit) struct buffer bytes = {0};
	struct fault fault;
	if (file_read(path, 1u << 20, &bytes, &fault) < 0) {
		fprintf(stderr, "%s\n", fault.text);
		return -1;
	}
	/* An exact copy, so that a read past the end is caught. */
	uint8_t *exact = malloc(bytes.size ? bytes.size : 1);
	if (!exact)
		abort();
	if (bytes.size)
		memcpy(exact, bytes.data, bytes.size);
	run_input(exact, bytes.size);
	free(exact);
	return 0;
}

static int is_shown(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* How many files there were, or -1. */
static int replay_folder(const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, is_shown, alphasort), result = 0;
	if (count < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -1;
	}
	for (int i = 0; i < count; i++) {
		char file[4096];
		(void)snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
		if (result == 0)
			result = replay_file(file);
		free(entries[i]);
	}
	free(entries);
	return result < 0 ? result : count;
}

int main(int argc, char **argv)
{
	int total = 0;
	for (int i = 1; i < argc; i++) {
		int count = replay_folder(argv[i]);
		if (count < 0)
			return 1;
		total += count;
	}
	printf("%d inputs replayed\n", total);
#ifdef STILLGOOD_REFUSE
	printf("%u times memory was refused, on %u ways to ask for it\n", alloc_refusals(),
	       alloc_ways());
	if (alloc_refusals() == 0)
		return 1;
#endif
	return total > 0 ? 0 : 1;
}
