/* Bars of half a minute, one colour a status, the lowest first. The picture has no text of its own: that
 * stands around it in HTML, so that it keeps its size on a phone. */
#include "admin/chart.h"

#include "admin/html.h"
#include "admin/page_words.h"

#define BARS 120u
#define BAR_SECONDS (HOUR_SECONDS / BARS)
#define ROWS 12u /* of the table: five minutes each */
#define ROW_BARS (BARS / ROWS)
#define WIDTH 600.0
#define HEIGHT 160.0
#define BAR_WIDTH (WIDTH / BARS)

static const char *const classes[FIGURE_ANSWERS] = {
	[FIGURE_GOOD] = "good",       [FIGURE_REVOKED] = "revoked", [FIGURE_UNKNOWN] = "unknown",
	[FIGURE_TRY_LATER] = "later", [FIGURE_OTHER] = "other",
};

struct chart {
	struct hour_counts bars[BARS];
	double top; /* answers a second at the upper edge */
};

/* Bars are counted from the beginning of the clock, so that they do not shift from one page to the next. */
static void collect(const struct hour *hour, struct moment now, struct chart *ret)
{
	int64_t end = (now.mono_us / SECOND_US / BAR_SECONDS + 1) * BAR_SECONDS;
	for (unsigned i = 0; i < BARS; i++) {
		int64_t to = end - (int64_t)(BARS - 1 - i) * BAR_SECONDS;
		ret->bars[i] = hour_between(hour, to - BAR_SECONDS, to);
	}
}

static double rate_of(uint64_t count, const struct hour_counts *bar)
{
	return bar->seconds ? (double)count / bar->seconds : 0;
}

static uint64_t all_of(const struct hour_counts *bar)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < FIGURE_ANSWERS; i++)
		sum += bar->answers[i];
	return sum;
}

/* 1, 2 or 5 times a power of ten, above everything. */
static double nice_top(double most)
{
	static const unsigned steps[] = {1, 2, 5};
	uint64_t power = 1;
	for (unsigned i = 0; i < 57; i++) {
		if ((double)(power * steps[i % 3]) >= most)
			break;
		power *= i % 3 == 2 ? 10 : 1;
	}
	for (unsigned i = 0; i < array_size(steps); i++)
		if ((double)(power * steps[i]) >= most)
			return (double)(power * steps[i]);
	return most;
}

static void scale(struct chart *chart)
{
	double most = 0;
	for (unsigned i = 0; i < BARS; i++) {
		double rate = rate_of(all_of(&chart->bars[i]), &chart->bars[i]);
		most = rate > most ? rate : most;
	}
	chart->top = nice_top(most);
}

/* ---- the picture ---- */

static void put_bar(const struct chart *chart, unsigned index, struct buffer *out)
{
	const struct hour_counts *bar = &chart->bars[index];
	double y = HEIGHT;
	for (unsigned i = 0; i < FIGURE_ANSWERS; i++) {
		double height = rate_of(bar->answers[i], bar) / chart->top * HEIGHT;
		if (height <= 0)
			continue;
		y -= height;
		buffer_printf(out,
			      "<rect class=\"%s\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" "
			      "height=\"%.2f\"/>",
			      classes[i], index * BAR_WIDTH, y, BAR_WIDTH * 0.86, height);
	}
}

static void put_picture(const struct chart *chart, struct buffer *out)
{
	buffer_printf(out,
		      "<svg viewBox=\"0 0 %.0f %.0f\" preserveAspectRatio=\"none\" role=\"img\" "
		      "aria-labelledby=\"chart-title chart-desc\"><title id=\"chart-title\">",
		      WIDTH, HEIGHT);
	buffer_put_string(out,
			  W_CHART_TITLE "</title><desc id=\"chart-desc\">" W_CHART_DESC "</desc>");
	for (unsigned i = 0; i <= 2; i++)
		buffer_printf(out,
			      "<line class=\"grid\" x1=\"0\" x2=\"%.0f\" y1=\"%.1f\" y2=\"%.1f\"/>",
			      WIDTH, 0.5 + i * (HEIGHT - 1) / 2, 0.5 + i * (HEIGHT - 1) / 2);
	for (unsigned i = 0; i < BARS; i++)
		put_bar(chart, i, out);
	buffer_put_string(out, "</svg>");
}

