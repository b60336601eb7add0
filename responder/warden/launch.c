#include "warden/launch.h"

#include "base/log.h"
#include "front/front.h"
#include "ipc/control.h"
#include "ledger/ledger.h"
#include "signer/signer.h"
#include "verifier/verifier.h"
#include "warden/harden.h"

#include <sys/prctl.h>

/* What `ps -o comm` and `top` show, 15 characters at most. */
static void name_process(enum room_kind kind, unsigned index)
{
	char name[16];
	switch (kind) {
	case ROOM_LEDGER:
		(void)snprintf(name, sizeof(name), "sg-ledger");
		break;
	case ROOM_FRONT:
		(void)snprintf(name, sizeof(name), "sg-front%u", index);
		break;
	case ROOM_SIGNER:
		(void)snprintf(name, sizeof(name), "sg-signer%u", index);
		break;
	case ROOM_VERIFIER:
		(void)snprintf(name, sizeof(name), "sg-verifier");
		break;
	}
	(void)prctl(PR_SET_NAME, name, 0, 0, 0);
}

int launch_room(enum room_kind kind, unsigned index)
{
	char name[ROOM_NAME_SIZE];
	kind_name(kind, index, name);
	log_init(name, LOG_LEVEL_INFO); /* the configuration's level follows in the room */
	name_process(kind, index);
	int result = harden_process();
	if (result < 0) {
		log_error("cannot give up privileges: %s", strerror(-result));
		return 1;
	}
	switch (kind) {
	case ROOM_FRONT:
		return front_run(CONTROL_FD, CONTROL_CONF_FD, index);
	case ROOM_LEDGER:
		return ledger_run(CONTROL_FD, CONTROL_CONF_FD);
	case ROOM_SIGNER:
		return signer_run(CONTROL_FD, CONTROL_CONF_FD, index);
	case ROOM_VERIFIER:
		return verifier_run(CONTROL_FD, CONTROL_CONF_FD);
	}
	return 1;
}
