/* What the warden is told. */
#include "room/process.h"

#include "base/log.h"

void tell(struct process *p, const struct control_message *m)
{
	int result = control_send(p->control_fd, m);
	if (result < 0 && result != -EPIPE)
		log_error("the warden was not told type=%d: %s", (int)m->type, strerror(-result));
}

void tell_failed(struct process *p, const struct fault *fault)
{
	const struct control_message m = {.type = CONTROL_FAILED,
					  .text = view_of_string(fault->text)};
	if (control_send(p->control_fd, &m) < 0) /* else the warden logs it, once */
		log_error("%s", fault->text);
}

void tell_ready(struct process *p)
{
	if (p->ready || (p->plan->ready && !p->plan->ready(p->context)))
		return;
	cleanup(buffer_deinit) struct buffer locks = {0};
	sandbox_put_json(&p->sandbox, &locks);
	p->ready = true;
	tell(p, &(struct control_message){.type = CONTROL_READY, .text = buffer_view(&locks)});
}

void tell_lost(struct process *p, struct peer peer)
{
	tell(p, &(struct control_message){
			.type = CONTROL_LOST, .kind = (uint8_t)peer.kind, .index = peer.index});
}

void tell_step(struct process *p, enum control_step step, const struct fault *fault)
{
	tell(p, &(struct control_message){.type = CONTROL_CONF_DONE,
					  .kind = (uint8_t)step,
					  .text = fault ? view_of_string(fault->text)
							: (struct view){0}});
}

void shell_tell_ending(struct shell *shell, unsigned signer, struct view text)
{
	tell((struct process *)shell,
	     &(struct control_message){.type = CONTROL_ENDING, .index = signer, .text = text});
}

bool shell_hand_over(struct shell *shell, uint32_t ticket, struct view text, int fd)
{
	const struct control_message message = {.type = CONTROL_FETCHED,
						.index = ticket,
						.text = text,
						.descriptor_count = 1,
						.descriptors = {fd}};
	return control_send(((struct process *)shell)->control_fd, &message) == 0;
}
