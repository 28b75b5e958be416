/* The walk over one line's JSON; json.h says what it takes. */
#include "json.h"

#include <string.h>

#include "json_blocks.h"

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

/* The value of four hex digits, or -1. */
static int hex4(const uint8_t *at)
{
    int value = 0;
    for (int nth = 0; nth < 4; nth++) {
        uint8_t byte = at[nth], low = byte | 0x20;
        if (is_digit(byte))
            value = value * 16 + (byte - '0');
        else if (low >= 'a' && low <= 'f')
            value = value * 16 + (low - 'a' + 10);
        else
            return -1;
    }
    return value;
}

/* Behind the escape that begins at `at`; NULL for none, or for half a surrogate pair. */
static const uint8_t *escape(const uint8_t *at, const uint8_t *end)
{
    if (end - at < 2)
        return NULL;
    switch (at[1]) {
    case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't':
        return at + 2;
    case 'u':
        break;
    default:
        return NULL;
    }
    int code = end - at < 6 ? -1 : hex4(at + 2);
    if (code < 0 || (code >= 0xDC00 && code <= 0xDFFF))
        return NULL;
    if (code < 0xD800 || code > 0xDBFF)
        return at + 6;
    if (end - at < 12 || at[6] != '\\' || at[7] != 'u')
        return NULL;
    int low = hex4(at + 8);
    return low >= 0xDC00 && low <= 0xDFFF ? at + 12 : NULL;
}

/* Behind the character of two to four bytes at `at`; NULL for broken UTF-8 (RFC 3629). */
static const uint8_t *wide(const uint8_t *at, const uint8_t *end)
{
    uint8_t head = *at, least = 0x80, most = 0xBF;
    int more = head >= 0xF0 ? 3 : head >= 0xE0 ? 2 : 1;
    if (head < 0xC2 || head > 0xF4 || end - at <= more)
        return NULL;
    if (head == 0xE0)
        least = 0xA0;
    else if (head == 0xED)
        most = 0x9F;
    else if (head == 0xF0)
        least = 0x90;
    else if (head == 0xF4)
        most = 0x8F;
    if (at[1] < least || at[1] > most)
        return NULL;
    for (int nth = 2; nth <= more; nth++)
        if ((at[nth] & 0xC0) != 0x80)
            return NULL;
    return at + more + 1;
}

/* Passes over what neither ends nor bends a text, eight bytes at a time. */
static const uint8_t *plain(const uint8_t *at, const uint8_t *end)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = UINT64_C(0x8080808080808080);
    for (; end - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        uint64_t quote = word ^ ones * '"', slash = word ^ ones * '\\';
        uint64_t odd = (word | (word - ones * 0x20) | (quote - ones) | (slash - ones)) & highs;
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        if (odd) /* a borrow marks bytes behind an odd one only: the first mark is right */
            return at + (__builtin_ctzll(odd) >> 3);
#else
        if (odd)
            break;
#endif
    }
    while (at < end && *at >= 0x20 && *at < 0x80 && *at != '"' && *at != '\\')
        at++;
    return at;
}

bool json_text(json_walk *walk, json_span *text)
{
    if (json_peek(walk) != '"')
        return false;
    const uint8_t *at = walk->at + 1, *end = walk->end;
    text->start = at;
    text->plain = true;
    while ((at = plain(at, end)) < end) {
        if (*at == '"') {
            text->end = at;
            walk->at = at + 1;
            return true;
        }
        text->plain = false;
        const uint8_t *next = *at == '\\' ? json_passed(at, end) : at;
        if (next > at)
            at = next;
        else if (*at == '\\')
            at = escape(at, end);
        else
            at = *at >= 0x80 ? wide(at, end) : NULL;
        if (!at)
            return false;
    }
    return false;
}

static const uint8_t *digits(const uint8_t *at, const uint8_t *end)
{
    while (at < end && is_digit(*at))
        at++;
    return at;
}

