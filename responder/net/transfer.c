#include "net/transfer.h"

#include "net/curl.h"
#include "net/resolver.h"

#include <arpa/inet.h>
#include <sys/queue.h>

#define CONNECTIONS_KEPT 32L

struct transfers {
	const struct curl *curl;
	struct event_base *base;
	struct resolver *resolver;
	CURLM *multi;
	struct event *timer; /* libcurl's */
	struct buffer trusted;
	TAILQ_HEAD(, transfer) all;
};

/* One of libcurl's sockets. */
struct watched {
	struct event *event;
};

struct transfer {
	TAILQ_ENTRY(transfer) place;
	struct transfers *transfers;
	transfer_done *done;
	void *context;
	CURL *easy;
	bool added; /* to multi */
	char *host, *port;
	struct curl_slist *addresses, *fields;
	struct event *deadline;
	uint64_t question; /* to the resolver; 0: none */
	size_t most;
	bool too_much, starved; /* of memory */
	bool head_ended;
	char refusal[40]; /* by the proxy */
	struct buffer body;
	char etag[TRANSFER_FIELD], last_modified[TRANSFER_FIELD], location[TRANSFER_FIELD];
};

/* ---- the end of one ---- */

static void transfer_free(struct transfer *t)
{
	const struct curl *curl = t->transfers->curl;
	TAILQ_REMOVE(&t->transfers->all, t, place);
	resolver_forget(t->transfers->resolver, t->question);
	if (t->added)
		(void)curl->multi_remove_handle(t->transfers->multi, t->easy);
	if (t->easy)
		curl->easy_cleanup(t->easy);
	curl->slist_free_all(t->addresses);
	curl->slist_free_all(t->fields);
	curl->free(t->host);
	curl->free(t->port);
	if (t->deadline)
		event_free(t->deadline);
	buffer_deinit(&t->body);
	free(t);
}

/* Out of the tables first: whoever is told may start another one. */
static void end(struct transfer *t, const char *reason)
{
	long status = 0;
	(void)t->transfers->curl->easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	const struct transfer_reply reply = {
		.reason = t->too_much  ? "the answer is too large"
			  : t->starved ? "out of memory"
				       : reason,
		.status = (unsigned)status,
		.body = buffer_view(&t->body),
		.etag = t->etag,
		.last_modified = t->last_modified,
		.location = t->location,
	};
	t->done(t->context, &reply);
	transfer_free(t);
}

void transfer_cancel(struct transfer *t)
{
	transfer_free(t);
}

/* ---- libcurl in the event loop ---- */

/* The scheme was looked at before: what is not supported then is the answer. Later libraries have a word of its own. */
static const char *reason_of(const struct transfers *transfers, CURLcode code)
{
	if (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_WEIRD_SERVER_REPLY)
		return "what answers there does not speak HTTP/1";
	if (code == CURLE_PARTIAL_FILE)
		return "the answer breaks off: less came than was said";
	return code == CURLE_OK ? NULL : transfers->curl->easy_strerror(code);
}

/* A tunnel to where the URL leads. */
static bool was_refused(struct transfer *t)
{
	long status = 0;
	(void)t->transfers->curl->easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &status);
	(void)snprintf(t->refusal, sizeof(t->refusal), "the proxy says %ld", status);
	return status >= 300;
}

static void tell_ended(struct transfers *transfers)
{
	int left;
	CURLMsg *message;
	while ((message = transfers->curl->multi_info_read(transfers->multi, &left))) {
		struct transfer *t = NULL;
		CURLcode code = message->data.result;
		if (message->msg != CURLMSG_DONE)
			continue;
		(void)transfers->curl->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
						    (char **)&t);
		const char *reason = reason_of(transfers, code);
		if (!reason && !t->head_ended) /* libcurl takes it for a whole one */
			reason = "the answer breaks off in its head";
		if (reason && was_refused(t))
			reason = t->refusal;
		end(t, reason);
	}
}

/* Ends soon. */
static void starve(struct transfer *t)
{
	t->starved = true;
	event_active(t->deadline, EV_TIMEOUT, 0);
}

/* Whom it concerns is not known. */
static void starve_all(struct transfers *transfers)
{
	struct transfer *t;
	TAILQ_FOREACH(t, &transfers->all, place)
		starve(t);
}

static void act(struct transfers *transfers, curl_socket_t fd, int what)
{
	int running;
	if (transfers->curl->multi_socket_action(transfers->multi, fd, what, &running) != CURLM_OK)
		starve_all(transfers);
	tell_ended(transfers);
}

