/* A running instance, asked through its control socket (warden/control_socket.h tells the protocol). */
#pragma once

#include "cli/command.h"

/* Where it listens: --socket, else the configuration's. 0, or -errno with a fault. */
must_check int instance_find(const struct command_line *line, char **ret, struct fault *fault);
/* One line's answer, an object without an "error". 0, or -errno with a fault. */
must_check int instance_ask(const char *path, const char *question, struct json_object **ret,
			    struct fault *fault);
/* The same of a word that may take as long as this to obey. */
must_check int instance_ask_for(const char *path, const char *question, unsigned seconds,
				struct json_object **ret, struct fault *fault);
/* A member as text; "" where it is missing or null. */
const char *instance_text(struct json_object *object, const char *key);
