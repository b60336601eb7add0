#include "warden/kind.h"

#include "base/result.h"

#define PLAN(KIND, name, most, place) [ROOM_##KIND] = &name##_plan,
static const struct room_plan *const plans[] = {ROOMS(PLAN)};

static const struct {
	const char *name;
	bool prefix, database;
} variables[] = {
	{"LANG", false, false},
	{"LC_ALL", false, false},
	{"TZ", false, false},
	{"JOURNAL_STREAM", false, false}, /* log lines get their priority */
	{"OPENSSL_", true, false}, /* its configuration, modules, capabilities */
	{"PG", true, true},
	{"HOME", false, true}, /* libpq: .pgpass, .postgresql/ */
	/* What modules that speak to tokens look for. */
	{"SOFTHSM2_CONF", false, false},
	{"OPENSC_", true, false},
	{"P11_KIT_", true, false},
	{"PKCS11_", true, false},
	{"YUBIHSM_PKCS11_", true, false},
	{"CKNFAST_", true, false},
	{"ChrystokiConfigurationPath", false, false},
	/* Whoever loaded a library into the warden meant the whole program. */
	{"LD_LIBRARY_PATH", false, false},
	{"LD_PRELOAD", false, false},
	{"FAKETIME", true, false},
	{"ASAN_OPTIONS", false, false},
	{"UBSAN_OPTIONS", false, false},
};

const struct room_plan *kind_plan(enum room_kind kind)
{
	return plans[kind];
}

unsigned kind_processes(enum room_kind kind, const struct conf *conf)
{
	return plans[kind]->processes ? plans[kind]->processes(conf) : 1;
}

static bool is_numbered(enum room_kind kind)
{
	return room_most(kind) > 1;
}

void kind_arguments(enum room_kind kind, unsigned index, struct room_arguments *ret)
{
	(void)snprintf(ret->index, sizeof(ret->index), "%u", index);
	ret->argv[0] = ROOM_ARGV0;
	ret->argv[1] = room_kind_name(kind);
	ret->argv[2] = is_numbered(kind) ? ret->index : NULL;
	ret->argv[3] = NULL;
}

static int index_parse(const char *text, unsigned indices, unsigned *ret)
{
	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	char *end;
	unsigned long value = strtoul(text, &end, 10);
	if (*end || value >= indices)
		return -EINVAL;
	*ret = (unsigned)value;
	return 0;
}

int kind_parse(int argc, char *const *argv, enum room_kind *ret_kind, unsigned *ret_index)
{
	if (argc < 2 || strcmp(argv[0], ROOM_ARGV0) != 0)
		return -EINVAL;
	for (enum room_kind kind = 0; kind < ROOM_KINDS; kind++) {
		if (strcmp(argv[1], room_kind_name(kind)) != 0)
			continue;
		unsigned index = 0;
		if (argc != (is_numbered(kind) ? 3 : 2) ||
		    (is_numbered(kind) && index_parse(argv[2], room_most(kind), &index) < 0))
			return -EINVAL;
		*ret_kind = kind;
		*ret_index = index;
		return 0;
	}
	return -EINVAL;
}

static bool variable_wanted(enum room_kind kind, const char *entry)
{
	for (size_t i = 0; i < array_size(variables); i++) {
		size_t size = strlen(variables[i].name);
		if (strncmp(entry, variables[i].name, size) == 0 &&
		    (variables[i].prefix || entry[size] == '='))
			return !variables[i].database || plans[kind]->sees_database;
	}
	return false;
}

void kind_environment(enum room_kind kind, char *const *from, size_t most, char **ret)
{
	size_t count = 0;
	for (; *from && count + 1 < most; from++)
		if (variable_wanted(kind, *from))
			ret[count++] = *from;
	ret[count] = NULL;
}
