/* Where `presign --out` puts answers: a folder that a plain web server serves. The name of a file is the path of
 * the GET that asks for it, as a server has it after decoding (RFC 9919, 6.1): the base64 of the request,
 * whose slashes are folders. Lengths stand in front in DER, so that no path is the beginning of another.
 *
 * A file is whole or not there. One run at a time; what an earlier one has left is used where it is still
 * what would be said now. */
#include "cli/presign.h"

#include "base/clock.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

/* While it is written; one run at a time, so one name is enough. */
#define TEMPORARY ".presign.new"
/* What was signed a moment ago differs from what is signed now in nothing that counts. */
#define KEPT_SHARE 10

static int fail(struct fault *fault, const struct presign *p, const char *path)
{
	int reason = errno;
	return fault_set(fault, -reason, "%s/%s: %s", p->line->values[OPTION_OUT], path,
			 strerror(reason));
}

static int folder_open(struct presign *p, struct fault *fault)
{
	const char *path = p->line->values[OPTION_OUT];
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return fault_set(fault, -errno, "%s: %s", path, strerror(errno));
	p->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->folder < 0)
		return fault_set(fault, -errno, "%s: %s", path, strerror(errno));
	if (flock(p->folder, LOCK_EX | LOCK_NB) < 0)
		return fault_set(fault, -EBUSY, "%s: another presign writes there", path);
	return 0;
}

int presign_path(struct presign_wish *wish)
{
	cleanup(buffer_deinit) struct buffer request = {0};
	ocsp_request_write(&request, buffer_view(&wish->certid));
	size_t size = (request.size + 2) / 3 * 4 + 1;
	buffer_reset(&wish->path);
	uint8_t *room = buffer_reserve(&wish->path, size);
	if (buffer_result(&request) < 0 || !room)
		return -ENOMEM;
	(void)EVP_EncodeBlock(room, request.data, (int)request.size);
	wish->path.size = size;
	return 0;
}

static const char *path_of(const struct presign_wish *wish)
{
	return (const char *)wish->path.data;
}

/* ---- reading ---- */

static int read_file(const struct presign *p, const char *path, struct buffer *out)
{
	cleanup(descriptor_closep) int fd =
		openat(p->folder, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	uint8_t *room = buffer_reserve(out, LIMIT_RESPONSE + 1);
	if (fd < 0 || !room)
		return -ENOENT;
	for (ssize_t got = 1; got > 0 && out->size <= LIMIT_RESPONSE;) {
		got = read(fd, room + out->size, LIMIT_RESPONSE + 1 - out->size);
		if (got < 0)
			return -EIO;
		out->size += (size_t)got;
	}
	return 0;
}

static bool is_kept(struct presign *p, const struct presign_wish *wish)
{
	cleanup(buffer_deinit) struct buffer der = {0};
	struct ocsp_said said;
	if (read_file(p, path_of(wish), &der) < 0 ||
	    presign_prove(p, wish, buffer_view(&der), &said, NULL) != 0)
		return false;
	int64_t missing = (wish->next_update - wish->this_update) / KEPT_SHARE;
	if (said.next_update > wish->next_update || said.next_update < wish->next_update - missing)
		return false;
	p->counts.kept++;
	presign_count_end(p, said.next_update);
	return true;
}

/* ---- writing ---- */

static int make_folders(const struct presign *p, char *path)
{
	for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		bool made = mkdirat(p->folder, path, 0755) == 0 || errno == EEXIST;
		*slash = '/';
		if (!made)
			return -errno;
	}
	return 0;
}

static bool write_file(const struct presign *p, struct view der)
{
	cleanup(descriptor_closep) int fd = openat(
		p->folder, TEMPORARY, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	while (fd >= 0 && der.size > 0) {
		ssize_t wrote = write(fd, der.data, der.size);
		if (wrote < 0)
			return false;
		der = view_of(der.data + wrote, der.size - (size_t)wrote);
	}
	return fd >= 0;
}

/* Each has the same chance: the n-th takes the place of another with that of 1000 in n. The sequence need not
 * be secret. */
static int take_sample(struct presign *p, const struct presign_wish *wish)
{
	uint64_t place = p->sampled++;
	if (place >= PRESIGN_SAMPLE)
		place = (place * UINT64_C(6364136223846793005) >> 17) % p->sampled;
	if (place >= PRESIGN_SAMPLE)
		return 0;
	buffer_reset(&p->sample[place]);
	buffer_put_view(&p->sample[place], buffer_view(&wish->path));
	return buffer_result(&p->sample[place]);
}

static int put_file(struct presign *p, const struct presign_wish *wish, struct view der,
		    const struct ocsp_said *said, struct fault *fault)
{
	(void)said;
	if (make_folders(p, (char *)wish->path.data) < 0 || !write_file(p, der) ||
	    renameat(p->folder, TEMPORARY, p->folder, path_of(wish)) < 0)
		return fail(fault, p, path_of(wish));
	return take_sample(p, wish) < 0 ? fault_set(fault, -ENOMEM, "out of memory") : 0;
}

static int remove_file(struct presign *p, const struct presign_wish *wish, struct fault *fault)
{
	if (unlinkat(p->folder, path_of(wish), 0) == 0)
		p->counts.removed++;
	else if (errno != ENOENT && errno != ENOTDIR)
		return fail(fault, p, path_of(wish));
	return 0;
}

/* ---- the end ---- */

static int look_at_sample(struct presign *p, const char *path, struct fault *fault)
{
	cleanup(buffer_deinit) struct buffer der = {0};
	struct ocsp_said said;
	struct fault why = {"it cannot be read"};
	int64_t now = wall_seconds(clock_now().wall_us);
	if (read_file(p, path, &der) == 0 && ocsp_said_read(buffer_view(&der), &said, &why) == 0 &&
	    ocsp_prover_prove(p->prover, &said, now, 0, &why) == 0)
		return 0;
	return fault_set(fault, -EIO, "%s/%s: it is not what was written: %s",
			 p->line->values[OPTION_OUT], path, why.text);
}

static int folder_close(struct presign *p, struct fault *fault)
{
	int result = syncfs(p->folder) < 0 ? fail(fault, p, "") : 0;
	for (uint64_t i = 0; result == 0 && i < p->sampled && i < PRESIGN_SAMPLE; i++)
		result = look_at_sample(p, (const char *)p->sample[i].data, fault);
	return result;
}

const struct presign_place presign_folder = {
	.open = folder_open,
	.is_kept = is_kept,
	.put = put_file,
	.remove = remove_file,
	.close = folder_close,
};