static void on_socket(evutil_socket_t fd, short what, void *context)
{
	act(context, fd,
	    ((what & EV_READ) ? CURL_CSELECT_IN : 0) | ((what & EV_WRITE) ? CURL_CSELECT_OUT : 0));
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	act(context, CURL_SOCKET_TIMEOUT, 0);
}

static void unwatch(struct transfers *transfers, curl_socket_t fd, struct watched *watched)
{
	if (!watched)
		return;
	event_free(watched->event);
	free(watched);
	(void)transfers->curl->multi_assign(transfers->multi, fd, NULL);
}

static int watch(struct transfers *transfers, curl_socket_t fd, int what)
{
	short events = (short)(((what & CURL_POLL_IN) ? EV_READ : 0) |
			       ((what & CURL_POLL_OUT) ? EV_WRITE : 0) | EV_PERSIST);
	struct watched *watched = calloc(1, sizeof(*watched));
	if (watched)
		watched->event = event_new(transfers->base, fd, events, on_socket, transfers);
	if (watched && watched->event && event_add(watched->event, NULL) == 0) {
		(void)transfers->curl->multi_assign(transfers->multi, fd, watched);
		return 0;
	}
	if (watched && watched->event)
		event_free(watched->event);
	free(watched);
	return -1;
}

/* It is not told of want of memory: it would refuse all exchanges from then on. */
static int take_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *assigned)
{
	struct transfers *transfers = context;
	struct transfer *t = NULL;
	unwatch(transfers, fd, assigned);
	if (what == CURL_POLL_REMOVE || watch(transfers, fd, what) == 0)
		return 0;
	(void)transfers->curl->easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&t);
	if (t)
		starve(t);
	return 0;
}

static int take_timer(CURLM *multi, long milliseconds, void *context)
{
	struct transfers *transfers = context;
	const struct timeval wait = {.tv_sec = milliseconds / 1000,
				     .tv_usec = milliseconds % 1000 * 1000};
	(void)multi;
	if (milliseconds < 0)
		(void)event_del(transfers->timer);
	else if (event_add(transfers->timer, &wait) < 0)
		starve_all(transfers);
	return 0;
}

/* ---- what comes ---- */

static size_t take_body(char *data, size_t one, size_t count, void *context)
{
	struct transfer *t = context;
	size_t size = one * count;
	if (size > t->most - t->body.size) {
		t->too_much = true;
		return 0;
	}
	buffer_put(&t->body, data, size);
	return buffer_result(&t->body) == 0 ? size : 0;
}

/* It goes into logs, and validators into the next request: a lone CR would be a line of its own to some server. */
static bool is_plain(const uint8_t *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if ((text[i] < ' ' && text[i] != '\t') || text[i] == 0x7f)
			return false;
	return true;
}

static void keep(struct view line, const char *name, char ret[TRANSFER_FIELD])
{
	size_t skip = strlen(name);
	if (line.size < skip || !view_equal_nocase(view_of(line.data, skip), view_of_string(name)))
		return;
	const uint8_t *from = line.data + skip, *to = line.data + line.size;
	while (from < to && (*from == ' ' || *from == '\t'))
		from++;
	while (to > from && (to[-1] == '\r' || to[-1] == '\n' || to[-1] == ' ' || to[-1] == '\t'))
		to--;
	size_t size = (size_t)(to - from);
	if (size >= TRANSFER_FIELD || !is_plain(from, size))
		size = 0;
	memcpy(ret, from, size);
	ret[size] = '\0';
}

static size_t take_field(char *data, size_t one, size_t count, void *context)
{
	struct transfer *t = context;
	struct view line = view_of(data, one * count);
	if (line.size > 5 && memcmp(line.data, "HTTP/", 5) == 0)
		t->head_ended = false;
	else if (line.size > 0 && (line.data[0] == '\r' || line.data[0] == '\n'))
		t->head_ended = true;
	keep(line, "ETag:", t->etag);
	keep(line, "Last-Modified:", t->last_modified);
	keep(line, "Location:", t->location);
	return line.size;
}

/* ---- the beginning of one ---- */

static void on_deadline(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	end(context, "it took too long");
}

static char *part_of(const struct curl *curl, const CURLU *url, CURLUPart part)
{
	char *text = NULL;
	return curl->url_get(url, part, &text, CURLU_DEFAULT_PORT) == CURLUE_OK ? text : NULL;
}