static void put_rate(struct buffer *out, double rate)
{
	if (rate > 0 && rate < 10)
		buffer_printf(out, "%.1f", rate);
	else
		html_put_number(out, (uint64_t)(rate + 0.5));
}

static void put_frame(const struct chart *chart, struct buffer *out)
{
	buffer_put_string(out,
			  "<div class=\"chart\"><div class=\"scale\" aria-hidden=\"true\"><span>");
	put_rate(out, chart->top);
	buffer_put_string(out, "</span><span>");
	put_rate(out, chart->top / 2);
	buffer_put_string(out, "</span><span>0</span></div>");
	put_picture(chart, out);
	buffer_put_string(
		out, "<div class=\"hours\" aria-hidden=\"true\">"
		     "<span>60 min ago</span><span>30 min ago</span><span>now</span></div></div>");
}

/* Where it is less than the hour. */
static void put_kept(const struct chart *chart, struct buffer *out)
{
	unsigned seconds = 0;
	for (unsigned i = 0; i < BARS; i++)
		seconds += chart->bars[i].seconds;
	if (seconds < HOUR_SECONDS - 2 * BAR_SECONDS)
		buffer_printf(out, "<p class=\"hint\">" W_CHART_KEPT " %u min.</p>",
			      seconds / 60 + 1);
}

static void put_legend(struct buffer *out)
{
	buffer_put_string(out, "<ul class=\"legend\">");
	for (unsigned i = 0; i < FIGURE_ANSWERS; i++)
		buffer_printf(out, "<li><span class=\"key %s\" aria-hidden=\"true\"></span>%s</li>",
			      classes[i], figure_answer_name((enum figure_answer)i));
	buffer_put_string(out, "</ul>");
}

/* ---- the table ---- */

static struct hour_counts row_of(const struct chart *chart, unsigned row)
{
	struct hour_counts sum = {0};
	for (unsigned i = row * ROW_BARS; i < (row + 1) * ROW_BARS; i++) {
		const struct hour_counts *bar = &chart->bars[i];
		for (unsigned k = 0; k < FIGURE_ANSWERS; k++)
			sum.answers[k] += bar->answers[k];
		sum.seconds += bar->seconds;
	}
	return sum;
}

static void put_row(const struct chart *chart, unsigned row, struct buffer *out)
{
	struct hour_counts sum = row_of(chart, row);
	unsigned from = (ROWS - row) * 5;
	buffer_printf(out, "<tr><th scope=\"row\">%u to %u</th>", from, from - 5);
	for (unsigned i = 0; i < FIGURE_ANSWERS; i++) {
		buffer_put_string(out, "<td>");
		put_rate(out, rate_of(sum.answers[i], &sum));
		buffer_put_string(out, "</td>");
	}
	buffer_put_string(out, "</tr>");
}

static void put_table(const struct chart *chart, struct buffer *out)
{
	buffer_put_string(out, "<details id=\"chart-table\"><summary>" W_CHART_TABLE
			       "</summary><table class=\"numbers\"><caption>" W_CHART_CAPTION
			       "</caption><thead><tr><th scope=\"col\">" W_MINUTES_AGO "</th>");
	for (unsigned i = 0; i < FIGURE_ANSWERS; i++)
		buffer_printf(out, "<th scope=\"col\">%s</th>",
			      i == FIGURE_OTHER ? "other"
						: figure_answer_name((enum figure_answer)i));
	buffer_put_string(out, "</tr></thead><tbody>");
	for (unsigned row = 0; row < ROWS; row++)
		put_row(chart, row, out);
	buffer_put_string(out, "</tbody></table></details>");
}

void chart_put(const struct hour *hour, struct moment now, struct buffer *out)
{
	struct chart chart = {0};
	collect(hour, now, &chart);
	scale(&chart);
	put_frame(&chart, out);
	put_legend(out);
	put_kept(&chart, out);
	put_table(&chart, out);
}
