#include "warden/pulse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXCUSES_MOST 2u
/* Pages a process reads back while it thrashes; one that works touches a few now and then. */
#define FAULTS_LEAST 32u

int64_t pulse_elapsed(int64_t before_us, int64_t now_us)
{
	int64_t elapsed = before_us ? now_us - before_us : 0;
	return elapsed < 2 * PULSE_LOOK_US ? elapsed : 2 * PULSE_LOOK_US;
}

void pulse_beat(struct pulse *pulse)
{
	*pulse = (struct pulse){0};
}

/* ---- what the kernel says ---- */

static bool read_line(pid_t pid, const char *name, char *line, int size)
{
	char path[64];
	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	bool read = fgets(line, size, file) != NULL;
	(void)fclose(file);
	return read;
}

/* The number behind so many columns; 0 where there are fewer. */
static uint64_t number_behind(const char *line, unsigned columns)
{
	line += strspn(line, " ");
	for (unsigned i = 0; i < columns; i++) {
		line += strcspn(line, " ");
		line += strspn(line, " ");
	}
	return strtoull(line, NULL, 10);
}

/* "ran waited slices". */
static uint64_t read_waited(pid_t pid)
{
	char line[128];
	return read_line(pid, "schedstat", line, sizeof(line)) ? number_behind(line, 1) : 0;
}

/* The twelfth field; the second one, a name in parentheses, may contain anything. */
static uint64_t read_faults(pid_t pid)
{
	char line[1024];
	if (!read_line(pid, "stat", line, sizeof(line)))
		return 0;
	const char *behind_name = strrchr(line, ')');
	return behind_name ? number_behind(behind_name + 1, 9) : 0;
}

struct pulse_progress pulse_look(pid_t pid)
{
	return (struct pulse_progress){.waited_ns = read_waited(pid), .faults = read_faults(pid)};
}

bool pulse_is_starved(const struct pulse_progress *before, const struct pulse_progress *after,
		      int64_t time_us)
{
	uint64_t half_ns = (uint64_t)time_us * 1000 / 2;
	return after->waited_ns - before->waited_ns > half_ns ||
	       after->faults - before->faults >= FAULTS_LEAST;
}

/* ---- the judgement ---- */

static void begin_to_look(struct pulse *pulse, pid_t pid)
{
	pulse->begun = true;
	pulse->since_us = pulse->silent_us;
	pulse->since = pulse_look(pid);
}

/* It was kept from turning for the time that we looked: another such time. */
static bool excuse(struct pulse *pulse, pid_t pid)
{
	const struct pulse_progress now = pulse_look(pid);
	int64_t time_us = pulse->silent_us - pulse->since_us;
	if (pulse->excuses == EXCUSES_MOST || !pulse_is_starved(&pulse->since, &now, time_us))
		return false;
	pulse->excuses++;
	pulse->silent_us = 0;
	begin_to_look(pulse, pid);
	return true;
}

bool pulse_hangs(struct pulse *pulse, pid_t pid, int64_t patience_us, int64_t elapsed_us)
{
	pulse->silent_us += elapsed_us;
	if (!pulse->begun && pulse->silent_us >= patience_us / 3)
		begin_to_look(pulse, pid);
	return pulse->silent_us >= patience_us && !excuse(pulse, pid);
}
