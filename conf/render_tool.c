/* Run by the build: prints what is made from the option table.
 *
 *   conf_render_tool sample            the sample file
 *   conf_render_tool manual HEAD TAIL  the manual page: HEAD, the options, TAIL */
#include "base/file.h"
#include "conf/conf.h"

static int put_file(const char *path, struct buffer *out)
{
	struct fault fault;
	int result = file_read(path, LIMIT_CONF_FILE, out, &fault);
	if (result < 0)
		(void)fprintf(stderr, "%s\n", fault.text);
	return result;
}

static int put_manual(const char *head, const char *tail, struct buffer *out)
{
	int result = put_file(head, out);
	if (result < 0)
		return result;
	conf_render_manual(out);
	return put_file(tail, out);
}

int main(int argc, char **argv)
{
	cleanup(buffer_deinit) struct buffer out = {0};
	int result = 0;
	if (argc == 2 && strcmp(argv[1], "sample") == 0) {
		conf_render_sample(&out);
	} else if (argc == 4 && strcmp(argv[1], "manual") == 0) {
		result = put_manual(argv[2], argv[3], &out);
	} else {
		(void)fprintf(stderr, "usage: conf_render_tool sample | manual HEAD TAIL\n");
		return 2;
	}
	if (result < 0 || buffer_result(&out) < 0)
		return 1;
	return fwrite(out.data, 1, out.size, stdout) == out.size && fflush(stdout) == 0 ? 0 : 1;
}
