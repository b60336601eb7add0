/* libcurl, loaded by those processes only that fetch something: linked into the program it would bring thirty
 * libraries and most of a megabyte into every room, which have no business with it. */
#pragma once

#include "base/result.h"

#include <curl/curl.h>

struct curl {
	CURLcode (*global_init)(long flags);
	CURL *(*easy_init)(void);
	void (*easy_cleanup)(CURL *easy);
	CURLcode (*easy_setopt)(CURL *easy, CURLoption option, ...);
	CURLcode (*easy_getinfo)(CURL *easy, CURLINFO info, ...);
	const char *(*easy_strerror)(CURLcode code);
	CURLM *(*multi_init)(void);
	CURLMcode (*multi_cleanup)(CURLM *multi);
	CURLMcode (*multi_setopt)(CURLM *multi, CURLMoption option, ...);
	CURLMcode (*multi_add_handle)(CURLM *multi, CURL *easy);
	CURLMcode (*multi_remove_handle)(CURLM *multi, CURL *easy);
	CURLMcode (*multi_socket_action)(CURLM *multi, curl_socket_t fd, int what, int *running);
	CURLMcode (*multi_assign)(CURLM *multi, curl_socket_t fd, void *data);
	CURLMsg *(*multi_info_read)(CURLM *multi, int *left);
	struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
	void (*slist_free_all)(struct curl_slist *list);
	CURLU *(*url)(void);
	void (*url_cleanup)(CURLU *url);
	CURLUcode (*url_set)(CURLU *url, CURLUPart part, const char *text, unsigned flags);
	CURLUcode (*url_get)(const CURLU *url, CURLUPart part, char **text, unsigned flags);
	void (*free)(void *text);
};

/* Loads it, once a process, before it is locked in: it opens files. 0, or -ENOENT (-ENOMEM) with a fault: it is
 * not installed, or is not what it should be. */
must_check int curl_load(const struct curl **ret, struct fault *fault);
