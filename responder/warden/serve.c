#include "base/result.h"
#include "room/harden.h"
#include "signer/passphrase.h"
#include "warden/inherited.h"
#include "warden/privilege.h"
#include "warden/users.h"
#include "warden/warden.h"

#include <sys/prctl.h>

/* 0, or -EINVAL: something refuses. Everything is logged. */
static int prove(const struct conf *conf, const struct preflight_step *steps)
{
	struct users users;
	users_find(conf, &users);
	struct preflight preflight = {.users = &users, .serving = true, .found = preflight_log};
	for (; steps->prove; steps++)
		preflight_run(steps, conf, &preflight);
	return preflight.counts[SERVE_REFUSED] > 0 ? -EINVAL : 0;
}

int warden_serve(const char *conf_path, const struct preflight_step *steps)
{
	cleanup(conf_freep) struct conf *conf = NULL;
	struct fault fault = {0};
	(void)prctl(PR_SET_NAME, "sg-warden", 0, 0, 0);
	inherited_take();
	harden_stray_signals();
	if (conf_load(conf_path, &conf, &fault) < 0) {
		struct preflight preflight = {.found = preflight_log};
		preflight_find(&preflight, SERVE_REFUSED, "", "%s", fault.text);
		return 1;
	}
	log_init("warden", conf->server.log_level);
	int result = privilege_keep();
	if (result == 0)
		result = harden_process(); /* conninfo may hold a password */
	if (result < 0) {
		log_error("cannot give up privileges: %s", strerror(-result));
		return 1;
	}
	if (passphrases_collect(conf, true, &fault) < 0) {
		log_error("%s", fault.text);
		return 1;
	}
	int status = prove(conf, steps) < 0 ? 1 : warden_run(conf, steps);
	vault_wipe();
	return status;
}
