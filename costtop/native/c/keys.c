/* Ids of calls: equal to sources/fold/keys.py, which says why. */
#include "keys.h"

#include "blake2b.h"
#include "byte_kinds.h"

enum { RANDOM = 20, KINDS = 8, MANY = 10 };

void key_half(const uint8_t *text, size_t size, uint8_t half[8])
{
    blake2b(text, size, half, 8);
}

/* How many different characters an ASCII text has. */
static int kinds(const uint8_t *text, size_t size)
{
    uint64_t seen[2] = {0, 0};
    int many = 0;
    for (size_t n = 0; n < size; n++) {
        uint64_t mark = (uint64_t)1 << (text[n] % 64);
        uint64_t *half = &seen[text[n] / 64 % 2];
        many += (*half & mark) == 0;
        *half |= mark;
    }
    return many;
}

static bool has_random_end(const uint8_t *name, size_t size)
{
    const uint8_t *end = name + size - RANDOM;
    bool digit = false;
    for (size_t n = 0; n < RANDOM; n++) {
        digit |= is_digit(end[n]);
        if (!is_alnum(end[n]))
            return false;
    }
    return digit && kinds(end, RANDOM) > MANY;
}

/* [0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12} */
static bool is_uuid(const uint8_t *at)
{
    for (size_t n = 0; n < 36; n++) {
        bool dash = n == 8 || n == 13 || n == 18 || n == 23;
        if (dash ? at[n] != '-' : !is_hex(at[n]))
            return false;
    }
    return true;
}

static bool has_uuid(const uint8_t *name, size_t size)
{
    for (size_t n = 0; n + 36 <= size; n++)
        if (is_uuid(name + n))
            return true;
    return false;
}

static bool is_joint(uint8_t byte)
{
    return byte == '-' || byte == '_' || byte == '.' || byte == ':';
}

/* The end of (?:[a-zA-Z]+\d{0,2}[-_.:])* at the beginning. */
static size_t words_end(const uint8_t *name, size_t size)
{
    size_t end = 0, at = 0;
    for (;;) {
        while (at < size && is_letter(name[at]))
            at++;
        if (at == end)
            return end;
        for (int digits = 0; digits < 2 && at < size && is_digit(name[at]); digits++)
            at++;
        if (at == size || !is_joint(name[at]))
            return end;
        end = ++at;
    }
}

static bool is_number(const uint8_t *text, size_t size)
{
    for (size_t n = 0; n < size; n++)
        if (!is_digit(text[n]))
            return false;
    return true;
}

int key_is_global(const uint8_t *name, size_t size)
{
    for (size_t n = 0; n < size; n++)
        if (name[n] >= 0x80)
            return -1;
    if (size < RANDOM)
        return 0;
    if (has_random_end(name, size) || has_uuid(name, size))
        return 1;
    size_t from = words_end(name, size);
    const uint8_t *tail = name + from;
    size -= from;
    return size >= RANDOM && kinds(tail, size) >= KINDS && !is_number(tail, size);
}
