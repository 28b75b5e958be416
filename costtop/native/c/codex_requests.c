/* Names requests by a thread's counts: equal to sources/codex/request_keys.py, which says why. */
#include "codex_requests.h"

#include <string.h>

#include "blake2b.h"
#include "codex.h"
#include "moment.h"
#include "values.h"

enum { LARGEST = 512 }; /* bytes of a request as a value take fewer: a tool's name has up to 200 */

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

/* Adds `size` bytes in hex. */
static size_t hex(const uint8_t *bytes, size_t size, uint8_t *to)
{
    static const char HEX[] = "0123456789abcdef";
    for (size_t nth = 0; nth < 2 * size; nth++)
        to[nth] = (uint8_t)HEX[bytes[nth / 2] >> (nth % 2 ? 0 : 4) & 15];
    return 2 * size;
}

/* Goes on with the chain of all counts; counts that begin as the first ones did begin it anew. */
static void chain_on(codex_counted *counted, const words *told)
{
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
    hex(half, CODEX_CHAIN / 2, counted->chain);
}

static void put_key(values *to, const int64_t *row, const codex_run *run, codex_counted *counted)
{
    struct blake2b hash;
    words told = {.size = 0};
    uint8_t key[16];
    put_counts(&told, row + CODEX_TOTAL);
    put_counts(&told, row + CODEX_COUNTS);
    chain_on(counted, &told);
    blake2b_begin(&hash, 8);
    blake2b_take(&hash, run->prefix, (size_t)run->prefix_size);
    if (run->by_chain)
        blake2b_take(&hash, counted->chain, CODEX_CHAIN);
    else
        blake2b_take(&hash, told.text, told.size);
    blake2b_end(&hash, key);
    memcpy(key + 8, run->half, 8);
    value_bytes(to, key, sizeof key);
}

/* The six numbers of `records.tokens_of`. */
static void put_tokens(values *to, const int64_t *used)
{
    int64_t thought = used[4] < used[3] ? used[4] : used[3];
    const int64_t tokens[6] = {used[0], used[1], used[2], 0, used[3], thought};
    for (int nth = 0; nth < 6; nth++)
        value_number(to, tokens[nth]);
}

/* The tools of a request, at most one: the fields of a `ToolUse`. */
static void put_tools(values *to, const int64_t *row, const uint8_t *data)
{
    uint8_t text[8 + 16 + 8];
    const int64_t *name = row + CODEX_TOOL, failed = row[CODEX_FAILED], kind = row[CODEX_FAILURE];
    value_tuple(to, failed < 0 ? 0 : 1);
    if (failed < 0)
        return;
    value_tuple(to, 4);
    if (name[0] < name[1])
        value_text(to, data + name[0], (size_t)(name[1] - name[0]));
    else
        value_text(to, (const uint8_t *)"shell", 5);
    value_text(to, text, hex((const uint8_t *)(row + CODEX_HASH), 8, text));
    value_truth(to, failed);
    size_t size = hex((const uint8_t *)(row + CODEX_RESULT), 8, text);
    if (failed)
        text[size++] = '~';
    for (int shift = 24; failed && kind >= 0 && shift >= 0; shift -= 8) {
        uint8_t byte = (uint8_t)(kind >> shift);
        size += hex(&byte, 1, text + size);
    }
    value_text(to, text, size);
}

static void put_request(values *to, const int64_t *row, const uint8_t *data, const codex_run *run,
                        codex_counted *counted)
{
    value_tuple(to, 2);
    value_tuple(to, 10);
    put_key(to, row, run, counted);
    value_number(to, moment_held(row[CODEX_TIME], run->seen));
    put_tokens(to, row + CODEX_COUNTS);
    value_text(to, NULL, 0); /* no id */
    value_number(to, run->offset + row[CODEX_LINE]);
    put_tools(to, row, data);
}

/* Whether the row tells no new request: it is logged again, or the window was filled up. */
static bool is_nothing(const int64_t *row, const codex_counted *counted)
{
    const int64_t *total = row + CODEX_TOTAL, *used = row + CODEX_COUNTS;
    bool again = counted->has_total && memcmp(counted->total, total, sizeof counted->total) == 0;
    return again || (used[0] == 0 && used[3] == 0);
}

int64_t costtop_codex_requests(const uint8_t *data, const codex_run *run, codex_counted *counted,
                               uint8_t *out, int64_t capacity, int64_t *written, int64_t *requests)
{
    values to = {.out = out, .capacity = (size_t)capacity};
    size_t place = value_list(&to, 0);
    int64_t taken = 0, made = 0;
    for (; taken < run->count && to.size + LARGEST <= to.capacity; taken++) {
        const int64_t *row = run->rows + taken * CODEX_ROW;
        bool nothing = is_nothing(row, counted);
        if (nothing && row[CODEX_FAILED] >= 0)
            break;
        memcpy(counted->total, row + CODEX_TOTAL, sizeof counted->total);
        counted->has_total = 1;
        if (!nothing) {
            put_request(&to, row, data, run, counted);
            made++;
        }
    }
    value_count(&to, place, (size_t)made);
    *written = (int64_t)to.size;
    *requests = made;
    return taken;
}
