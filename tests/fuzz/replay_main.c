/* Runs a fuzz target over every file of the folders named, without libFuzzer: how the corpus is
 * replayed in the ordinary test run. No file at all is a failure. */
#include "base/file.h"

#include <dirent.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
		LLVMFuzzerTestOneInput(exact, bytes.size);
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
	for (int i = 1; i < argc; i++) {
		int count = replay_folder(argv[i]);
		if (count < 0)
			return 1;
		total += count;
	}
	printf("%d inputs replayed\n", total);
	return total > 0 ? 0 : 1;
}