/* Takes a number of any kind but "-0". */
static bool number(json_walk *walk)
{
    const uint8_t *at = walk->at, *end = walk->end;
    bool minus = at < end && *at == '-';
    at += minus;
    if (at == end || !is_digit(*at))
        return false;
    bool zero = *at == '0', whole = true;
    at = zero ? at + 1 : digits(at, end);
    if (at < end && *at == '.') {
        const uint8_t *first = ++at;
        whole = false;
        if ((at = digits(first, end)) == first)
            return false;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at += end - at > 1 && (at[1] == '+' || at[1] == '-') ? 2 : 1;
        const uint8_t *first = at;
        whole = false;
        if ((at = digits(first, end)) == first)
            return false;
    }
    walk->at = at;
    return !(minus && zero && whole);
}

/* Takes a value that holds no others. */
static bool scalar(json_walk *walk)
{
    json_span unused;
    switch (json_peek(walk)) {
    case '"':
        return json_text(walk, &unused);
    case 'n':
        return json_word(walk, "null");
    case 't':
        return json_word(walk, "true");
    case 'f':
        return json_word(walk, "false");
    default:
        return number(walk);
    }
}

bool json_enter(json_walk *walk, uint8_t open)
{
    if (json_peek(walk) != open)
        return false;
    walk->at++;
    return true;
}

/* At the `nth` part of what `close` ends: 1 with the walk at it, 0 behind the end, -1 broken. */
static int part(json_walk *walk, bool first, uint8_t close)
{
    uint8_t next = json_peek(walk);
    if (next == close) {
        walk->at++;
        return 0;
    }
    if (first)
        return next ? 1 : -1;
    if (next != ',')
        return -1;
    walk->at++;
    next = json_peek(walk);
    return next && next != close ? 1 : -1;
}

static int member(json_walk *walk, bool first, json_span *name)
{
    int found = part(walk, first, '}');
    if (found != 1)
        return found;
    if (!json_text(walk, name) || json_peek(walk) != ':')
        return -1;
    walk->at++;
    return 1;
}

int json_member(json_walk *walk, size_t nth, json_span *name)
{
    return member(walk, nth == 0, name);
}

int json_item(json_walk *walk, size_t nth)
{
    return part(walk, nth == 0, ']');
}

/* Takes the object or list at the walk; `objects` has a bit for each open level, 1 for objects. */
static bool nested(json_walk *walk)
{
    uint64_t objects = *walk->at++ == '{';
    bool first = true;
    json_span unused;
    for (int depth = 1; depth > 0;) {
        int found = objects & 1 ? member(walk, first, &unused) : part(walk, first, ']');
        if (found < 0)
            return false;
        first = false;
        if (found == 0) {
            objects >>= 1;
            depth--;
            continue;
        }
        uint8_t next = json_peek(walk);
        if (next != '{' && next != '[') {
            if (!scalar(walk))
                return false;
            continue;
        }
        if (depth++ == JSON_DEPTH)
            return false;
        objects = objects << 1 | (next == '{');
        walk->at++;
        first = true;
    }
    return true;
}

bool json_value(json_walk *walk, json_span *value)
{
    uint8_t next = json_peek(walk);
    value->start = walk->at;
    value->plain = false;
    if (!(next == '{' || next == '[' ? nested(walk) : scalar(walk)))
        return false;
    value->end = walk->at;
    return true;
}

bool json_count(json_walk *walk, int64_t most, int64_t *count)
{
    json_peek(walk);
    const uint8_t *start = walk->at, *at = digits(start, walk->end);
    if (at == start || at - start > 17 || (*start == '0' && at - start > 1))
        return false;
    if (at < walk->end && (*at == '.' || *at == 'e' || *at == 'E'))
        return false;
    int64_t value = 0;
    for (const uint8_t *digit = start; digit < at; digit++)
        value = value * 10 + (*digit - '0');
    walk->at = at;
    *count = value;
    return value <= most;
}

bool json_done(json_walk *walk)
{
    return json_peek(walk) == 0 && walk->at == walk->end;
}
