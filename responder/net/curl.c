#include "net/curl.h"

#include "base/bytes.h"

#include <dlfcn.h>

/* Of libcurl4, libcurl4t64 (Debian 13); both have OpenSSL beneath. */
#define LIBRARY "libcurl.so.4"

static struct curl loaded;

#define CALL(member, name)                          \
	{                                           \
		offsetof(struct curl, member), name \
	}
static const struct {
	size_t at;
	const char *name;
} calls[] = {
	CALL(global_init, "curl_global_init"),
	CALL(easy_init, "curl_easy_init"),
	CALL(easy_cleanup, "curl_easy_cleanup"),
	CALL(easy_setopt, "curl_easy_setopt"),
	CALL(easy_getinfo, "curl_easy_getinfo"),
	CALL(easy_strerror, "curl_easy_strerror"),
	CALL(multi_init, "curl_multi_init"),
	CALL(multi_cleanup, "curl_multi_cleanup"),
	CALL(multi_setopt, "curl_multi_setopt"),
	CALL(multi_add_handle, "curl_multi_add_handle"),
	CALL(multi_remove_handle, "curl_multi_remove_handle"),
	CALL(multi_socket_action, "curl_multi_socket_action"),
	CALL(multi_assign, "curl_multi_assign"),
	CALL(multi_info_read, "curl_multi_info_read"),
	CALL(slist_append, "curl_slist_append"),
	CALL(slist_free_all, "curl_slist_free_all"),
	CALL(url, "curl_url"),
	CALL(url_cleanup, "curl_url_cleanup"),
	CALL(url_set, "curl_url_set"),
	CALL(url_get, "curl_url_get"),
	CALL(free, "curl_free"),
};
#undef CALL

static int take_calls(void *library, struct fault *fault)
{
	for (size_t i = 0; i < array_size(calls); i++) {
		void *call = dlsym(library, calls[i].name);
		if (!call)
			return fault_set(fault, -ENOENT, LIBRARY " has no %s", calls[i].name);
		memcpy((uint8_t *)&loaded + calls[i].at, &call, sizeof(call));
	}
	return 0;
}

int curl_load(const struct curl **ret, struct fault *fault)
{
	static bool ready;
	void *library = ready ? NULL : dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!ready && !library)
		return fault_set(fault, -ENOENT, "%s: install Debian's package libcurl4",
				 dlerror());
	int result = ready ? 0 : take_calls(library, fault);
	if (result == 0 && !ready && loaded.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		result = fault_set(fault, -ENOMEM, LIBRARY " cannot start");
	ready = result == 0;
	*ret = &loaded;
	return result;
}
