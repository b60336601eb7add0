/* Text of certificate files as it comes from mails, Windows, spreadsheets and configuration files. */
#include "tool/certinput_parts.h"

#include <ctype.h>

static const char dashes[] = "-----";

/* UTF-16 without a mark shows itself by the zeros of its ASCII. */
static enum text_encoding guess(const uint8_t *head, size_t size)
{
	if (size >= 4 && head[0] && !head[1] && head[2] && !head[3])
		return TEXT_UTF16_LE;
	if (size >= 4 && !head[0] && head[1] && !head[2] && head[3])
		return TEXT_UTF16_BE;
	return TEXT_BYTES;
}

void text_init(struct text *text, FILE *stream)
{
	*text = (struct text){.stream = stream, .line = 1};
	text->head_size = fread(text->head, 1, sizeof(text->head), stream);
	const uint8_t *head = text->head;
	if (text->head_size >= 2 && head[0] == 0xff && head[1] == 0xfe) {
		text->encoding = TEXT_UTF16_LE;
		text->head_at = 2;
	} else if (text->head_size >= 2 && head[0] == 0xfe && head[1] == 0xff) {
		text->encoding = TEXT_UTF16_BE;
		text->head_at = 2;
	} else if (text->head_size >= 3 && memcmp(head, "\xef\xbb\xbf", 3) == 0) {
		text->head_at = 3;
	} else {
		text->encoding = guess(head, text->head_size);
	}
}

int text_octet(struct text *text)
{
	if (text->head_at < text->head_size)
		return text->head[text->head_at++];
	return text->stream ? getc(text->stream) : EOF;
}

static int next_unit(struct text *text)
{
	int first = text_octet(text);
	if (text->encoding == TEXT_BYTES || first == EOF)
		return first;
	int second = text_octet(text);
	if (second == EOF)
		return EOF;
	return text->encoding == TEXT_UTF16_LE ? second << 8 | first : first << 8 | second;
}

/* Lines are counted here, once for each character. */
static int next_character(struct text *text)
{
	int c = next_unit(text);
	if (c == '\r') {
		size_t at = text->head_at;
		c = next_unit(text);
		if (c != '\n' && c != EOF) { /* a CR alone: what follows is the next line's */
			bool in_head = text->head_at > at;
			if (in_head)
				text->head_at = at;
			else if (text->encoding == TEXT_BYTES)
				(void)ungetc(c, text->stream);
			else
				text->again[text->again_count++] = c > 0x7f ? '?' : c;
		}
		return '\n';
	}
	return c > 0x7f ? '?' : c;
}

int text_get(struct text *text)
{
	int c = text->again_count > 0 ? text->again[--text->again_count] : next_character(text);
	if (c != EOF && text->line_ended) {
		text->line++;
		text->line_ended = false;
	}
	text->line_ended = text->line_ended || c == '\n';
	return c;
}

/* Never a line's end: lines would be counted twice. */
void text_put_back(struct text *text, int c)
{
	if (c != EOF)
		text->again[text->again_count++] = c;
}

bool text_is_bare_base64(const struct text *text)
{
	struct text head = *text;
	head.stream = NULL;
	int c, first[3] = {0};
	size_t size = 0;
	while ((c = text_get(&head)) != EOF && isspace(c))
		continue;
	for (; c != EOF && c != '\n'; c = text_get(&head)) {
		if (!isalnum(c) && !isspace(c) && !strchr("+/=", c))
			return false;
		if (size < array_size(first))
			first[size] = c;
		size++;
	}
	/* 30 80 … 30 83, and a length. */
	return size >= 16 && first[0] == 'M' && first[1] == 'I' && first[2] >= 'A' &&
	       first[2] <= 'P';
}

static bool is_label_character(int c)
{
	return c > 0x20 && c < 0x7f && c != '-';
}

static int take_string(struct text *text, const char *string)
{
	for (; *string; string++) {
		int c = text_get(text);
		if (c == *string)
			continue;
		if (c != '\n')
			text_put_back(text, c);
		return TEXT_DAMAGED;
	}
	return 0;
}

/* The label's words and the dashes after them. */
static int take_label(struct text *text, char label[LABEL_SIZE])
{
	size_t size = 0;
	int c;
	while ((c = text_get(text)) != EOF && (is_label_character(c) || c == ' '))
		if (size < LABEL_SIZE - 1)
			label[size++] = (char)c;
	label[size] = '\0';
	if (c != '-') {
		if (c != '\n')
			text_put_back(text, c);
		return TEXT_DAMAGED;
	}
	return take_string(text, dashes + 1);
}

/* Past the next five dashes, or more. */
static bool find_dashes(struct text *text)
{
	size_t count = 0;
	int c;
	while ((c = text_get(text)) != EOF) {
		if (c == '-') {
			count++;
			continue;
		}
		/* A line of dashes is no marker. */
		if (count >= sizeof(dashes) - 1 && c != '\n') {
			text_put_back(text, c);
			return true;
		}
		count = 0;
	}
	return false;
}

int text_find_block(struct text *text, char label[LABEL_SIZE])
{
	while (text->dashes_taken || find_dashes(text)) {
		text->dashes_taken = false;
		if (take_string(text, "BEGIN ") == 0)
			return take_label(text, label);
	}
	return TEXT_END;
}

static int take_end(struct text *text, const char *label)
{
	if (take_string(text, "END "))
		return TEXT_DAMAGED;
	text->dashes_taken = false;
	return take_string(text, label) || take_string(text, dashes) ? TEXT_DAMAGED : 0;
}

int text_take_end(struct text *text, const char *label)
{
	if (take_string(text, dashes + 1))
		return TEXT_DAMAGED;
	text->dashes_taken = true; /* perhaps another block begins here */
	return take_end(text, label);
}

int text_pass_over(struct text *text, const char *label)
{
	if (!find_dashes(text))
		return TEXT_DAMAGED;
	text->dashes_taken = true;
	return take_end(text, label);
}

static int base64_value(int c)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c > 0 ? strchr(alphabet, c) : NULL;
	return at ? (int)(at - alphabet) : -1;
}

bool base64_put(struct base64 *state, int c, struct buffer *out)
{
	if (isspace(c))
		return true;
	if (c == '=') {
		state->padding++;
		return state->padding <= 2;
	}
	int value = base64_value(c);
	if (value < 0 || state->padding)
		return false;
	state->bits = state->bits << 6 | (uint32_t)value;
	if (state->count++ % 4 != 0)
		buffer_put_u8(out, (uint8_t)(state->bits >> (6 - 2 * ((state->count - 1) % 4))));
	return true;
}

bool base64_is_whole(const struct base64 *state)
{
	return (state->count + state->padding) % 4 == 0;
}
