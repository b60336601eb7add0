/* Listening sockets that the service manager opened and hands over: systemd's socket units (sd_listen_fds(3)). They
 * stay open while the service is restarted or upgraded, and whoever connects meanwhile waits in their queues. A
 * socket belongs to the address of `listen` or `admin_listen` that it listens on. */
#pragma once

#include "base/result.h"
#include "conf/conf.h"

#include <sys/socket.h>

#define INHERITED_FIRST 3 /* the first descriptor that is handed over */
#define INHERITED_MOST (2ul * LIMIT_LISTENERS)

/* Once, before anything else is opened: what LISTEN_PID and LISTEN_FDS announce, if it is meant for us. */
void inherited_take(void);
/* The one on this address, which stays ours; -1: none. */
int inherited_on(const struct sockaddr_storage *place, socklen_t size);
/* Is it one of them, by whatever descriptor? */
bool inherited_is(int fd);
/* Logs on which addresses clients wait for nobody, because the configuration does not name them. */
void inherited_tell_unused(const struct conf_server *server);
