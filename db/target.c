#include "db/target.h"

#include "base/bytes.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What may be a list with commas. */
static const char *const listed[] = {"host", "hostaddr", "port"};
enum { LIST_HOST, LIST_HOSTADDR, LIST_PORT, LISTS };

#define SESSION_ATTRS "target_session_attrs"
#define LOAD_BALANCE "load_balance_hosts" /* since libpq 16 */

struct db_targets {
	PQconninfoOption *options;
	char *lists[LISTS]; /* the text's, or a service file's, or the environment's; or NULL */
	char **hosts; /* one of each place in the lists; NULL: it has none */
	size_t *order; /* the place of each index */
	size_t count;
	bool random; /* in any order, not in that of the lists */
	bool prefers_standby; /* a round asks all of them for a standby, then all for whatever they are */
	char *application_name;
	char *picked[LISTS]; /* of the target given last */
};

static const char *value_in(const PQconninfoOption *options, const char *keyword)
{
	for (const PQconninfoOption *o = options; o && o->keyword; o++)
		if (strcmp(o->keyword, keyword) == 0)
			return o->val;
	return NULL;
}

static size_t elements(const char *list)
{
	if (!list || !*list)
		return 0;
	size_t count = 1;
	for (; *list; list++)
		count += *list == ',';
	return count;
}

/* The element of that index, or the only one. */
static char *pick(const char *list, size_t index)
{
	if (elements(list) == 1)
		index = 0;
	for (; index > 0; index--) {
		const char *comma = strchr(list, ',');
		list = comma ? comma + 1 : "";
	}
	return strndup(list, strcspn(list, ","));
}

static void drop_picked(struct db_targets *t)
{
	for (size_t i = 0; i < LISTS; i++) {
		free(t->picked[i]);
		t->picked[i] = NULL;
	}
}

/* What libpq takes where the text says nothing. A service that the text names is looked up only where the
 * environment names it: so it is for that moment. Rooms and commands have one thread. */
static PQconninfoOption *defaults_of(const PQconninfoOption *options)
{
	const char *service = value_in(options, "service"), *before = getenv("PGSERVICE");
	cleanup(memory_freep) char *kept = before ? strdup(before) : NULL;
	if (service)
		(void)setenv("PGSERVICE", service, 1);
	PQconninfoOption *defaults = PQconndefaults();
	if (service && kept)
		(void)setenv("PGSERVICE", kept, 1);
	else if (service)
		(void)unsetenv("PGSERVICE");
	return defaults;
}

static int take_value(const PQconninfoOption *options, const PQconninfoOption *defaults,
		      const char *keyword, char **ret)
{
	const char *value = value_in(options, keyword);
	if (!value || !*value)
		value = value_in(defaults, keyword);
	if (!value || !*value)
		return 0;
	*ret = strdup(value);
	return *ret ? 0 : -ENOMEM;
}

char *db_application_name(const char *given, const char *purpose)
{
	char *name = NULL;
	if (!given || !*given)
		given = "stillgood";
	return asprintf(&name, "%s %s", given, purpose) < 0 ? NULL : name;
}

static int take_values(struct db_targets *t, const char *purpose)
{
	PQconninfoOption *defaults = defaults_of(t->options);
	cleanup(memory_freep) char *given = NULL, *session = NULL, *balance = NULL;
	int result = take_value(t->options, defaults, "application_name", &given);
	if (result == 0)
		result = take_value(t->options, defaults, SESSION_ATTRS, &session);
	if (result == 0)
		result = take_value(t->options, defaults, LOAD_BALANCE, &balance);
	t->random = balance && strcmp(balance, "random") == 0;
	t->prefers_standby = session && strcmp(session, "prefer-standby") == 0;
	for (size_t i = 0; result == 0 && i < LISTS; i++)
		result = take_value(t->options, defaults, listed[i], &t->lists[i]);
	PQconninfoFree(defaults);
	if (result < 0)
		return result;
	t->application_name = db_application_name(given, purpose);
	return t->application_name ? 0 : -ENOMEM;
}

static int take_hosts(struct db_targets *t)
{
	t->hosts = calloc(t->count, sizeof(*t->hosts));
	t->order = calloc(t->count, sizeof(*t->order));
	if (!t->hosts || !t->order)
		return -ENOMEM;
	for (size_t i = 0; i < t->count; i++)
		t->order[i] = i;
	for (size_t i = 0; t->lists[LIST_HOST] && i < t->count; i++) {
		t->hosts[i] = pick(t->lists[LIST_HOST], i);
		if (!t->hosts[i])
			return -ENOMEM;
	}
	return 0;
}

/* libpq's own words may repeat a password: only this one, which an older libpq does not know, is told from them. */
static int parse(const char *conninfo, PQconninfoOption **ret, struct fault *fault)
{
	char *why = NULL;
	*ret = PQconninfoParse(conninfo, &why);
	if (*ret)
		return 0;
	bool old = why && strstr(why, "\"" LOAD_BALANCE "\"");
	PQfreemem(why);
	return fault_set(fault, -EINVAL,
			 old ? "database: " LOAD_BALANCE " in conninfo needs libpq 16 or newer"
			     : "database: conninfo is not a connection string");
}

