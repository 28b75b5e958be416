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

/* Names all that may be named at once, of which there are never more than rows. */
static bool are_named(int64_t *rows, int64_t count, const uint8_t *data, size_t size, chance any)
{
    codex_counted *counted = exactly(sizeof *counted);
    codex_owner *owner = exactly(sizeof *owner);
    bool fine = true;
    memset(counted, 0, sizeof *counted);
    for (int64_t n = 0, taken; fine && n < count; n += taken ? taken : 1) {
        int64_t left = rows[n * CODEX_ROW + CODEX_LEFT], made = -1;
        uint8_t *keys = exactly(16 * (size_t)left);
        owner->size = any((uint32_t)(size < 300 ? size : 300) + 1);
        owner->by_chain = any(2);
        taken = costtop_codex_requests(rows + n * CODEX_ROW, left, data, owner, counted, keys, &made);
        fine = taken >= 0 && taken <= left && made >= 0 && made <= taken;
        free(keys);
    }
    free(counted);
    free(owner);
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
               are_rows(rows, count, size) && are_named(rows, count, data, size, any);
        before = from;
        free(rows);
    }
    return fine && costtop_codex(data, size, NULL, 0, &from) == 0;
}

/* Whether so many spans are spans, or nothing: -1 twice. */
static bool are_spans(const int64_t *spans, int count, size_t size)
{
    for (; count > 0; count--, spans += 2)
        if (!(spans[0] == -1 && spans[1] == -1) && !is_span(spans, size))
            return false;
    return true;
}

/* How many numbers the step at `step` has, its kind included; 0 where it is none. */
static size_t step_size(const int64_t *step, size_t left, size_t size)
{
    static const size_t sizes[] = {4, 3, 16, 9, 1 + REPLY_NUMBERS, 12, 3, 9, 5};
    static const int spans[] = {1, 1, 7, 4, 0, 3, 0, 3, 2};
    if (*step < STEP_CAREFUL || *step > STEP_SHORT || left < sizes[*step] ||
        !are_spans(step + 1, spans[*step], size))
        return 0;
    if (*step != STEP_REPLY)
        return sizes[*step];
    const int64_t *reply = step + 1, *tool = reply + REPLY_NUMBERS;
    int64_t tools = reply[REPLY_TOOLS];
    if (tools < 0 || (uint64_t)tools > (left - sizes[STEP_REPLY]) / TOOL_NUMBERS ||
        !are_spans(reply + REPLY_REQUEST, 1, size))
        return 0;
    for (int64_t nth = 0; nth < tools; nth++, tool += TOOL_NUMBERS)
        if (!are_spans(tool, 3, size))
            return 0;
    return (size_t)(tool - step);
}

/* Asked with too little room, and then with what it says that it needs. */
static bool claude(const uint8_t *data, size_t size, chance any)
{
    size_t capacity = any(40);
    int64_t seen = any(2) ? 0 : INT64_C(1795478400000), *out = exactly(capacity * sizeof *out);
    int32_t named = (int32_t)any(2);
    int64_t count = costtop_claude(data, size, seen, named, out, capacity);
    free(out);
    if (count < 0)
        return false;
    out = exactly((size_t)count * sizeof *out);
    bool fine = costtop_claude(data, size, seen, named, out, (size_t)count) == count;
    for (size_t at = 0, step; fine && at < (size_t)count; at += step) {
        step = step_size(out + at, (size_t)count - at, size);
        fine = step > 0;
    }
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
