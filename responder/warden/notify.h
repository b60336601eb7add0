/* systemd's readiness protocol, sd_notify(3): one datagram to $NOTIFY_SOCKET. */
#pragma once

/* "READY=1", "STOPPING=1" … Nothing happens where no service manager listens. */
void notify(const char *state);
