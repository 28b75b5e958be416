/* The hashes, ids and times by themselves. */
#include "leaves.h"

#include <string.h>

#include "blake2b.h"
#include "fingerprint.h"
#include "keys.h"
#include "moment.h"

void costtop_blake2b(const uint8_t *data, size_t size, uint8_t *digest, size_t digest_size)
{
    blake2b(data, size, digest, digest_size);
}

void costtop_key_half(const uint8_t *text, size_t size, uint8_t *half)
{
    key_half(text, size, half);
}

int32_t costtop_key_is_global(const uint8_t *name, size_t size)
{
    return key_is_global(name, size);
}

int32_t costtop_moment(const uint8_t *text, size_t size, int64_t seen, int64_t *held)
{
    int64_t ms = 0;
    if (!moment_ms(text, size, &ms))
        return 0;
    *held = moment_held(ms, seen);
    return 1;
}

void costtop_fingerprint(const uint8_t *raw, size_t size, const uint8_t *kind, size_t kind_size,
                         uint8_t *hash)
{
    fingerprint(raw, size, kind, kind_size, hash);
}

int32_t costtop_outcome(const uint8_t *raw, size_t size, int32_t error, uint8_t *told)
{
    struct outcome made;
    outcome(raw, size, error != 0, &made);
    memcpy(told, made.hash, 8);
    if (!made.has_kind)
        return 8;
    memcpy(told + 8, made.kind, 4);
    return 12;
}
