/* The process that records a CRL: what the fetcher may have done, and what becomes of it (doc/faults.md row 32). This
 * program is the importer, too: its issuer's name says what it does. */
#include "unit.h"

#include "base/clock.h"
#include "warden/importer.h"
#include "warden/importer_process.h"
#include "warden/kind.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define ALL (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define ISSUER(name, options)                            \
	"[issuer \"" name "\"]\ncertificate = /ca.pem\n" \
	"signer_certificate = ocsp.pem\nsigner_key = k.key\n" options
#define FOLLOWED "crl = http://127.0.0.1/ca.crl\n"

static const char text[] =
	"[server]\nfetch_size = 1KiB\nusers = none\n"
	"[database]\nconninfo = dbname=x\nimport_conninfo = dbname=y\nimport_timeout = 1s\n" ISSUER(
		"fine", FOLLOWED) ISSUER("many words", FOLLOWED) ISSUER("crash", FOLLOWED)
		ISSUER("hang", FOLLOWED) ISSUER("noise", FOLLOWED) ISSUER("silent", FOLLOWED)
			ISSUER("watched", "crl_watch = http://127.0.0.1/ca.crl\n")
				ISSUER("unasked", "");

/* ---- the importer ---- */

/* What it was given is there, and nothing else is. */
static bool is_well_equipped(void)
{
	char octets[8] = "", options[2048] = "";
	return pread(IMPORTER_CRL_FD, octets, sizeof(octets), 0) == 3 &&
	       memcmp(octets, "crl", 3) == 0 &&
	       pread(IMPORTER_CONF_FD, options, sizeof(options) - 1, 0) > 0 &&
	       strstr(options, "import_conninfo = dbname=y") && !strstr(options, "signer_key") &&
	       !strstr(options, "dbname=x") && fcntl(IMPORTER_CONF_FD + 1, F_GETFD) < 0;
}

static int import(const char *kind, const char *issuer)
{
	if (strcmp(issuer, "fine") == 0 && is_well_equipped() && strcmp(kind, "crl") == 0)
		(void)puts("1 recorded");
	else if (strcmp(issuer, "watched") == 0 && strcmp(kind, "watch") == 0)
		(void)puts("2 1 0 0 0 one is missing");
	else if (strcmp(issuer, "many words") == 0)
		for (unsigned i = 0; i < 100000; i++)
			(void)puts("3 refused");
	else if (strcmp(issuer, "noise") == 0)
		(void)puts("9 what?");
	else if (strcmp(issuer, "crash") == 0)
		(void)raise(SIGKILL);
	else if (strcmp(issuer, "hang") == 0)
		(void)pause();
	return 0;
}

/* ---- the warden ---- */

static struct world {
	struct event_base *base;
	struct conf *conf;
	struct users users;
	struct importer *importer;
	struct event *child;
	unsigned told;
	enum control_outcome outcome;
	uint32_t ticket;
	char line[1024];
} world;

static void told(void *context, pid_t from, uint32_t ticket, enum control_outcome outcome,
		 struct view line)
{
	(void)context;
	assert_int_equal(from, 77);
	world.told++;
	world.ticket = ticket;
	world.outcome = outcome;
	(void)snprintf(world.line, sizeof(world.line), "%.*s", (int)line.size,
		       (const char *)line.data);
}

static void on_child(evutil_socket_t number, short what, void *context)
{
	(void)number;
	(void)what;
	(void)context;
	importer_reap(world.importer);
}

static int begin(void **state)
{
	struct fault fault = {""};
	(void)state;
	world = (struct world){.base = event_base_new()};
	if (conf_parse("x.conf", view_of_string(text), CONF_ALL, &world.conf, &fault) < 0)
		fail_msg("%s", fault.text);
	users_find(world.conf, &world.users);
	world.child = evsignal_new(world.base, SIGCHLD, on_child, NULL);
	assert_int_equal(event_add(world.child, NULL), 0);
	return importer_new(world.base, told, NULL, &world.importer);
}

static int end(void **state)
{
	(void)state;
	importer_free(world.importer);
	event_free(world.child);
	event_base_free(world.base);
	conf_free(world.conf);
	return 0;
}

