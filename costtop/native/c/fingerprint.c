/* Hashes of what a tool was asked and answered: equal to sources/fold/fingerprints.py. */
#include "fingerprint.h"

#include <string.h>

#include "blake2b.h"
#include "failure.h"
#include "normalising.h"

enum { ARGUMENTS = 2400, RESULT = 192, MORE = 1024 }; /* as _ARGUMENTS, _RESULT, _MORE */

void fingerprint(const uint8_t *raw, size_t size, const uint8_t *kind, size_t kind_size,
                 uint8_t hash[8])
{
    uint8_t head[ARGUMENTS];
    size_t made = size;
    if (size <= ARGUMENTS) {
        memcpy(head, raw, size);
    } else {
        memcpy(head, raw, ARGUMENTS - MORE);
        memcpy(head + ARGUMENTS - MORE, raw + size - MORE, MORE);
        made = ARGUMENTS;
    }
    made = settle_paths(head, made);
    made = settle_moments(head, made);
    made = settle_ids(head, made);
    struct blake2b state;
    blake2b_begin(&state, 8);
    blake2b_take(&state, kind, kind_size);
    blake2b_take(&state, (const uint8_t *)"", 1); /* a NUL between them */
    blake2b_take(&state, head, made);
    blake2b_end(&state, hash);
}

/* 1 for what is no hex digit: added as it stands, it takes half of what a test of a bit takes. */
static const uint8_t NO_HEX[256] = {
    [0 ... '0' - 1] = 1,
    ['9' + 1 ... 'A' - 1] = 1,
    ['F' + 1 ... 'a' - 1] = 1,
    ['f' + 1 ... 255] = 1,
};

static size_t without_hex(const uint8_t *raw, size_t size, uint8_t *to)
{
    size_t made = 0;
    for (size_t n = 0; n < size; n++) {
        to[made] = raw[n];
        made += NO_HEX[raw[n]];
    }
    return made;
}

void outcome(const uint8_t *raw, size_t size, bool error, struct outcome *told)
{
    uint8_t text[1 + RESULT + 2 * MORE] = {0}; /* it begins with a NUL, as no kind does */
    size_t head = size < RESULT ? size : RESULT;
    memcpy(text + 1, raw, head);
    size_t made = 1 + settle_numbers(text + 1, settle_paths(text + 1, head));
    if (size > RESULT) {
        size_t next = size - RESULT < MORE ? size - RESULT : MORE;
        size_t last = size < MORE ? size : MORE;
        made += without_hex(raw + RESULT, next, text + made);
        made += without_hex(raw + size - last, last, text + made);
    }
    blake2b(text, made, told->hash, 8);
    told->has_kind = error && failure_kind(raw, size, told->kind);
}
