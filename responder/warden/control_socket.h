/* The operator's door: a Unix stream socket (mode 0660, [server] control_socket) on which
 * `stillgood status` asks a running instance how it is.
 *
 *   client → warden   status LF                       one line, then it waits
 *   warden → client   one JSON document and LF, then the end of the stream
 *
 * An unknown command is answered {"error":"…"} LF. At most CONTROL_SOCKET_CLIENTS at a time, each
 * for CONTROL_SOCKET_TIMEOUT_MS; others are closed at once. The document of `status`:
 *
 *   {"version":"0.1.0", "pid":1, "started_at":"2026-07-01T12:00:00Z",
 *    "ready":true, "reason":"",                 why not, in one line
 *    "listen":["127.0.0.1:8080"], "issuers":["NAME"],
 *    "rooms":[{"name":"front 0", "pid":2, "restarts":0,
 *              "state":"running",               starting | running | stopping | waiting (to restart)
 *              "answered":true,                 false: did not report within CONTROL_SOCKET_ASK_MS
 *              "status":{…}}]}                  the room's own report; {} if it did not answer
 *
 * `ready` needs every room running and the ledger's report to say "ready":true; `reason` is then the
 * ledger's "reason". */
#pragma once

#include "base/bytes.h"
#include "base/result.h"

#include <event2/event.h>

#define CONTROL_SOCKET_CLIENTS 16u
#define CONTROL_SOCKET_LINE 64u
#define CONTROL_SOCKET_TIMEOUT_MS 5000
#define CONTROL_SOCKET_ASK_MS 1000
