/* The functions that Python calls, each fed as Python would. Included by driver.c alone.
 *
 * Each answers false where what came back does not lie within what was handed over.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "claude.h"
#include "codex.h"
#include "codex_requests.h"
#include "leaves.h"

typedef uint32_t (*chance)(uint32_t below);

/* Memory of exactly so many bytes, of which none is 0; the program ends where there is none. */
static void *exactly(size_t size)
{
    void *made = malloc(size);
    if (size && !made)
        abort();
    if (size)
        memset(made, 0xA5, size);
    return made;
}

static bool is_span(const int64_t *span, size_t size)
{
    return span[0] >= 0 && span[0] <= span[1] && (uint64_t)span[1] <= size;
}

static bool are_rows(const int64_t *rows, int64_t count, size_t size)
{
    for (const int64_t *row = rows; count > 0; count--, row += CODEX_ROW) {
        bool fine = row[0] >= CODEX_CAREFUL && row[0] <= CODEX_CONTEXT && row[0] != CODEX_NOTHING;
        static const int spans[] = {
            CODEX_SPAN, CODEX_SPAN + 2, CODEX_SPAN + 4, CODEX_SPAN + 6,
            CODEX_CALL_ID, CODEX_TOOL, CODEX_OUTPUT};
        bool is_count = fine && row[CODEX_KIND] == CODEX_COUNTED; /* the first span alone is one */
        for (size_t nth = 0; fine && nth < sizeof spans / sizeof *spans; nth++)
            fine = (is_count && nth > 0 && nth < 4) || is_span(row + spans[nth], size);
        if (!fine || row[CODEX_LINE] < 0 || (uint64_t)row[CODEX_LINE] > size ||
            row[CODEX_LEFT] < 0 || row[CODEX_LEFT] > count || (row[CODEX_LEFT] > 0) != is_count)
            return false;
    }
    return true;
}

/* Takes all that may be taken at once, with much room and with little. */
static bool are_taken(const int64_t *rows, int64_t count, const uint8_t *data, size_t size,
                      chance any)
{
    codex_counted *counted = exactly(sizeof *counted);
    bool fine = true;
    memset(counted, 0, sizeof *counted);
    for (int64_t n = 0, taken; fine && n < count; n += taken ? taken : 1) {
        int64_t room = 5 + any(2000), written = -1, made = -1;
        codex_run run = {.rows = rows + n * CODEX_ROW, .prefix = data};
        run.count = run.rows[CODEX_LEFT];
        run.seen = any(2) ? 0 : INT64_C(1795478400000);
        run.prefix_size = any((uint32_t)(size < 300 ? size : 300) + 1);
        run.by_chain = any(2);
        uint8_t *out = exactly((size_t)room);
        taken = costtop_codex_requests(data, &run, counted, out, room, &written, &made);
        fine = taken >= 0 && taken <= run.count && made >= 0 && made <= taken && written <= room;
        free(out);
    }
    free(counted);
    return fine;
}

/* Read with any number of rows that fit, it must come to the end, and always by a line at least. */
static bool codex(const uint8_t *data, size_t size, chance any)
{
    size_t capacity = 1 + any(any(2) ? 4 : 64), from = 0, before = 0;
    bool fine = true;
    while (fine && from < size) {
        int64_t *rows = exactly(capacity * CODEX_ROW * sizeof *rows);
        int64_t count = costtop_codex(data, size, rows, capacity, &from);
        fine = count >= 0 && (uint64_t)count <= capacity && from > before && from <= size &&
               are_rows(rows, count, size) && are_taken(rows, count, data, size, any);
        before = from;
        free(rows);
    }
    return fine && costtop_codex(data, size, NULL, 0, &from) == 0;
}

/* The number of `count` bytes, the lowest first; they are there. */
static size_t number_at(const uint8_t *at, size_t count)
{
    size_t number = 0;
    while (count-- > 0)
        number = number << 8 | at[count];
    return number;
}

/* How many bytes follow the head of the value of Python at `at`, and of how many its head is; how
 * many values it holds. False where it is none that values.h writes. */
static bool value_at(const uint8_t *at, size_t left, size_t *head, size_t *rest, size_t *holds)
{
    const char *const kinds = "NTFiszal([";
    static const size_t heads[] = {1, 1, 1, 5, 5, 2, 5, 5, 5, 5};
    const char *kind = strchr(kinds, *at);
    if (!*at || !kind || left < heads[kind - kinds])
        return false;
    *head = heads[kind - kinds];
    size_t number = *head > 1 ? number_at(at + 1, *head - 1) : 0;
    bool many = *kind == '(' || *kind == '[', sized = *kind == 's' || *kind == 'z' || *kind == 'a';
    if (*kind == 'l') /* digits of two bytes; their sign is that of their count */
        number = number >> 31 ? (UINT64_C(1) << 32) - number : number;
    *holds = many ? number : 0;
    *rest = *kind == 'l' ? 2 * number : sized ? number : 0;
    for (size_t nth = 0; *rest <= left - *head && nth < *rest && (*kind == 'z' || *kind == 'a');)
        if (at[*head + nth++] >= 0x80)
            return false;
    return *rest <= left - *head;
}

/* Whether the bytes are one value of Python, and nothing behind it. */
static bool is_value(const uint8_t *at, size_t size)
{
    size_t values = 1, head, rest, holds;
    for (; values > 0; values += holds - 1) {
        if (size == 0 || !value_at(at, size, &head, &rest, &holds))
            return false;
        at += head + rest;
        size -= head + rest;
    }
    return size == 0;
}

/* Asked with too little room, and then with what it says that it needs. */
static bool claude(const uint8_t *data, size_t size, chance any)
{
    size_t capacity = any(400);
    int64_t seen = any(2) ? 0 : INT64_C(1795478400000), offset = any(2) ? 0 : INT64_C(1) << 40;
    int32_t named = (int32_t)any(2);
    uint8_t *out = exactly(capacity);
    int64_t count = costtop_claude(data, size, offset, seen, named, out, capacity);
    free(out);
    if (count < 0)
        return false;
    out = exactly((size_t)count);
    bool fine = costtop_claude(data, size, offset, seen, named, out, (size_t)count) == count &&
                is_value(out, (size_t)count);
    free(out);
    return fine;
}

static bool leaves(const uint8_t *data, size_t size, chance any)
{
    size_t digest_size = 1 + any(64), kind_size = any((uint32_t)(size < 40 ? size : 40) + 1);
    uint8_t *digest = exactly(digest_size), *half = exactly(8), *told = exactly(12);
    int64_t *held = exactly(sizeof *held);
    costtop_blake2b(data, size, digest, digest_size);
    costtop_key_half(data, size, half);
    int32_t is_global = costtop_key_is_global(data, size);
    int32_t is_time = costtop_moment(data, size, any(2) ? 0 : INT64_C(1795478400000), held);
    costtop_fingerprint(data, size, data, kind_size, half);
    int32_t written = costtop_outcome(data, size, (int32_t)any(2), told);
    free(digest);
    free(half);
    free(told);
    free(held);
    return is_global >= -1 && is_global <= 1 && (is_time == 0 || is_time == 1) &&
           (written == 8 || written == 12);
}

static bool made_from(const uint8_t *data, size_t size, chance any)
{
    (void)data, (void)size, (void)any;
    return costtop_made_from() == -1;
}

static const struct {
    const char *name;
    bool (*fed)(const uint8_t *data, size_t size, chance any);
} targets[] = {{"claude", claude}, {"codex", codex}, {"leaves", leaves}, {"made_from", made_from}};
