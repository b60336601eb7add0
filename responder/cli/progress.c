#include "cli/progress.h"

#include "base/clock.h"

#include <stdio.h>

#define BAR_WIDTH 40
#define REDRAW_US (SECOND_US / 10)

void progress_init(struct progress *progress, const char *what, uint64_t total)
{
	*progress = (struct progress){
		.shown = isatty(STDERR_FILENO) == 1,
		.what = what,
		.total = total,
	};
}

static void draw_bar(uint64_t done, uint64_t total)
{
	char bar[BAR_WIDTH + 1];
	unsigned filled = done >= total ? BAR_WIDTH : (unsigned)(done * BAR_WIDTH / total);
	memset(bar, ' ', BAR_WIDTH);
	memset(bar, '#', filled);
	bar[BAR_WIDTH] = '\0';
	(void)fprintf(stderr, "[%s] %3u %%  ", bar,
		      done >= total ? 100u : (unsigned)(done * 100 / total));
}

void progress_update(struct progress *progress, uint64_t done, uint64_t count)
{
	if (!progress->shown)
		return;
	int64_t now = clock_now().mono_us;
	if (now < progress->next_us)
		return;
	progress->next_us = now + REDRAW_US;
	progress->drawn = true;
	(void)fputs("\r", stderr);
	if (progress->total)
		draw_bar(done, progress->total);
	(void)fprintf(stderr, "%llu %s\033[K", (unsigned long long)count, progress->what);
	(void)fflush(stderr);
}

void progress_say(struct progress *progress, const char *text)
{
	if (!progress->shown)
		return;
	progress->drawn = true;
	(void)fprintf(stderr, "\r%s\033[K", text);
	(void)fflush(stderr);
}

void progress_deinit(struct progress *progress)
{
	if (progress->drawn)
		(void)fputs("\r\033[K", stderr);
	progress->drawn = false;
}
