/* Writes values of Python for its marshal; values.h says which. */
#include "values.h"

#include <string.h>

enum { DIGIT = 15 /* bits of a digit of a long number */, SHORT = 255 /* bytes of a short text */ };

static void put(values *to, const void *bytes, size_t size)
{
    if (size > 0 && to->size <= to->capacity && size <= to->capacity - to->size)
        memcpy(to->out + to->size, bytes, size);
    to->size += size;
}

static void put_kind(values *to, char kind)
{
    put(to, &kind, 1);
}

/* The lowest byte first. */
static void put_number(values *to, uint32_t number, size_t size)
{
    uint8_t bytes[4];
    for (size_t nth = 0; nth < size; nth++)
        bytes[nth] = (uint8_t)(number >> (8 * nth));
    put(to, bytes, size);
}

void value_none(values *to)
{
    put_kind(to, 'N');
}

void value_truth(values *to, bool truth)
{
    put_kind(to, truth ? 'T' : 'F');
}

void value_number(values *to, int64_t number)
{
    if (number >= INT32_MIN && number <= INT32_MAX) {
        put_kind(to, 'i');
        put_number(to, (uint32_t)number, 4);
        return;
    }
    uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    uint32_t count = 0;
    for (uint64_t rest = left; rest; rest >>= DIGIT)
        count++;
    put_kind(to, 'l');
    put_number(to, number < 0 ? 0 - count : count, 4);
    for (; left; left >>= DIGIT)
        put_number(to, left & ((1 << DIGIT) - 1), 2);
}

void value_bytes(values *to, const uint8_t *bytes, size_t size)
{
    put_kind(to, 's');
    put_number(to, (uint32_t)size, 4);
    put(to, bytes, size);
}

void value_text(values *to, const uint8_t *text, size_t size)
{
    bool is_short = size <= SHORT;
    put_kind(to, is_short ? 'z' : 'a');
    put_number(to, (uint32_t)size, is_short ? 1 : 4);
    put(to, text, size);
}

static size_t many(values *to, char kind, size_t count)
{
    put_kind(to, kind);
    put_number(to, (uint32_t)count, 4);
    return to->size - 4;
}

size_t value_tuple(values *to, size_t count)
{
    return many(to, '(', count);
}

size_t value_list(values *to, size_t count)
{
    return many(to, '[', count);
}

void value_count(values *to, size_t place, size_t count)
{
    size_t size = to->size;
    if (size > to->capacity)
        return; /* none of it can be read */
    to->size = place;
    put_number(to, (uint32_t)count, 4);
    to->size = size;
}
