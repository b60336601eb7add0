#include "base/result.h"
#include "warden/harden.h"
#include "warden/proof.h"
#include "warden/warden.h"

#include <sys/prctl.h>

int warden_serve(const char *conf_path)
{
	cleanup(conf_freep) struct conf *conf = NULL;
	struct fault fault = {0};
	(void)prctl(PR_SET_NAME, "sg-warden", 0, 0, 0);
	if (conf_load(conf_path, &conf, &fault) < 0) {
		log_error("%s", fault.text);
		return 1;
	}
	log_init("warden", conf->server.log_level);
	int result = harden_process(); /* conninfo may hold a password */
	if (result < 0) {
		log_error("cannot give up privileges: %s", strerror(-result));
		return 1;
	}
	if (proof_profiles(conf, &fault) < 0 || proof_credentials(conf, &fault) < 0 ||
	    proof_database(conf, &fault) < 0) {
		log_error("%s", fault.text);
		return 1;
	}
	return warden_run(conf);
}
