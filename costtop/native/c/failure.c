/* The kind of a failure: its first line that says something, without what it names. */
#include "failure.h"

#include <string.h>

#include "blake2b.h"
#include "byte_kinds.h"

enum { SAID = 600, LINE = 160 }; /* as _SAID, _LINE */

struct span {
    const uint8_t *at;
    size_t size;
};

/* What is after the last `mark`, which ends with ":", of a text; false where it has none. */
static bool after_last(struct span *text, const char *mark)
{
    size_t length = strlen(mark);
    for (size_t at = text->size < length ? 0 : text->size - length + 1; at-- > 0;) {
        if (text->at[at + length - 1] == ':' && memcmp(text->at + at, mark, length) == 0) {
            text->at += at + length;
            text->size -= at + length;
            return true;
        }
    }
    return false;
}

/* _said: the text of a block, the output of a command, or all of it. */
static struct span said_of(struct span raw)
{
    static const char *const SPOKEN[] = {
        "text\":",   "text\\\":",  "output\":",  "output\\\":",
        "error\":", "error\\\":", "message\":", "message\\\":",
    };
    for (size_t n = 0; n < sizeof SPOKEN / sizeof *SPOKEN; n++)
        if (after_last(&raw, SPOKEN[n]))
            break;
    return raw;
}

/* Cuts the text at the first \n as JSON writes it; what is after it, or no place where none is. */
static struct span cut_line(struct span *text)
{
    for (size_t n = 0; n + 1 < text->size; n++) {
        if (text->at[n] == '\\' && text->at[n + 1] == 'n') {
            struct span rest = {text->at + n + 2, text->size - n - 2};
            text->size = n;
            return rest;
        }
    }
    return (struct span){NULL, 0};
}

/* The length of a tag (</?\w+>) at the beginning, or 0. */
static size_t tag(const uint8_t *text, size_t size)
{
    size_t at = 1;
    at += at < size && text[at] == '/';
    size_t name = at;
    while (at < size && is_word(text[at]))
        at++;
    return text[0] == '<' && at > name && at < size && text[at] == '>' ? at + 1 : 0;
}

/* A quoted text as `_QUOTED` finds it at `at`: its length, or 0. */
static size_t quoted(const uint8_t *text, size_t size, size_t at)
{
    size_t open = at;
    while (open < size && text[open] == '\\')
        open++;
    if (open == size)
        return 0;
    uint8_t quote = text[open];
    if (quote != '"' && (open > at || (quote != '\'' && quote != '`')))
        return 0;
    if (quote == '\'' && at > 0 && is_letter(text[at - 1])) /* an apostrophe */
        return 0;
    for (size_t end = open + 1; end < size; end++)
        if (text[end] == quote)
            return end + 1 - at;
    return 0;
}

static size_t without_tags(struct span line, uint8_t *to)
{
    size_t made = 0, length;
    for (size_t at = 0; at < line.size; at += length) {
        length = tag(line.at + at, line.size - at);
        if (length == 0) {
            to[made++] = line.at[at];
            length = 1;
        }
    }
    return made;
}

static bool at_edge(uint8_t byte)
{
    return byte != 0 && strchr("\\[{\": ", byte) != NULL;
}

static struct span stripped(struct span text)
{
    for (; text.size > 0 && at_edge(text.at[0]); text.size--)
        text.at++;
    while (text.size > 0 && at_edge(text.at[text.size - 1]))
        text.size--;
    return text;
}

static bool begins(struct span text, const char *with)
{
    size_t length = strlen(with);
    if (text.size < length)
        return false;
    for (size_t n = 0; n < length; n++) {
        uint8_t byte = is_letter(text.at[n]) ? text.at[n] | 0x20 : text.at[n];
        if (byte != (uint8_t)with[n])
            return false;
    }
    return true;
}

/* _FORM: what stands around what is said. */
static bool is_form(struct span said)
{
    static const char *const FORMS[] = {"exit code", "wall time", "chunk id", "process exited"};
    for (size_t n = 0; n < sizeof FORMS / sizeof *FORMS; n++)
        if (begins(said, FORMS[n]))
            return true;
    if (begins(said, "output")) {
        size_t end = 6 + (said.size > 6 && said.at[6] == ':');
        if (said.size == end || (said.size == end + 1 && said.at[end] == '\n'))
            return true;
    }
    for (size_t n = 0; n < said.size; n++)
        if (is_word(said.at[n]))
            return false;
    return true;
}

static bool is_space(uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* Whether a word names nothing: it has no "/", nor what _MARKED takes for one, and no suffix. */
static bool is_plain(struct span word)
{
    for (size_t n = 0; n < word.size; n++) {
        uint8_t byte = word.at[n];
        if (is_digit(byte) || (byte != 0 && strchr("/_=<>@\\", byte) != NULL))
            return false;
        if (byte == '.' && n + 1 < word.size && is_letter(word.at[n + 1]))
            return false;
    }
    return true;
}

static size_t without_quoted(struct span said, uint8_t *to)
{
    size_t made = 0, length;
    for (size_t at = 0; at < said.size; at += length) {
        length = quoted(said.at, said.size, at);
        if (length == 0) {
            to[made++] = said.at[at];
            length = 1;
        }
    }
    return made;
}

/* Hashes the words of a line that name nothing; false where there are none. */
static bool hashed(struct span said, uint8_t kind[4])
{
    uint8_t text[LINE];
    size_t size = without_quoted(said, text), at = 0, many = 0;
    struct blake2b state;
    blake2b_begin(&state, 4);
    while (at < size) {
        size_t from = at;
        while (at < size && !is_space(text[at]))
            at++;
        struct span word = {text + from, at - from};
        if (word.size > 0 && is_plain(word)) {
            blake2b_take(&state, (const uint8_t *)" ", many++ > 0);
            blake2b_take(&state, word.at, word.size);
        }
        at += at < size;
    }
    blake2b_end(&state, kind);
    return many > 0;
}

bool failure_kind(const uint8_t *raw, size_t size, uint8_t kind[4])
{
    struct span line = said_of((struct span){raw, size < SAID ? size : SAID});
    while (line.at != NULL) {
        struct span rest = cut_line(&line);
        uint8_t text[LINE];
        line.size = line.size < LINE ? line.size : LINE;
        struct span said = stripped((struct span){text, without_tags(line, text)});
        if (!is_form(said))
            return hashed(said, kind);
        line = rest;
    }
    return false;
}
