/* Runs a fuzz target over every file of the folders named, without libFuzzer: how the corpus is
 * replayed in the ordinary test run. No file at all is a failure. With STILLGOOD_REFUSE each input is run again and
 * again, and each time another request for memory is refused (doc/faults.md row 28). */
#include "base/file.h"

#include <dirent.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#ifdef STILLGOOD_REFUSE
#include "alloc/alloc.h"

#define INPUT_RUNS 400 /* of one input at most, spread over its requests */

static uint64_t refused;

static void run_input(const uint8_t *data, size_t size)
{
	alloc_refuse(0, 0);
	LLVMFuzzerTestOneInput(data, size);
	alloc_refuse(0, 0); /* the first time something may have been made that stays */
	LLVMFuzzerTestOneInput(data, size);
	uint64_t requests = alloc_requests(), step = requests / INPUT_RUNS + 1;
	for (uint64_t n = 1; n <= requests; n += step) {
		alloc_refuse(n, n % 3 ? 1 : 8);
		LLVMFuzzerTestOneInput(data, size);
		refused += alloc_refused();
	}
	alloc_refuse(0, 0);
	LLVMFuzzerTestOneInput(data, size);
}
#else
static const uint64_t refused = 1;

static void run_input(const uint8_t *data, size_t size)
{
	LLVMFuzzerTestOneInput(data, size);
}
#endif

static int replay_folder(const char *path)
{
	DIR *folder = opendir(path);
	if (!folder) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -1;
	}
	int count = 0;
	for (struct dirent *entry; (entry = readdir(folder));) {
		if (entry->d_name[0] == '.')
			continue;
		char file[4096];
		(void)snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		struct buffer bytes = {0};
		struct fault fault;
		if (file_read(file, 1u << 20, &bytes, &fault) < 0) {
			fprintf(stderr, "%s\n", fault.text);
			count = -1;
			break;
		}
		/* An exact copy, so that a read past the end is caught. */
		uint8_t *exact = malloc(bytes.size ? bytes.size : 1);
		if (!exact)
			abort();
		if (bytes.size)
			memcpy(exact, bytes.data, bytes.size);
		run_input(exact, bytes.size);
		free(exact);
		buffer_deinit(&bytes);
		count++;
	}
	closedir(folder);
	return count;
}

int main(int argc, char **argv)
{
	int total = 0;
#ifdef STILLGOOD_REFUSE
	alloc_take_openssl();
#endif
	for (int i = 1; i < argc; i++) {
		int count = replay_folder(argv[i]);
		if (count < 0)
			return 1;
		total += count;
	}
	printf("%d inputs replayed\n", total);
	if (refused != 1)
		printf("%llu times memory was refused\n", (unsigned long long)refused);
	return total > 0 && refused > 0 ? 0 : 1;
}