static bool scheme_possible(const struct transfers *transfers, const char *scheme)
{
	return scheme && (strcmp(scheme, "http") == 0 ||
			  (strcmp(scheme, "https") == 0 && transfers->trusted.size > 0));
}

/* Who is connected to. Nobody's password travels in a URL. */
static int read_url(struct transfer *t, const char *text)
{
	const struct curl *curl = t->transfers->curl;
	CURLU *url = curl->url();
	char *scheme = NULL;
	curl->free(t->host);
	curl->free(t->port);
	t->host = t->port = NULL;
	bool fits =
		url && curl->url_set(url, CURLUPART_URL, text, CURLU_DISALLOW_USER) == CURLUE_OK;
	if (fits) {
		scheme = part_of(curl, url, CURLUPART_SCHEME);
		t->host = part_of(curl, url, CURLUPART_HOST);
		t->port = part_of(curl, url, CURLUPART_PORT);
		fits = scheme_possible(t->transfers, scheme) && t->host && t->port;
	}
	curl->free(scheme);
	if (url)
		curl->url_cleanup(url);
	return fits ? 0 : -EINVAL;
}

static int add_line(const struct curl *curl, struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl->slist_append(*list, line);
	if (!longer)
		return -ENOMEM;
	*list = longer;
	return 0;
}

static int set_fields(struct transfer *t, const char *const *fields)
{
	const struct curl *curl = t->transfers->curl;
	int result = add_line(curl, &t->fields, "Expect:"); /* nobody waits for 100 */
	for (; result == 0 && fields && *fields; fields++)
		result = add_line(curl, &t->fields, *fields);
	return result;
}

#define SET(t, option, value) \
	((t)->transfers->curl->easy_setopt((t)->easy, option, value) != CURLE_OK)

static int set_body(struct transfer *t, struct view body)
{
	bool failed = SET(t, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.size);
	failed |= SET(t, CURLOPT_COPYPOSTFIELDS, (const char *)body.data);
	return failed ? -ENOMEM : 0;
}

static int set_trust(struct transfer *t)
{
	struct curl_blob trusted = {.data = t->transfers->trusted.data,
				    .len = t->transfers->trusted.size,
				    .flags = CURL_BLOB_NOCOPY};
	return trusted.len > 0 && SET(t, CURLOPT_CAINFO_BLOB, &trusted) ? -ENOMEM : 0;
}

