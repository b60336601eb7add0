/* What the page loads: assets/, put into the program when it is built. */
#include "admin/page.h"

static const uint8_t style[] = {
#include "page.css.inc"
};
static const uint8_t script[] = {
#include "page.js.inc"
};
static const uint8_t icon[] = {
#include "icon.svg.inc"
};

static void put(struct admin_reply *reply, const char *type, struct view octets)
{
	reply->type = type;
	buffer_put_view(&reply->body, octets);
}

void page_style(const struct admin_request *request, struct json_object *document,
		struct moment now, struct admin_reply *reply)
{
	(void)request;
	(void)document;
	(void)now;
	put(reply, "text/css; charset=utf-8", view_of(style, sizeof(style)));
}

void page_script(const struct admin_request *request, struct json_object *document,
		 struct moment now, struct admin_reply *reply)
{
	(void)request;
	(void)document;
	(void)now;
	put(reply, "text/javascript; charset=utf-8", view_of(script, sizeof(script)));
}

void page_icon(const struct admin_request *request, struct json_object *document, struct moment now,
	       struct admin_reply *reply)
{
	(void)request;
	(void)document;
	(void)now;
	put(reply, "image/svg+xml", view_of(icon, sizeof(icon)));
}
