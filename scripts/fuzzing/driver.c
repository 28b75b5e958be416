/* Feeds each compiled function spoilt lines, in memory of exactly their size, under the sanitizers.
 *
 *     driver SEED ROUNDS FILE...
 *
 * The same seed spoils the same files in the same way. It ends with 0 where nothing was read or
 * written outside, nothing overflowed, and all that came back lies within what was handed over.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sanitizer/common_interface_defs.h"

#include "targets.h"

#define LONGEST 65536 /* bytes of one input; longer lines are left out */
#define LINES (1 << 16)

struct span {
    const uint8_t *data;
    size_t size;
};

static struct span lines[LINES];
static size_t line_count;
static uint64_t state; /* of the generator */
static unsigned long long seed, round_now;

static uint32_t any(uint32_t below)
{
    state ^= state << 13; /* xorshift64 */
    state ^= state >> 7;
    state ^= state << 17;
    return below ? (uint32_t)((state >> 32) % below) : 0;
}

static void told(void)
{
    fprintf(stderr, "driver: seed %llu, round %llu\n", seed, round_now);
}

static void add_lines(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END)) {
        fprintf(stderr, "driver: cannot read %s\n", path);
        exit(2);
    }
    long size = ftell(file);
    rewind(file);
    uint8_t *data = malloc((size_t)size + 1);
    if (!data || fread(data, 1, (size_t)size, file) != (size_t)size)
        exit(2);
    fclose(file);
    for (size_t start = 0; start < (size_t)size && line_count < LINES;) {
        const uint8_t *end = memchr(data + start, '\n', (size_t)size - start);
        size_t length = end ? (size_t)(end - data) - start : (size_t)size - start;
        lines[line_count++] = (struct span){data + start, length};
        start += length + 1;
    }
}

/* What JSON breaks on, and what the formats are told by. */
static const char *const PIECES[] = {
    "\"", "\\", "\\\"", "{", "}", "[", "]", ",", ":", "\n", "\r\n", "\r", " ", "\t", "\\n", "\\u00",
    "\\u0041", "\\ud83d", "\\ud83d\\ude00", "\\udc00", "\\q", "\x7f", "\x01", "\xc3\xa9", "\xff", "\xed\xa0\x80",
    "\xf0\x9f\x98\x80", "\xef\xbb\xbf", "null", "true", "false", "NaN", "-0", "-1", "01", "0.5", "1e9", "1e999", "1.0",
    "9007199254740993", "18446744073709551616", "9223372036854775808", "99999999999999999999999", "{}", "[]",
    "\"\":", "{\"a\":", "}{", "},", "\"type\":", "\"payload\":{", "\"timestamp\":", "\"usage\":{", "\"message\":{",
    "\"output\":", "\"arguments\":", "\"input\":", "\"call_id\":", "\"content\":[", "\"info\":{", "\"rate_limits\":null",
    "\"resets_in_seconds\":5", "\"last_token_usage\":", "\"total_token_usage\":{", "\"input_tokens\":7",
    "\"token_count\"", "\"tool_result\"", "\"is_error\":true", "\"exit_code\":1", "\"success\":false", "Exit code 1",
    "2026-11-29T15:00:00.000Z", "0000-00-00", "00:00:00", "/tmp/x", "/var/folders/", "deadbeef01", "execution error",
};

static size_t put(uint8_t *data, size_t size, size_t room, size_t at, const void *piece, size_t length)
{
    if (length > room - size)
        return size;
    memmove(data + at + length, data + at, size - at);
    memcpy(data + at, piece, length);
    return size + length;
}

static size_t cut(uint8_t *data, size_t size, size_t at, size_t length)
{
    if (length > size - at)
        length = size - at;
    memmove(data + at, data + at + length, size - at - length);
    return size - length;
}

/* Spoils `data` in one place; its new size. */
static size_t spoil(uint8_t *data, size_t size, size_t room)
{
    size_t at = any((uint32_t)size + 1), length = 1 + any(any(4) ? 8 : 400);
    const char *piece = PIECES[any(sizeof PIECES / sizeof *PIECES)];
    const struct span *other = &lines[any((uint32_t)line_count)];
    uint8_t many[2000];
    switch (any(9)) {
    case 0: /* a byte is another one */
        if (at < size)
            data[at] = (uint8_t)any(256);
        return size;
    case 1: /* a bit is another one */
        if (at < size)
            data[at] ^= (uint8_t)(1u << any(8));
        return size;
    case 2:
        return cut(data, size, at, length);
    case 3: /* a piece in the place of as many bytes */
        size = cut(data, size, at, strlen(piece));
        return put(data, size, room, at, piece, strlen(piece));
    case 4: /* a piece more, most often where JSON has an edge */
        for (size_t tries = 0; tries < 64 && at < size && !strchr("\"{}[],:", data[at]); tries++)
            at++;
        return put(data, size, room, at, piece, strlen(piece));
    case 5: /* a part of another line */
        if (!other->size)
            return size;
        size_t from = any((uint32_t)other->size);
        if (length > other->size - from)
            length = other->size - from;
        return put(data, size, room, at, other->data + from, length);
    case 6: /* a part of it once more */
        if (length > size - at)
            length = size - at;
        if (length > sizeof many)
            length = sizeof many;
        memcpy(many, data + at, length);
        return put(data, size, room, any((uint32_t)size + 1), many, length);
    case 7: /* it ends here */
        return any(4) ? size : at;
    default: /* deep, or long */
        length = any(sizeof many);
        memset(many, "[{\"9 \\a\xff"[any(8)], length);
        return any(4) ? size : put(data, size, room, at, many, length);
    }
}

/* Some lines of the files, spoilt or not; how many bytes. */
static size_t mixed(uint8_t *data, size_t room)
{
    size_t size = 0;
    for (uint32_t left = 1 + any(6), nth = any((uint32_t)line_count); left; left--, nth++) {
        const struct span *line = &lines[any(4) ? nth % line_count : any((uint32_t)line_count)];
        if (line->size + 1 > room - size)
            break;
        memcpy(data + size, line->data, line->size);
        size += line->size;
        data[size++] = '\n';
    }
    for (uint32_t spoils = any(6); spoils; spoils--)
        size = spoil(data, size, room);
    if (!any(16)) /* no line at all */
        for (size_t nth = 0; nth < size; nth++)
            data[nth] = (uint8_t)any(256);
    return size;
}

int main(int count, char **words)
{
    if (count < 4)
        return 2;
    seed = strtoull(words[1], NULL, 10);
    unsigned long long rounds = strtoull(words[2], NULL, 10);
    state = (seed + 1) * 0x9E3779B97F4A7C15u;
    for (int nth = 3; nth < count; nth++)
        add_lines(words[nth]);
    if (!line_count)
        return 2;
    __sanitizer_set_death_callback(told);
    static uint8_t room[LONGEST];
    for (round_now = 0; round_now < rounds; round_now++) {
        size_t size = mixed(room, sizeof room);
        uint8_t *exact = malloc(size); /* a byte outside of it is noticed */
        if (size && !exact)
            return 2;
        memcpy(exact, room, size);
        for (size_t nth = 0; nth < sizeof targets / sizeof *targets; nth++)
            if (!targets[nth].fed(exact, size, any)) {
                fprintf(stderr, "driver: %s answered what lies outside\n", targets[nth].name);
                told();
                return 1;
            }
        free(exact);
    }
    return 0;
}
