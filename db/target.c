#include "db/target.h"

/* What may be a list with commas. */
static const char *const listed[] = {"host", "hostaddr", "port"};
enum { LIST_HOST, LIST_HOSTADDR, LIST_PORT, LISTS };

struct db_targets {
	PQconninfoOption *options;
	size_t count;
	char *picked[LISTS]; /* of the target given last */
};

static const char *option(const struct db_targets *t, const char *keyword)
{
	for (const PQconninfoOption *o = t->options; o->keyword; o++)
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

int db_targets_new(const char *conninfo, struct db_targets **ret, struct fault *fault)
{
	cleanup(db_targets_freep) struct db_targets *t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->options = PQconninfoParse(conninfo, NULL);
	if (!t->options)
		return fault_set(fault, -EINVAL, "database: conninfo is not a connection string");
	size_t hosts = elements(option(t, "host")), addresses = elements(option(t, "hostaddr"));
	t->count = hosts > addresses ? hosts : addresses;
	if (t->count == 0)
		t->count = 1; /* libpq's default or the environment's */
	*ret = t;
	t = NULL;
	return 0;
}

void db_targets_free(struct db_targets *t)
{
	if (!t)
		return;
	drop_picked(t);
	PQconninfoFree(t->options);
	free(t);
}

size_t db_targets_count(const struct db_targets *t)
{
	return t->count;
}

static const char *value_of(const struct db_targets *t, const PQconninfoOption *o)
{
	for (size_t i = 0; i < LISTS; i++)
		if (t->picked[i] && strcmp(o->keyword, listed[i]) == 0)
			return t->picked[i];
	return o->val;
}

int db_targets_get(struct db_targets *t, size_t index, struct db_target *ret)
{
	drop_picked(t);
	for (size_t i = 0; i < LISTS; i++) {
		const char *list = option(t, listed[i]);
		if (elements(list) == 0)
			continue;
		t->picked[i] = pick(list, index % t->count);
		if (!t->picked[i])
			return -ENOMEM;
	}
	size_t used = 0;
	*ret = (struct db_target){.keywords = {"client_encoding", "fallback_application_name"},
				  .values = {"UTF8", "stillgood"}};
	used = 2;
	for (const PQconninfoOption *o = t->options; o->keyword; o++) {
		if (!o->val || strcmp(o->keyword, "client_encoding") == 0 ||
		    strcmp(o->keyword, "fallback_application_name") == 0 ||
		    used + 1 >= DB_TARGET_PARAMETERS)
			continue;
		ret->keywords[used] = o->keyword;
		ret->values[used++] = value_of(t, o);
	}
	return 0;
}
