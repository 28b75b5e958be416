/* Walks the JSON of one line: no recursion, no memory of its own, nothing read outside.
 *
 * It is stricter than any decoder that costtop uses: what it takes, they take, and read alike. What
 * it does not take is no error: the caller hands the whole line to Python, which knows how to mend.
 * So it refuses broken UTF-8, lone surrogates, control characters, more than JSON_DEPTH levels and
 * "-0" (which decoders read as 0). All functions move `at` behind what they took; where they
 * answer false (or a negative number), `at` stands anywhere within the line and the walk is over.
 */
#ifndef COSTTOP_JSON_H
#define COSTTOP_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { JSON_DEPTH = 64 };

typedef struct {
    const uint8_t *at, *end;
} json_walk;

/* A piece of the line; of a text, what stands between its quotes. */
typedef struct {
    const uint8_t *start, *end;
    bool plain; /* a text of ASCII without a backslash: its bytes are its characters */
} json_span;

static inline bool json_is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* The byte at which the next value begins, behind blanks; 0 at the end. */
static inline uint8_t json_peek(json_walk *walk)
{
    while (walk->at < walk->end && json_is_blank(*walk->at))
        walk->at++;
    return walk->at < walk->end ? *walk->at : 0;
}

/* Takes any value, and says where it stands, without the blanks around it. */
bool json_value(json_walk *walk, json_span *value);

/* Takes a text. */
bool json_text(json_walk *walk, json_span *text);

/* Takes a whole number of 0 to `most` (below 10^17), written without sign, point or exponent. */
bool json_count(json_walk *walk, int64_t most, int64_t *count);

/* Takes `word` ("null", "true", "false") if it stands there; false leaves the walk as it is. */
static inline bool json_word(json_walk *walk, const char *word)
{
    size_t size = strlen(word);
    json_peek(walk);
    if ((size_t)(walk->end - walk->at) < size || memcmp(walk->at, word, size) != 0)
        return false;
    walk->at += size;
    return true;
}

/* Takes `open` ('{' or '['). */
bool json_enter(json_walk *walk, uint8_t open);

/* Goes to the `nth` (from 0) member of an object that was entered: 1 and its name, with the walk
 * at its value, which the caller takes; 0 where the object ends, behind it; -1 where it breaks. */
int json_member(json_walk *walk, size_t nth, json_span *name);

/* The same for the items of a list. */
int json_item(json_walk *walk, size_t nth);

/* Only blanks are left. */
bool json_done(json_walk *walk);

/* Whether the span's bytes are `word`. */
static inline bool json_is(json_span span, const char *word)
{
    size_t size = (size_t)(span.end - span.start);
    return strlen(word) == size && memcmp(span.start, word, size) == 0;
}

/* Whether both spans hold the same bytes. */
static inline bool json_same(json_span one, json_span other)
{
    size_t size = (size_t)(one.end - one.start);
    return size == (size_t)(other.end - other.start) && memcmp(one.start, other.start, size) == 0;
}

#endif
