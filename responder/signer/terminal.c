#include "signer/terminal.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* Up to the end of the line; what is longer than `size` is no passphrase of ours. */
static ssize_t read_line(int fd, char *ret, size_t size)
{
	size_t length = 0;
	for (;;) {
		char octet;
		ssize_t got = read(fd, &octet, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || octet == '\n')
			break;
		if (length < size)
			ret[length++] = octet;
	}
	if (length == size)
		return -1;
	ret[length] = '\0';
	return (ssize_t)length;
}

int terminal_ask(const char *what, char *ret, size_t size)
{
	struct termios shown, hidden;
	cleanup(descriptor_closep) int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || tcgetpgrp(fd) != getpgrp() || tcgetattr(fd, &shown) < 0)
		return -ENOTTY; /* in the background the question would only stop us */
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	hidden.c_lflag |= ECHONL;
	if (tcsetattr(fd, TCSAFLUSH, &hidden) < 0)
		return -ENOTTY;
	(void)dprintf(fd, "Passphrase of %s: ", what);
	ssize_t length = read_line(fd, ret, size);
	(void)tcsetattr(fd, TCSAFLUSH, &shown);
	return length > 0 ? 0 : -ENOTTY;
}
