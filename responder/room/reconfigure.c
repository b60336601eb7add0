/* Another configuration takes the place of the present one: it is read and what follows from it is built
 * aside while everything goes on; then it counts, between two callbacks; or it is forgotten. */
#include "room/process.h"

#include "base/log.h"

static void abandon(struct process *p)
{
	if (!p->next)
		return;
	if (p->plan->abandon)
		p->plan->abandon(p->context);
	conf_free(p->next);
	p->next = NULL;
}

static void prepare(struct process *p, struct control_message *m)
{
	struct fault fault = {""};
	int fd = m->descriptors[0];
	m->descriptor_count = 0;
	int result = conf_load_descriptor(fd, p->plan->options, &p->next, &fault);
	close(fd);
	if (result == 0 && p->plan->prepare)
		result = p->plan->prepare(p->context, p->next, &fault);
	if (result == ROOM_LATER)
		return;
	if (result < 0) {
		conf_free(p->next);
		p->next = NULL;
	}
	tell_step(p, CONTROL_PREPARE, result < 0 ? &fault : NULL);
}

static void commit(struct process *p)
{
	struct conf *before = p->conf;
	p->conf = p->next;
	p->next = NULL;
	p->shell.conf = p->conf;
	log_set_level(p->conf->server.log_level);
	if (p->plan->commit)
		p->plan->commit(p->context, before, clock_now());
	conf_free(before);
	tell_step(p, CONTROL_COMMIT, NULL);
}

void shell_prepared(struct shell *shell)
{
	struct process *p = (struct process *)shell;
	if (p->next)
		tell_step(p, CONTROL_PREPARE, NULL);
}

int reconfigure(struct process *p, struct control_message *m)
{
	bool wanted = p->next ? m->kind == CONTROL_COMMIT : m->kind == CONTROL_PREPARE;
	if (m->kind == CONTROL_ABANDON && m->descriptor_count == 0)
		abandon(p);
	else if (!wanted || (m->kind == CONTROL_PREPARE) != (m->descriptor_count == 1))
		return -EBADMSG;
	else if (m->kind == CONTROL_PREPARE)
		prepare(p, m);
	else
		commit(p);
	return 0;
}
