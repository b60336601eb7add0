/* Any text: no crash, and what parses is rendered to text that parses to the same again, for every
 * room. */
#include "conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_room(const struct conf *conf, enum conf_room room)
{
	cleanup(buffer_deinit) struct buffer first = {0}, second = {0}, shown = {0};
	cleanup(conf_freep) struct conf *again = NULL;
	struct fault fault;
	conf_render(conf, room, true, &first);
	if (conf_parse("/fuzz/x.conf", buffer_view(&first), room, &again, &fault) < 0)
		abort();
	conf_render(again, room, true, &second);
	if (!view_equal(buffer_view(&first), buffer_view(&second)))
		abort();
	conf_render(again, room, false, &shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(conf_freep) struct conf *conf = NULL;
	struct fault fault = {""};
	if (conf_parse("/fuzz/x.conf", view_of(data, size), CONF_ALL, &conf, &fault) < 0) {
		if (!fault.text[0])
			abort();
		return 0;
	}
	check_room(conf, CONF_FRONT);
	check_room(conf, CONF_LEDGER);
	check_room(conf, CONF_SIGNER);
	check_room(conf, CONF_WARDEN);
	check_room(conf, CONF_ALL);
	return 0;
}
