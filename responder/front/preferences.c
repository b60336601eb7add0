#include "front/preferences.h"

#include "base/result.h"

void preferences_learn(struct preferences *preferences, const struct message_algorithms *m)
{
	preferences->count = m->count;
	for (unsigned i = 0; i < m->count; i++) {
		struct view oid = m->algorithms[i].oid;
		memcpy(preferences->known[i].oid, oid.data, oid.size);
		preferences->known[i].size = oid.size;
		preferences->known[i].decisive = m->algorithms[i].decisive;
	}
}

/* Its place, or `count`. */
static unsigned find(const struct preferences *preferences, struct view oid)
{
	unsigned i = 0;
	while (i < preferences->count &&
	       !view_equal(view_of(preferences->known[i].oid, preferences->known[i].size), oid))
		i++;
	return i;
}

struct view preferences_of(const struct preferences *preferences,
			   const struct ocsp_request *request, uint8_t out[LIMIT_PREFERENCES])
{
	bool taken[LIMIT_ALGORITHMS] = {false};
	size_t size = 0;
	for (unsigned i = 0; preferences->count > 0 && i < request->preferred_count; i++) {
		unsigned place = find(preferences, request->preferred[i]);
		if (place == preferences->count || taken[place])
			continue;
		taken[place] = true;
		memcpy(out + size, preferences->known[place].oid, preferences->known[place].size);
		size += preferences->known[place].size;
		if (preferences->known[place].decisive)
			break;
	}
	return view_of(out, size);
}