static int set_options(struct transfer *t, const struct transfer_request *request)
{
	bool failed = SET(t, CURLOPT_PRIVATE, t);
	failed |= SET(t, CURLOPT_URL, request->url);
	failed |= SET(t, CURLOPT_PROTOCOLS_STR,
		      t->transfers->trusted.size > 0 ? "http,https" : "http");
	failed |= SET(t, CURLOPT_PROXY, request->proxy ? request->proxy : "");
	failed |= SET(t, CURLOPT_NOPROXY, "");
	failed |= SET(t, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	failed |= SET(t, CURLOPT_NOSIGNAL, 1L);
	failed |= SET(t, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	failed |= SET(t, CURLOPT_USERAGENT, "stillgood");
	failed |= SET(t, CURLOPT_HTTPHEADER, t->fields);
	failed |= SET(t, CURLOPT_WRITEFUNCTION, take_body);
	failed |= SET(t, CURLOPT_WRITEDATA, t);
	failed |= SET(t, CURLOPT_HEADERFUNCTION, take_field);
	failed |= SET(t, CURLOPT_HEADERDATA, t);
	int result = failed ? -ENOMEM : set_trust(t);
	if (result == 0 && request->body.size > 0)
		result = set_body(t, request->body);
	/* Last: what was said before chooses a method, too. */
	if (result == 0 && request->method && SET(t, CURLOPT_CUSTOMREQUEST, request->method))
		result = -ENOMEM;
	return result;
}

static int go(struct transfer *t)
{
	if (t->addresses && SET(t, CURLOPT_RESOLVE, t->addresses))
		return -ENOMEM;
	if (t->transfers->curl->multi_add_handle(t->transfers->multi, t->easy) != CURLM_OK)
		return -ENOMEM;
	t->added = true;
	return 0;
}

/* + : as if libcurl had found them itself, to be replaced by what is found next. */
static int take_addresses(struct transfer *t, const char *addresses)
{
	cleanup(buffer_deinit) struct buffer line = {0};
	buffer_printf(&line, "+%s:%s:%s", t->host, t->port, addresses);
	buffer_put_u8(&line, 0);
	if (buffer_result(&line) < 0)
		return -ENOMEM;
	int result = add_line(t->transfers->curl, &t->addresses, (const char *)line.data);
	return result == 0 ? go(t) : result;
}

static void on_resolved(void *context, const char *addresses, const char *reason)
{
	struct transfer *t = context;
	t->question = 0;
	if (!addresses)
		end(t, reason);
	else if (take_addresses(t, addresses) < 0)
		end(t, "out of memory");
}

static bool is_numeric(const char *host)
{
	struct in_addr address;
	return host[0] == '[' || inet_pton(AF_INET, host, &address) == 1;
}

static int begin(struct transfer *t, const struct transfer_request *request)
{
	const struct timeval patience = {.tv_sec = request->timeout_us / 1000000,
					 .tv_usec = request->timeout_us % 1000000};
	int result = read_url(t, request->url);
	if (result == 0 && request->proxy) /* it is whom this process speaks to */
		result = read_url(t, request->proxy);
	if (result == 0)
		result = set_fields(t, request->fields);
	if (result == 0)
		result = set_options(t, request);
	if (result == 0 && event_add(t->deadline, &patience) < 0)
		result = -ENOMEM;
	if (result < 0)
		return result;
	return is_numeric(t->host) ? go(t)
				   : resolver_ask(t->transfers->resolver, t->host, on_resolved, t,
						  &t->question);
}

int transfer_start(struct transfers *transfers, const struct transfer_request *request,
		   transfer_done *done, void *context, struct transfer **ret)
{
	struct transfer *t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->transfers = transfers;
	t->done = done;
	t->context = context;
	t->most = request->most;
	TAILQ_INSERT_TAIL(&transfers->all, t, place);
	t->easy = transfers->curl->easy_init();
	t->deadline = evtimer_new(transfers->base, on_deadline, t);
	int result = t->easy && t->deadline ? begin(t, request) : -ENOMEM;
	if (result < 0) {
		transfer_free(t);
		return result;
	}
	*ret = t;
	return 0;
}

/* ---- all of them ---- */

static int set_up(struct transfers *transfers, struct view trusted)
{
	const struct curl *curl = transfers->curl;
	buffer_put_view(&transfers->trusted, trusted);
	transfers->multi = curl->multi_init();
	transfers->timer = evtimer_new(transfers->base, on_timer, transfers);
	if (!transfers->multi || !transfers->timer || buffer_result(&transfers->trusted) < 0)
		return -ENOMEM;
	bool failed = curl->multi_setopt(transfers->multi, CURLMOPT_SOCKETFUNCTION, take_socket) !=
		      CURLM_OK;
	failed |= curl->multi_setopt(transfers->multi, CURLMOPT_SOCKETDATA, transfers) != CURLM_OK;
	failed |= curl->multi_setopt(transfers->multi, CURLMOPT_TIMERFUNCTION, take_timer) !=
		  CURLM_OK;
	failed |= curl->multi_setopt(transfers->multi, CURLMOPT_TIMERDATA, transfers) != CURLM_OK;
	failed |= curl->multi_setopt(transfers->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT) !=
		  CURLM_OK;
	return failed ? -ENOMEM : 0;
}

int transfers_new(struct event_base *base, struct resolver *resolver, struct view trusted,
		  struct transfers **ret, struct fault *fault)
{
	const struct curl *curl;
	int result = curl_load(&curl, fault);
	if (result < 0)
		return result;
	cleanup(transfers_freep) struct transfers *transfers = calloc(1, sizeof(*transfers));
	if (!transfers)
		return fault_set(fault, -ENOMEM, "out of memory");
	transfers->curl = curl;
	transfers->base = base;
	transfers->resolver = resolver;
	TAILQ_INIT(&transfers->all);
	result = set_up(transfers, trusted);
	if (result < 0)
		return fault_set(fault, result, "out of memory");
	*ret = transfers;
	transfers = NULL;
	return 0;
}

void transfers_free(struct transfers *transfers)
{
	struct transfer *t;
	if (!transfers)
		return;
	while ((t = TAILQ_FIRST(&transfers->all)))
		transfer_free(t);
	if (transfers->multi)
		(void)transfers->curl->multi_cleanup(transfers->multi);
	if (transfers->timer)
		event_free(transfers->timer);
	buffer_deinit(&transfers->trusted);
	free(transfers);
}
