/* A CA that signs for itself, made by openssl when a fuzz target begins: its files, removed at the end. */
#pragma once

#include "base/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char ca_folder[32] = "/tmp/stillgood-fuzz-XXXXXX", ca_certificate[64], ca_key[64];

static void ca_remove(void)
{
	(void)unlink(ca_certificate);
	(void)unlink(ca_key);
	(void)rmdir(ca_folder);
}

static inline void ca_make(void)
{
	char command[512];
	if (!mkdtemp(ca_folder))
		abort();
	(void)snprintf(ca_certificate, sizeof(ca_certificate), "%s/ca.pem", ca_folder);
	(void)snprintf(ca_key, sizeof(ca_key), "%s/ca.key", ca_folder);
	(void)atexit(ca_remove);
	(void)snprintf(
		command, sizeof(command),
		"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout %s "
		"-out %s -days 30 -subj /CN=Fuzz -addext "
		"keyUsage=critical,keyCertSign,cRLSign,digitalSignature 2>/dev/null",
		ca_key, ca_certificate);
	if (system(command) != 0) /* NOLINT(cert-env33-c): nothing of it comes from outside */
		abort();
}
