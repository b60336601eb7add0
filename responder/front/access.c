#include "front/access.h"

#include "base/clock.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/timetext.h"
#include "front/tally.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

/* The longest line: a signer's name takes most of it. */
#define LINE_MOST 1024u

struct access {
	int fd; /* of a file; -1: standard error */
	struct buffer out;
	struct access_counts counts;
};

int access_new(struct access **ret)
{
	struct access *access = calloc(1, sizeof(*access));
	if (!access)
		return -ENOMEM;
	access->fd = -1;
	*ret = access;
	return 0;
}

void access_free(struct access *access)
{
	if (!access)
		return;
	access_flush(access);
	if (access->fd >= 0)
		close(access->fd);
	buffer_deinit(&access->out);
	free(access);
}

void access_set_file(struct access *access, int fd)
{
	access_flush(access); /* to where they were meant to go */
	if (access->fd >= 0)
		close(access->fd);
	access->fd = fd;
}

/* ---- a line ---- */

void access_note(struct access_note *note, const struct ocsp_request *question, uint64_t number,
		 enum http_method method, const struct ip_address *client, const struct moment *now)
{
	*note = (struct access_note){.request = number, .method = method, .since_us = now->mono_us};
	if (client)
		note->client = *client;
	if (!question)
		return;
	struct view serial = question->certids[0].serial;
	note->serial_size = (uint8_t)serial.size;
	memcpy(note->serial, serial.data, serial.size);
}

/* P-51: an address is somebody's; its network is enough for most. */
static void put_client(struct buffer *out, const struct ip_address *client,
		       enum access_client shown)
{
	char text[IP_NETWORK_TEXT_SIZE] = "-";
	struct ip_network network = {.address = *client};
	if (shown == ACCESS_CLIENT_FULL) {
		ip_print(client, text);
	} else if (shown == ACCESS_CLIENT_NETWORK && client->family != IP_NONE) {
		network.prefix = client->family == IP_V4 ? 24 : 48;
		memset(network.address.octets + network.prefix / 8, 0,
		       sizeof(network.address.octets) - network.prefix / 8);
		ip_network_print(&network, text);
	}
	buffer_printf(out, " client=%s", text);
}

static const char *status_of(const struct answer *answer, const struct answer_label *label)
{
	static const char *const names[] = {
		[OCSP_GOOD] = "good", [OCSP_REVOKED] = "revoked", [OCSP_UNKNOWN] = "unknown"};
	return label ? names[label->status] : ocsp_result_name(answer->result);
}

static void put_answer(struct buffer *out, const struct answer *answer)
{
	char time[ISO_TIME_SIZE + 1] = "-";
	cleanup(buffer_deinit) struct buffer signer = {0};
	struct answer_label label = {0};
	if (answer->entry)
		label = cache_entry_label(answer->entry);
	else if (answer->passing)
		label = answer->passing->label;
	bool dated = answer->entry || answer->passing;
	if (dated)
		time_put_iso(time, label.this_update);
	buffer_printf(out, " status=%s this_update=%s", status_of(answer, dated ? &label : NULL),
		      time);
	bool known = dated && access_signer(answer->der, &signer);
	buffer_put_u8(&signer, '\0');
	known = known && buffer_result(&signer) == 0;
	buffer_printf(out, " signer=%s", known ? log_quoted((const char *)signer.data) : "-");
}

static void put_line(struct buffer *out, const struct conf_server *conf,
		     const struct access_note *note, const struct access_end *end, int64_t mono_us)
{
	static const char *const methods[] = {
		[HTTP_GET] = "GET", [HTTP_HEAD] = "HEAD", [HTTP_POST] = "POST"};
	char serial[2 * LIMIT_SERIAL + 1] = "-";
	if (note->serial_size)
		hex_put(serial, view_of(note->serial, note->serial_size));
	buffer_printf(out, REQUEST_FORMAT, note->request);
	put_client(out, &note->client, conf->access_log_client);
	buffer_printf(out, " method=%s serial=%s", methods[note->method], serial);
	put_answer(out, end->answer);
	buffer_printf(out, " cause=%s http=%u us=%lld octets=%zu",
		      tally_cause_name(end->answer->cause), end->not_modified ? 304 : 200,
		      (long long)(mono_us - note->since_us), end->octets);
}

void access_add(struct access *access, const struct conf_server *conf,
		const struct access_note *note, const struct access_end *end)
{
	char head[LOG_HEAD_SIZE];
	struct moment now = clock_now();
	cleanup(buffer_deinit) struct buffer line = {0};
	if (access->out.size + LINE_MOST > LIMIT_ACCESS_LOG) {
		access->counts.dropped++;
		return;
	}
	if (access->fd < 0)
		(void)log_head(head, LOG_LEVEL_INFO, "access", now.wall_us);
	else
		head[log_time(head, now.wall_us)] = '\0';
	buffer_printf(&line, "%s%s", head, access->fd < 0 ? "" : " ");
	put_line(&line, conf, note, end, now.mono_us);
	/* What is not printable can only be the signer's name's. */
	for (size_t i = 0; i < line.size; i++)
		if (line.data[i] < 0x20 || line.data[i] == 0x7f)
			line.data[i] = '?';
	buffer_put_u8(&line, '\n');
	if (buffer_result(&line) < 0 || line.size > LINE_MOST) {
		access->counts.dropped++;
		return;
	}
	buffer_put_view(&access->out, buffer_view(&line));
	access->counts.lines++;
	if (access->out.size >= LIMIT_ACCESS_PIECE)
		access_flush(access);
}

/* ---- writing ---- */

/* Standard error is other processes' too, so it cannot be made non-blocking: a pipe or socket that has room
 * takes PIPE_BUF octets without waiting (pipe(7)), whole lines of them, so that they are not torn. A file
 * takes everything. */
static size_t piece(const struct access *access, bool is_file)
{
	size_t size = access->out.size;
	if (is_file || size <= PIPE_BUF)
		return size;
	const uint8_t *end = memrchr(access->out.data, '\n', PIPE_BUF);
	return end ? (size_t)(end - access->out.data) + 1 : PIPE_BUF;
}

void access_flush(struct access *access)
{
	struct stat status;
	int fd = access->fd >= 0 ? access->fd : STDERR_FILENO;
	if (access->out.size == 0)
		return;
	bool is_file = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
	while (access->out.size > 0) {
		struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
		if (!is_file && (poll(&poll_fd, 1, 0) != 1 || !(poll_fd.revents & POLLOUT)))
			return; /* it is full, or nobody reads any more */
		ssize_t written = write(fd, access->out.data, piece(access, is_file));
		if (written <= 0)
			return; /* kept until the next turn: a full disk may have room again */
		buffer_consume(&access->out, (size_t)written);
	}
}

struct access_counts access_counts(const struct access *access)
{
	return access->counts;
}
