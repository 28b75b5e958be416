/* Passes over texts of JSON by blocks: which bytes are escaped is told without a branch for each.
 *
 * `json_passed` goes, from a backslash within a text on, past all that needs no look: plain ASCII,
 * and escapes of a quote, a backslash, a line's end or a tab. It gives a place from which to go on
 * byte by byte: where it began if it knows no better, as where no bytes are compared at once.
 */
#ifndef COSTTOP_JSON_BLOCKS_H
#define COSTTOP_JSON_BLOCKS_H

#include <string.h>

#include "api.h"

#if defined(__SSE2__)

enum { BLOCK = 64, SIXTEEN = 16 };

typedef char sixteen __attribute__((vector_size(SIXTEEN)));

/* A bit for each byte of a block. */
typedef struct {
    uint64_t quote, slash, letter; /* n or t */
    uint64_t odd;                  /* a control character, or not ASCII */
} marks;

static inline uint64_t bits(sixteen found, int place)
{
    return (uint64_t)(uint16_t)__builtin_ia32_pmovmskb128(found) << place;
}

static inline marks marks_of(const uint8_t *at)
{
    marks all = {0, 0, 0, 0};
    for (int place = 0; place < BLOCK; place += SIXTEEN) {
        sixteen bytes;
        memcpy(&bytes, at + place, SIXTEEN);
        all.quote |= bits((sixteen)(bytes == '"'), place);
        all.slash |= bits((sixteen)(bytes == '\\'), place);
        all.letter |= bits((sixteen)((bytes == 'n') | (bytes == 't')), place);
        all.odd |= bits((sixteen)((bytes < ' ')), place); /* from 0x80 on they are negative */
    }
    return all;
}

/* The bytes that a backslash escapes: of those in a row every other one does. `before` says
 * whether the first byte is escaped, and then whether the first one of the next block is. */
static inline uint64_t escaped_by(uint64_t slash, uint64_t *before)
{
    const uint64_t even = UINT64_C(0x5555555555555555);
    slash &= ~*before;
    uint64_t behind = slash << 1 | *before;
    uint64_t at_odd = slash & ~even & ~behind; /* rows of them that begin at an odd place */
    uint64_t ends = at_odd + slash;            /* where these carry to: behind their ends */
    *before = ends < slash;
    return (even ^ ends << 1) & behind;
}

static inline const uint8_t *json_passed(const uint8_t *at, const uint8_t *end)
{
    uint64_t before = 0;
    for (; end - at >= BLOCK; at += BLOCK) {
        marks all = marks_of(at);
        uint64_t escaped = escaped_by(all.slash, &before);
        uint64_t known = all.letter | all.quote | all.slash;
        uint64_t stop = (all.quote & ~escaped) | all.odd | (escaped & ~known);
        if (stop) {
            int place = __builtin_ctzll(stop);
            return at + place - (escaped >> place & 1); /* an escape begins with its backslash */
        }
    }
    return at - before;
}

#else

static inline const uint8_t *json_passed(const uint8_t *at, const uint8_t *end)
{
    (void)end;
    return at;
}

#endif

#endif
