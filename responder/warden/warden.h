/* The supervisor: reads the configuration, proves it, opens the sockets, starts the rooms and keeps
 * them running. It never parses anything that came from a client.
 *
 * It runs as whoever started it and never changes its user: the systemd unit gives it one of its
 * own, with CAP_NET_BIND_SERVICE where ports below 1024 are listened on. */
#pragma once

#include "warden/preflight.h"

/* Serves until SIGTERM or SIGINT. `steps`, up to one without a function, prove the configuration
 * first. The exit status: 0 ended in order, 1 refused or failed (with lines that say why; nothing is
 * left behind). */
int warden_serve(const char *conf_path, const struct preflight_step *steps);

/* The same for a configuration that was read and proven; `steps` prove those that are read later. */
int warden_run(const struct conf *conf, const struct preflight_step *steps);
