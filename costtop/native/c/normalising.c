/* Takes moments, ids, paths and numbers out of texts: equal to sources/fold/fingerprints.py. */
#include "normalising.h"

#include <string.h>

#include "byte_kinds.h"

enum { LEAST_ID = 8, TIME = 8 /* bytes of 00:00:00, the shortest moment */ };

static bool starts(const uint8_t *text, size_t size, const char *with, size_t length)
{
    return size >= length && memcmp(text, with, length) == 0;
}

/* The length of /tmp/ or /var/folders/ at `text`, or 0. */
static size_t temporary(const uint8_t *text, size_t size)
{
    if (starts(text, size, "/tmp/", 5))
        return 5;
    return starts(text, size, "/var/folders/", 13) ? 13 : 0;
}

static bool in_path(uint8_t byte)
{
    return is_word(byte) || byte == '.' || byte == '/' || byte == '+' || byte == '-';
}

/* Moves what stands from `from` to `to` down to `made`; where it ends then. */
static size_t moved(uint8_t *text, size_t made, size_t from, size_t to)
{
    if (made != from)
        memmove(text + made, text + from, to - from);
    return made + (to - from);
}

size_t settle_paths(uint8_t *text, size_t size)
{
    size_t made = 0, from = 0, at = 0; /* `from`: where what was not moved yet begins */
    for (uint8_t *slash; at < size && (slash = memchr(text + at, '/', size - at));) {
        at = (size_t)(slash - text);
        size_t root = temporary(slash, size - at);
        if (root == 0) {
            at++;
            continue;
        }
        made = moved(text, made, from, at);
        for (at += root; at < size && in_path(text[at]); at++)
            ;
        text[made++] = '#';
        from = at;
    }
    return moved(text, made, from, size);
}

/* Whether `text` begins as `shape` says, in which 0 is any digit. */
static bool has_shape(const uint8_t *text, size_t size, const char *shape, size_t length)
{
    if (size < length)
        return false;
    for (size_t n = 0; n < length; n++)
        if (shape[n] == '0' ? !is_digit(text[n]) : text[n] != (uint8_t)shape[n])
            return false;
    return true;
}

static bool in_time(uint8_t byte)
{
    return is_digit(byte) || byte == ':' || byte == '.' || byte == 'Z' || byte == '+';
}

/* The length of the date or time at `text`, or 0. */
static size_t moment(const uint8_t *text, size_t size)
{
    size_t end = 0;
    if (has_shape(text, size, "0000-00-00", 10)) {
        end = 10;
        bool joined = size > 10 && (text[10] == 'T' || text[10] == ' ');
        if (joined && has_shape(text + 11, size - 11, "00:00", 5))
            for (end = 16; end < size && in_time(text[end]); end++)
                ;
    } else if (has_shape(text, size, "00:00:00", 8)) {
        for (end = 8; end < size && (is_digit(text[end]) || text[end] == '.'); end++)
            ;
    }
    return end;
}

size_t settle_moments(uint8_t *text, size_t size)
{
    size_t made = 0, from = 0; /* `from`: where what was not moved yet begins */
    for (size_t at = 0; at + TIME <= size; at++) {
        /* Most digits are none of a moment: its fifth or third character is no digit. */
        if (!is_digit(text[at]) || (text[at + 4] != '-' && text[at + 2] != ':'))
            continue;
        size_t length = moment(text + at, size - at);
        if (length == 0)
            continue;
        made = moved(text, made, from, at);
        text[made++] = '#';
        from = at + length;
        at = from - 1;
    }
    return moved(text, made, from, size);
}

/* Whether LEAST_ID hex digits stand together: then one of them is at every LEAST_ID-th place. */
static bool has_hex_run(const uint8_t *text, size_t size)
{
    for (size_t place = LEAST_ID - 1; place < size; place += LEAST_ID) {
        if (!is_hex(text[place]))
            continue;
        size_t from = place, end = place + 1;
        while (from + LEAST_ID - 1 > place && is_hex(text[from - 1]))
            from--;
        while (end < from + LEAST_ID && end < size && is_hex(text[end]))
            end++;
        if (end == from + LEAST_ID)
            return true;
    }
    return false;
}

/* A run of [0-9a-fA-F-], with what decides where an id in it ends. */
struct run {
    size_t end;
    size_t digit; /* one beyond its last digit; 0 where it has none */
    size_t dash;  /* the place of its last "-"; 0 where it has none */
    bool open;    /* no letter or digit follows, so an id may reach to the end */
};

static struct run run_from(const uint8_t *text, size_t size, size_t at)
{
    struct run run = {at, 0, 0, true};
    for (; run.end < size && (is_hex(text[run.end]) || text[run.end] == '-'); run.end++) {
        if (is_digit(text[run.end]))
            run.digit = run.end + 1;
        if (text[run.end] == '-')
            run.dash = run.end;
    }
    run.open = run.end == size || !is_alnum(text[run.end]);
    return run;
}

/* Where the id that begins at `at` of the run ends; `at` where none does. */
static size_t id_end(const struct run *run, size_t at)
{
    size_t end = run->open ? run->end : run->dash;
    return run->digit > at && end >= at + LEAST_ID ? end : at;
}

size_t settle_ids(uint8_t *text, size_t size)
{
    if (!has_hex_run(text, size))
        return size;
    struct run run = {0, 0, 0, true};
    size_t made = 0, at = 0;
    uint8_t before = ' ';
    while (at < size) {
        size_t end = at;
        if (is_hex(text[at]) && !is_alnum(before)) {
            if (at >= run.end)
                run = run_from(text, size, at);
            end = id_end(&run, at);
        }
        bool found = end > at;
        end += !found;
        before = text[end - 1];
        text[made++] = found ? '#' : text[at];
        at = end;
    }
    return made;
}

static bool around(uint8_t byte)
{
    return is_hex(byte) && !is_digit(byte);
}

static bool after(uint8_t byte)
{
    return around(byte) || byte == ':' || byte == 'T' || byte == '.' || byte == '-';
}

size_t settle_numbers(uint8_t *text, size_t size)
{
    size_t made = 0, from = 0; /* `from`: where the part since the last number begins */
    bool any = false;
    for (size_t at = 0; at < size; at++) {
        uint8_t byte = text[at];
        if (!is_digit(byte)) {
            if (!any || made > from || !after(byte))
                text[made++] = byte;
        } else if (!any || made > from) {
            while (made > from && around(text[made - 1]))
                made--;
            text[made++] = '#';
            from = made;
            any = true;
        }
    }
    return made;
}
