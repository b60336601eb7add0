/* Which certificates are meant. A file that holds more than one is no name of one of them. */
#include "cli/revoke.h"
#include "tool/certinput.h"
#include "tool/operand.h"

#include <stdio.h>

void revocation_deinit(struct revocation *revocation)
{
	for (size_t i = 0; i < revocation->count; i++)
		free(revocation->targets[i].where);
	free(revocation->targets);
	registry_deinit(&revocation->registry);
	database_close(&revocation->database);
}

static bool is_target_already(const struct revocation *revocation, const struct target *target)
{
	for (size_t i = 0; i < revocation->count; i++)
		if (revocation->targets[i].issuer == target->issuer &&
		    view_equal(serial_view(&revocation->targets[i].serial),
			       serial_view(&target->serial)))
			return true;
	return false;
}

/* Takes target->where. */
static int add_target(struct revocation *revocation, struct target *target, struct fault *fault)
{
	size_t size = (revocation->count + 1) * sizeof(*revocation->targets);
	if (is_target_already(revocation, target)) {
		free(target->where);
		return 0;
	}
	struct target *grown = realloc(revocation->targets, size);
	if (!grown) {
		free(target->where);
		return fault_set(fault, -ENOMEM, "out of memory");
	}
	revocation->targets = grown;
	revocation->targets[revocation->count++] = *target;
	return 0;
}

static int add_certificate(struct revocation *revocation, struct view der, const char *where,
			   struct fault *fault)
{
	struct certificate certificate;
	struct target target = {0};
	struct fault why = {""};
	if (certificate_read(der, &certificate))
		return fault_set(fault, -EBADMSG, "%s: not a readable certificate", where);
	if (operand_serial_octets(certificate.serial, &target.serial) < 0)
		return fault_set(fault, -EBADMSG,
				 "%s: its serial number is negative or too long (P-6): nothing can "
				 "be recorded of it",
				 where);
	if (registry_issuer_of(&revocation->registry, NULL, &certificate, &target.issuer, &why))
		return fault_set(fault, -ENOENT, "%s: %s", where, why.text);
	target.where = strdup(where);
	if (!target.where)
		return fault_set(fault, -ENOMEM, "out of memory");
	return add_target(revocation, &target, fault);
}

static int refuse_several(const char *path, struct fault *fault)
{
	return fault_set(fault, -EINVAL,
			 "%s: holds several certificates, and nothing says which is meant; "
			 "--all-in-file takes them all",
			 path);
}

/* A file that was named. */
struct source {
	struct revocation *revocation;
	const char *path;
};

static int add_from(void *context, struct view der, unsigned line, unsigned number,
		    struct fault *fault)
{
	const struct source *source = context;
	bool all = option_given(source->revocation->line, OPTION_ALL_IN_FILE);
	char where[CERTINPUT_PLACE_SIZE];
	if (number == 1 && !all)
		return refuse_several(source->path, fault);
	certinput_place(where, sizeof(where), source->path, all ? line : 0);
	return add_certificate(source->revocation, der, where, fault);
}

static int add_file(struct revocation *revocation, const char *path, struct fault *fault)
{
	cleanup(certinput_closep) struct certinput *file = NULL;
	struct source source = {revocation, path};
	int result = certinput_open(path, &file, fault);
	return result ? result : certinput_each(file, add_from, &source, fault);
}

static int add_named(struct revocation *revocation, struct fault *fault)
{
	const struct command_line *line = revocation->line;
	const char *serial = line->values[OPTION_SERIAL];
	struct target target = {0};
	struct fault why = {""};
	int result = registry_find(&revocation->registry, line->values[OPTION_ISSUER],
				   &target.issuer, fault);
	if (result)
		return result;
	if (serial && operand_serial_pasted(view_of_string(serial), &target.serial, &why) < 0)
		return fault_set(fault, -EINVAL, "--serial %s", why.text);
	return add_target(revocation, &target, fault);
}

int revocation_find_targets(struct revocation *revocation, struct fault *fault)
{
	const struct command_line *line = revocation->line;
	int result = registry_load(&revocation->database, &revocation->registry, fault);
	if (result == 0 && line->operand_count == 0)
		return add_named(revocation, fault);
	for (int i = 0; result == 0 && i < line->operand_count; i++)
		result = add_file(revocation, line->operands[i], fault);
	return result;
}
