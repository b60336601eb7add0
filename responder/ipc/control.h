/* The link between the warden and one room: SOCK_SEQPACKET, one message a packet, descriptors with
 * it. A room starts with this socket as descriptor CONTROL_FD and its configuration (INI text,
 * only the options of that kind of room) as CONTROL_CONF_FD. */
#pragma once

#include "base/bytes.h"

#define CONTROL_FD 3
#define CONTROL_CONF_FD 4
#define CONTROL_VAULT_FD 5 /* to those that hold keys, where there is one (signer/vault.h) */
#define CONTROL_PACKET 65536
#define CONTROL_DESCRIPTORS 16

enum control_type {
	/* warden → room */
	CONTROL_LISTEN = 1, /* to a front: its listening sockets */
	CONTROL_CHANNEL = 2, /* its channel to another room: `kind` and `index` are that one's */
	CONTROL_JOURNAL = 3, /* to the ledger: the journal's two files, and the kept answers' */
	CONTROL_WORDS = 4, /* to the admin room: a stream to the control socket's few safe words */
	CONTROL_STOP = 5, /* finish what is in flight, then end */
	CONTROL_ASK = 6, /* the text is a word: "status", which all know, or another */
	CONTROL_DRAIN =
		7, /* `index` 1: no new clients, please, but serve who comes; 0: back again */
	CONTROL_CONF = 8, /* `kind`: a step towards another configuration (enum control_step) */
	CONTROL_ACCESS_LOG = 9, /* to a front: the file of the access log; none: standard error */
	CONTROL_IMPORTED =
		10, /* to the fetcher: what became of FETCHED `index`; `kind`: enum control_outcome */
	/* room → warden */
	CONTROL_READY = 32, /* started, its own checks passed; what locks it in, a JSON object */
	CONTROL_FAILED = 33, /* cannot work; the text says why; the room ends after it */
	CONTROL_ANSWER = 34, /* to ASK: a JSON object as text, with the `index` of the question */
	CONTROL_LOST =
		35, /* its channel to `kind` and `index` has been gone for a while: a new one! */
	CONTROL_ENDING =
		38, /* of a signer: "NOT_AFTER ISSUER" that ends soon; `index`: its last signer's */
	CONTROL_CONF_DONE = 37, /* to CONF: that step is taken; a text: it cannot be, and why */
	CONTROL_BEAT = 36, /* its loop turns */
	CONTROL_FETCHED = 39, /* of the fetcher: a CRL, sealed; "KIND ISSUER" */
};

/* Another configuration (doc/design.md, A reload): built aside, then taken over in one step. */
enum control_step {
	CONTROL_PREPARE = 1, /* with the configuration as a descriptor */
	CONTROL_COMMIT = 2,
	CONTROL_ABANDON = 3, /* is not answered */
};

/* What became of a CRL that was fetched; a line about it goes with it. */
enum control_outcome {
	CONTROL_TAKEN = 1, /* it is recorded, or was before; or the database says the same */
	CONTROL_DIFFERS = 2, /* what was compared: a count of each kind, then the line */
	CONTROL_REFUSED = 3, /* it is no CRL of this issuer that may be recorded */
	CONTROL_LATER = 4, /* it could not be looked at */
};

struct control_message {
	enum control_type type;
	/* Of CHANNEL and LOST: enum room_kind (room/kinds.h); of CONF and CONF_DONE: enum
	 * control_step. */
	uint8_t kind;
	uint32_t index; /* what it means is each type's */
	struct view text; /* of those that may have one (control.c); empty otherwise */
	unsigned descriptor_count;
	int descriptors[CONTROL_DESCRIPTORS]; /* on receipt owned by the receiver */
};

/* Blocking is the socket's own setting. 0, -EAGAIN, -EPIPE or another -errno. The descriptors stay
 * the caller's. */
must_check int control_send(int fd, const struct control_message *message);
/* `storage` holds the text. 0; -EAGAIN; -EPIPE when the other side is gone; -EBADMSG. */
must_check int control_receive(int fd, uint8_t storage[CONTROL_PACKET],
			       struct control_message *ret);
void control_message_close(struct control_message *message);
