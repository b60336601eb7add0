#include "warden/journal_files.h"

#include "base/clock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <time.h>

/* The ledger of a warden that was killed holds the lock until it has seen that it is alone. */
#define LOCK_PATIENCE_US (5 * SECOND_US)
#define LOCK_STEP_US (20 * MILLISECOND_US)

static const char *const names[JOURNAL_FILES] = {"revocations.a", "revocations.b", "answers.a",
						 "answers.b"};

static unsigned wanted(const struct conf_server *server)
{
	return server->kept_answers > 0 ? JOURNAL_FILES : 2;
}

/* Always a fault; what follows from it depends on whether anybody asked for this folder. */
static int refuse(const struct conf_server *server, const char *name, int error,
		  struct fault *fault)
{
	(void)fault_set(fault, -error, "journal %s%s%s: %s%s", server->journal, name ? "/" : "",
			name ? name : "",
			error == EWOULDBLOCK ? "another instance uses it" : strerror(error),
			error == ENOENT ? "; make the folder" : "");
	return server->journal_named ? -error : JOURNAL_FILES_UNUSABLE;
}

static int open_folder(const struct conf_server *server, int *ret, struct fault *fault)
{
	*ret = open(server->journal, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *ret < 0 ? refuse(server, NULL, errno, fault) : 0;
}

static int lock(int fd)
{
	static const struct timespec step = {.tv_nsec = LOCK_STEP_US * 1000};
	int64_t until = clock_now().mono_us + LOCK_PATIENCE_US;
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK || clock_now().mono_us >= until)
			return -errno;
		(void)nanosleep(&step, NULL);
	}
	return 0;
}

static int open_file(int folder, const char *name, int *ret)
{
	*ret = openat(folder, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return *ret < 0 ? -errno : lock(*ret);
}

int journal_files_open(const struct conf_server *server, struct journal_files *ret,
		       struct fault *fault)
{
	cleanup(descriptor_closep) int folder = -1;
	cleanup(journal_files_close) struct journal_files files = {0};
	int result = 0;
	*ret = files;
	if (!server->journal)
		return 0;
	result = open_folder(server, &folder, fault);
	while (result == 0 && files.count < wanted(server)) {
		const char *name = names[files.count];
		int error = open_file(folder, name, &files.descriptors[files.count]);
		files.count += files.descriptors[files.count] >= 0;
		if (error < 0)
			result = refuse(server, name, -error, fault);
	}
	if (result != 0)
		return result;
	*ret = files;
	files.count = 0;
	return 0;
}

/* A file that is there already must be ours to write, and a file. */
static int try_file(const struct conf_server *server, int folder, const char *name,
		    struct fault *fault)
{
	cleanup(descriptor_closep) int fd = openat(folder, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 && errno != ENOENT ? refuse(server, name, errno, fault) : 0;
}

int journal_files_try(const struct conf_server *server, struct fault *fault)
{
	cleanup(descriptor_closep) int folder = -1;
	int result = server->journal ? open_folder(server, &folder, fault) : 0;
	if (result == 0 && folder >= 0 &&
	    faccessat(AT_FDCWD, server->journal, W_OK | X_OK, AT_EACCESS) < 0)
		result = refuse(server, NULL, errno, fault);
	for (unsigned i = 0; result == 0 && folder >= 0 && i < wanted(server); i++)
		result = try_file(server, folder, names[i], fault);
	return result;
}

/* Who cannot give them away has opened them as their owner. */
void journal_files_give(const struct journal_files *files, const struct room_user *user)
{
	for (unsigned i = 0; i < files->count; i++)
		if (fchown(files->descriptors[i], user->uid, user->gid) < 0)
			log_debug("the journal's files keep their owner: %s", strerror(errno));
}

void journal_files_close(struct journal_files *files)
{
	while (files->count > 0)
		close(files->descriptors[--files->count]);
}
