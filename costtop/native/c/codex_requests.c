/* Names requests by a thread's counts: equal to sources/codex/request_keys.py, which says why. */
#include "codex_requests.h"

#include <string.h>

#include "blake2b.h"
#include "codex.h"

/* What one request is told by, as `_TOLD` words it. */
typedef struct {
    uint8_t text[CODEX_TOLD];
    size_t size;
} words;

static void put(words *told, const char *text)
{
    size_t size = strlen(text);
    memcpy(told->text + told->size, text, size);
    told->size += size;
}

static void put_count(words *told, int64_t count)
{
    uint8_t digits[20];
    size_t from = sizeof digits;
    do {
        digits[--from] = (uint8_t)('0' + count % 10);
    } while (count /= 10);
    memcpy(told->text + told->size, digits + from, sizeof digits - from);
    told->size += sizeof digits - from;
}

static void put_counts(words *told, const int64_t *counts)
{
    for (int nth = 0; nth < 6; nth++) {
        put(told, nth ? ", " : "/(");
        put_count(told, counts[nth]);
    }
    put(told, ")");
}

/* Goes on with the chain of all counts; counts that begin as the first ones did begin it anew. */
static void chain_on(codex_counted *counted, const words *told)
{
    static const char HEX[] = "0123456789abcdef";
    struct blake2b hash;
    uint8_t half[8];
    size_t size = (size_t)counted->began_size;
    bool again = size == 0 || (size == told->size && memcmp(counted->began, told->text, size) == 0);
    if (size == 0) {
        memcpy(counted->began, told->text, told->size);
        counted->began_size = (int64_t)told->size;
    }
    blake2b_begin(&hash, sizeof half);
    blake2b_take(&hash, counted->chain, again ? 0 : CODEX_CHAIN);
    blake2b_take(&hash, told->text, told->size);
    blake2b_end(&hash, half);
    for (int nth = 0; nth < CODEX_CHAIN; nth++)
        counted->chain[nth] = (uint8_t)HEX[half[nth / 2] >> (nth % 2 ? 0 : 4) & 15];
}

static void name(const int64_t *row, const uint8_t *prefix, const codex_owner *owner,
                 codex_counted *counted, uint8_t *key)
{
    struct blake2b hash;
    words told = {.size = 0};
    put_counts(&told, row + CODEX_TOTAL);
    put_counts(&told, row + CODEX_COUNTS);
    chain_on(counted, &told);
    blake2b_begin(&hash, 8);
    blake2b_take(&hash, prefix, (size_t)owner->size);
    if (owner->by_chain)
        blake2b_take(&hash, counted->chain, CODEX_CHAIN);
    else
        blake2b_take(&hash, told.text, told.size);
    blake2b_end(&hash, key);
    memcpy(key + 8, owner->half, 8);
}

/* Whether the row tells no new request: it is logged again, or the window was filled up. */
static bool is_nothing(const int64_t *row, const codex_counted *counted)
{
    const int64_t *total = row + CODEX_TOTAL, *used = row + CODEX_COUNTS;
    bool again = counted->has_total && memcmp(counted->total, total, sizeof counted->total) == 0;
    return again || (used[0] == 0 && used[3] == 0);
}

int64_t costtop_codex_requests(int64_t *rows, int64_t count, const uint8_t *prefix,
                               const codex_owner *owner, codex_counted *counted, uint8_t *keys,
                               int64_t *requests)
{
    int64_t taken = 0, made = 0;
    for (; taken < count; taken++) {
        const int64_t *row = rows + taken * CODEX_ROW;
        bool nothing = is_nothing(row, counted);
        if (nothing && row[CODEX_FAILED] >= 0)
            break;
        memcpy(counted->total, row + CODEX_TOTAL, sizeof counted->total);
        counted->has_total = 1;
        if (nothing)
            continue;
        name(row, prefix, owner, counted, keys + 16 * made);
        memmove(rows + made * CODEX_ROW, row, CODEX_ROW * sizeof *row);
        made++;
    }
    *requests = made;
    return taken;
}
