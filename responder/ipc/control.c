/* packet = type (u8) · kind (u8) · index (u32) · text; descriptors by SCM_RIGHTS. A table says what each type
 * may carry; anything else is refused and whatever descriptors came with it are closed. */
#include "ipc/control.h"

#include "base/result.h"

#include <sys/socket.h>

#define HEADER_SIZE 6u

static const struct {
	unsigned least, most; /* descriptors */
	bool known, text;
} carries[] = {
	[CONTROL_LISTEN] = {1, CONTROL_DESCRIPTORS, true, false},
	[CONTROL_CHANNEL] = {1, 1, true, false},
	[CONTROL_JOURNAL] = {0, 4, true, false},
	[CONTROL_WORDS] = {1, 1, true, false},
	[CONTROL_ACCESS_LOG] = {0, 1, true, false},
	[CONTROL_STOP] = {0, 0, true, false},
	[CONTROL_ASK] = {0, 0, true, true},
	[CONTROL_DRAIN] = {0, 0, true, false},
	[CONTROL_CONF] = {0, 1, true, false},
	[CONTROL_IMPORTED] = {0, 0, true, true},
	[CONTROL_READY] = {0, 0, true, true},
	[CONTROL_BEAT] = {0, 0, true, false},
	[CONTROL_FAILED] = {0, 0, true, true},
	[CONTROL_ANSWER] = {0, 0, true, true},
	[CONTROL_LOST] = {0, 0, true, false},
	[CONTROL_CONF_DONE] = {0, 0, true, true},
	[CONTROL_ENDING] = {0, 0, true, true},
	[CONTROL_FETCHED] = {1, 1, true, true},
};

static bool message_fits(const struct control_message *m)
{
	if ((size_t)m->type >= array_size(carries) || !carries[m->type].known)
		return false;
	return m->descriptor_count >= carries[m->type].least &&
	       m->descriptor_count <= carries[m->type].most &&
	       (carries[m->type].text || m->text.size == 0) &&
	       m->text.size <= CONTROL_PACKET - HEADER_SIZE;
}

/* Aligned for the header that the kernel reads and writes there. */
union descriptors_space {
	struct cmsghdr align;
	uint8_t octets[CMSG_SPACE(CONTROL_DESCRIPTORS * sizeof(int))];
};

static void attach_descriptors(struct msghdr *packet, union descriptors_space *space,
			       const struct control_message *message)
{
	size_t size = message->descriptor_count * sizeof(int);
	if (size == 0)
		return;
	packet->msg_control = space->octets;
	packet->msg_controllen = CMSG_SPACE(size);
	struct cmsghdr *header = CMSG_FIRSTHDR(packet);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(header), message->descriptors, size);
}

int control_send(int fd, const struct control_message *message)
{
	if (!message_fits(message))
		return -EINVAL;
	uint32_t index = message->index;
	uint8_t head[HEADER_SIZE] = {(uint8_t)message->type, message->kind,
				     (uint8_t)(index >> 24), (uint8_t)(index >> 16),
				     (uint8_t)(index >> 8),  (uint8_t)index};
	struct iovec parts[] = {{head, sizeof(head)},
				{(void *)(uintptr_t)message->text.data, message->text.size}};
	struct msghdr packet = {.msg_iov = parts, .msg_iovlen = message->text.size ? 2 : 1};
	union descriptors_space space = {0};
	attach_descriptors(&packet, &space, message);
	ssize_t sent;
	do
		sent = sendmsg(fd, &packet, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? (errno == ECONNRESET ? -EPIPE : -errno) : 0;
}

static void collect_descriptors(struct msghdr *packet, struct control_message *message)
{
	for (struct cmsghdr *header = CMSG_FIRSTHDR(packet); header;
	     header = CMSG_NXTHDR(packet, header)) {
		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		/* The space holds CONTROL_DESCRIPTORS at most, whatever was sent. */
		size_t size = header->cmsg_len - CMSG_LEN(0);
		memcpy(message->descriptors, CMSG_DATA(header), size);
		message->descriptor_count = (unsigned)(size / sizeof(int));
	}
}

static int receive_packet(int fd, struct msghdr *packet, size_t *ret)
{
	ssize_t got;
	do
		got = recvmsg(fd, packet, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	*ret = (size_t)got;
	return 0;
}

int control_receive(int fd, uint8_t storage[CONTROL_PACKET], struct control_message *ret)
{
	struct iovec part = {storage, CONTROL_PACKET};
	union descriptors_space space = {0};
	struct msghdr packet = {.msg_iov = &part,
				.msg_iovlen = 1,
				.msg_control = space.octets,
				.msg_controllen = sizeof(space.octets)};
	size_t size = 0;
	int result = receive_packet(fd, &packet, &size);
	if (result < 0)
		return result;
	cleanup(control_message_close) struct control_message message = {0};
	collect_descriptors(&packet, &message);
	if (size == 0 && message.descriptor_count == 0)
		return -EPIPE;
	struct cursor in = cursor_of(view_of(storage, size));
	message.type = cursor_u8(&in);
	message.kind = cursor_u8(&in);
	message.index = cursor_u32(&in);
	message.text = in.rest;
	if (in.failed || (packet.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || !message_fits(&message))
		return -EBADMSG;
	*ret = message;
	message.descriptor_count = 0;
	return 0;
}

void control_message_close(struct control_message *message)
{
	for (unsigned i = 0; i < message->descriptor_count; i++)
		close(message->descriptors[i]);
	message->descriptor_count = 0;
}