static void give(const char *words, const char *octets, int seals, uint32_t ticket)
{
	int fd = memfd_create("crl", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	assert_int_equal(write(fd, octets, strlen(octets)), strlen(octets));
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	const struct delivery delivery = {
		.from = 77, .ticket = ticket, .text = view_of_string(words), .fd = fd};
	importer_take(world.importer, world.conf, &world.users, &delivery);
	assert_int_equal(fcntl(fd, F_GETFD), -1); /* it is the warden's to close */
}

static void wait_until_told(unsigned count)
{
	while (world.told < count)
		assert_int_equal(event_base_loop(world.base, EVLOOP_ONCE), 0);
}

static void assert_outcome(const char *words, enum control_outcome outcome, const char *line)
{
	unsigned before = world.told;
	give(words, "crl", ALL, before);
	wait_until_told(before + 1);
	assert_int_equal(world.ticket, before);
	assert_int_equal(world.outcome, outcome);
	if (!strstr(world.line, line))
		fail_msg("\"%s\" does not say \"%s\"", world.line, line);
}

static void what_it_says_is_told(void **state)
{
	(void)state;
	assert_outcome("crl fine", CONTROL_TAKEN, "recorded");
	assert_outcome("watch watched", CONTROL_DIFFERS, "1 0 0 0 one is missing");
	assert_outcome("crl many words", CONTROL_REFUSED, "refused");
	assert_outcome("crl fine", CONTROL_TAKEN, "recorded");
}

static void what_it_does_not_say_is_later(void **state)
{
	(void)state;
	assert_outcome("crl crash", CONTROL_LATER, "ended by signal 9");
	assert_outcome("crl noise", CONTROL_LATER, "ended with status 0");
	assert_outcome("crl silent", CONTROL_LATER, "ended with status 0");
}

static void nobody_waits_longer_than_import_timeout(void **state)
{
	(void)state;
	assert_outcome("crl hang", CONTROL_LATER, "longer than import_timeout");
	assert_outcome("crl fine", CONTROL_TAKEN, "recorded");
}

static void refused(const char *words, const char *octets, int seals, const char *reason)
{
	unsigned before = world.told;
	give(words, octets, seals, 5);
	assert_int_equal(world.told, before + 1); /* at once: no process was made */
	assert_int_equal(world.outcome, CONTROL_LATER);
	if (!strstr(world.line, reason))
		fail_msg("\"%s\" does not say \"%s\"", world.line, reason);
}

/* row 32 */
static void a_compromised_fetcher_gives_what_it_may_and_nothing_else(void **state)
{
	(void)state;
	char large[1026];
	memset(large, 'x', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	refused("crl fine", "crl", 0, "not sealed");
	refused("crl fine", "crl", ALL & ~F_SEAL_WRITE, "not sealed");
	refused("crl fine", "crl", ALL & ~F_SEAL_SHRINK, "not sealed");
	refused("crl fine", "crl", ALL & ~F_SEAL_GROW, "not sealed");
	refused("crl fine", "", ALL, "fetch_size");
	refused("crl fine", large, ALL, "fetch_size");
	refused("crl unasked", "crl", ALL, "nobody asked");
	refused("crl watched", "crl", ALL, "nobody asked");
	refused("watch fine", "crl", ALL, "nobody asked");
	refused("crl nobody", "crl", ALL, "nobody asked");
	refused("crl", "crl", ALL, "nobody asked");
	refused("", "crl", ALL, "nobody asked");
	refused(" fine", "crl", ALL, "nobody asked");
	refused("crlcrlcrl fine", "crl", ALL, "nobody asked");
}

static void a_socket_is_no_crl(void **state)
{
	(void)state;
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	const struct delivery delivery = {
		.from = 77, .ticket = 1, .text = view_of_string("crl fine"), .fd = ends[0]};
	importer_take(world.importer, world.conf, &world.users, &delivery);
	assert_int_equal(world.outcome, CONTROL_LATER);
	close(ends[1]);
}

static void one_at_a_time(void **state)
{
	(void)state;
	give("crl hang", "crl", ALL, 1);
	refused("crl fine", "crl", ALL, "another CRL");
	assert_int_equal(world.ticket, 5);
	wait_until_told(2);
	assert_int_equal(world.ticket, 1);
}

static void what_runs_ends_with_the_warden(void **state)
{
	(void)state;
	give("crl hang", "crl", ALL, 1);
	assert_int_equal(world.told, 0); /* end() kills it, and waits */
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], IMPORTER_NAME) == 0)
		return import(argv[2], argv[3]);
	const struct CMUnitTest tests[] = {
		EACH(what_it_says_is_told),
		EACH(what_it_does_not_say_is_later),
		EACH(nobody_waits_longer_than_import_timeout),
		EACH(a_compromised_fetcher_gives_what_it_may_and_nothing_else),
		EACH(a_socket_is_no_crl),
		EACH(one_at_a_time),
		EACH(what_runs_ends_with_the_warden),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