int db_targets_new(const char *conninfo, const char *purpose, struct db_targets **ret,
		   struct fault *fault)
{
	cleanup(db_targets_freep) struct db_targets *t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	int result = parse(conninfo, &t->options, fault);
	if (result < 0)
		return result;
	result = take_values(t, purpose);
	if (result < 0)
		return result;
	size_t hosts = elements(t->lists[LIST_HOST]), addresses = elements(t->lists[LIST_HOSTADDR]);
	t->count = hosts > addresses ? hosts : addresses;
	if (t->count == 0)
		t->count = 1; /* libpq's default */
	result = take_hosts(t);
	if (result < 0)
		return result;
	*ret = t;
	t = NULL;
	return 0;
}

void db_targets_free(struct db_targets *t)
{
	if (!t)
		return;
	drop_picked(t);
	for (size_t i = 0; t->hosts && i < t->count; i++)
		free(t->hosts[i]);
	for (size_t i = 0; i < LISTS; i++)
		free(t->lists[i]);
	free(t->hosts);
	free(t->order);
	free(t->application_name);
	PQconninfoFree(t->options);
	free(t);
}

/* Fisher and Yates'. The random numbers are of no secret. */
void db_targets_shuffle(struct db_targets *t, uint64_t seed)
{
	if (!t->random)
		return;
	for (size_t left = t->count; left > 1; left--) {
		seed = seed * UINT64_C(6364136223846793005) + 1;
		size_t other = (size_t)((seed >> 33) % left), place = t->order[other];
		t->order[other] = t->order[left - 1];
		t->order[left - 1] = place;
	}
}

static size_t place_at(const struct db_targets *t, size_t index)
{
	return t->order[index % t->count];
}

size_t db_targets_count(const struct db_targets *t)
{
	return t->prefers_standby ? 2 * t->count : t->count;
}

/* ---- names ---- */

/* Neither a socket's folder (an abstract one's begins with @) nor an address. */
static bool is_name(const char *host)
{
	struct in6_addr address;
	return host && *host && *host != '/' && *host != '@' &&
	       inet_pton(AF_INET, host, &address) != 1 && inet_pton(AF_INET6, host, &address) != 1;
}

static bool has_address(const struct db_targets *t, size_t place)
{
	if (!t->lists[LIST_HOSTADDR])
		return false;
	cleanup(memory_freep) char *address = pick(t->lists[LIST_HOSTADDR], place);
	return address && *address;
}

const char *db_targets_name(const struct db_targets *t, size_t index)
{
	size_t place = place_at(t, index);
	return is_name(t->hosts[place]) && !has_address(t, place) ? t->hosts[place] : NULL;
}

bool db_targets_named(const struct db_targets *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (db_targets_name(t, i))
			return true;
	return false;
}

/* libpq wants a host for each address. */
static char *repeat(const char *host, const char *addresses)
{
	cleanup(buffer_deinit) struct buffer text = {0};
	for (size_t i = 0; i < elements(addresses); i++)
		buffer_printf(&text, "%s%s", i ? "," : "", host);
	buffer_put_u8(&text, '\0');
	return buffer_result(&text) == 0 ? strdup((const char *)text.data) : NULL;
}

/* ---- for libpq ---- */

static int pick_lists(struct db_targets *t, size_t place, const char *addresses)
{
	for (size_t i = 0; i < LISTS; i++) {
		if (addresses && i == LIST_HOST)
			t->picked[i] = repeat(t->hosts[place], addresses);
		else if (addresses && i == LIST_HOSTADDR)
			t->picked[i] = strdup(addresses);
		else if (elements(t->lists[i]) > 0)
			t->picked[i] = pick(t->lists[i], place);
		else
			continue;
		if (!t->picked[i])
			return -ENOMEM;
	}
	return 0;
}

static bool is_ours(const char *keyword)
{
	static const char *const ours[] = {"client_encoding", "application_name",
					   "fallback_application_name", SESSION_ATTRS,
					   LOAD_BALANCE};
	for (size_t i = 0; i < array_size(ours); i++)
		if (strcmp(keyword, ours[i]) == 0)
			return true;
	for (size_t i = 0; i < LISTS; i++)
		if (strcmp(keyword, listed[i]) == 0)
			return true;
	return false;
}

static void add(struct db_target *target, size_t *used, const char *keyword, const char *value)
{
	if (!value || *used + 1 >= DB_TARGET_PARAMETERS)
		return;
	target->keywords[*used] = keyword;
	target->values[(*used)++] = value;
}

/* To libpq the list has one host, and any one of it is the last: it would prefer nothing. */
static const char *session_attrs(const struct db_targets *t, size_t index)
{
	if (!t->prefers_standby)
		return value_in(t->options, SESSION_ATTRS);
	return index / t->count % 2 == 0 ? "standby" : "any";
}

int db_targets_get(struct db_targets *t, size_t index, const char *addresses, struct db_target *ret)
{
	size_t used = 0;
	drop_picked(t);
	int result = pick_lists(t, place_at(t, index), addresses);
	if (result < 0)
		return result;
	*ret = (struct db_target){0};
	add(ret, &used, "client_encoding", "UTF8");
	add(ret, &used, "application_name", t->application_name);
	add(ret, &used, SESSION_ATTRS, session_attrs(t, index));
	for (size_t i = 0; i < LISTS; i++)
		add(ret, &used, listed[i], t->picked[i]);
	for (const PQconninfoOption *o = t->options; o->keyword; o++)
		if (!is_ours(o->keyword))
			add(ret, &used, o->keyword, o->val);
	return 0;
}
