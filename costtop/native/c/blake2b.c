/* BLAKE2b as RFC 7693 words it: names of section 2 and 3. */
#include "blake2b.h"

#include <string.h>

#define INLINED __attribute__((always_inline)) static inline

enum { BLOCK = 128 };

static const uint64_t IV[8] = {
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
    0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};

static const uint8_t SIGMA[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

static uint64_t turned(uint64_t word, unsigned by)
{
    return word >> by | word << (64 - by);
}

/* One expression, which compilers know to be one load. */
static uint64_t little_endian(const uint8_t *at)
{
    return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24 |
           (uint64_t)at[4] << 32 | (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 |
           (uint64_t)at[7] << 56;
}

INLINED void mix(uint64_t *v, int a, int b, int c, int d, uint64_t x, uint64_t y)
{
    v[a] += v[b] + x;
    v[d] = turned(v[d] ^ v[a], 32);
    v[c] += v[d];
    v[b] = turned(v[b] ^ v[c], 24);
    v[a] += v[b] + y;
    v[d] = turned(v[d] ^ v[a], 16);
    v[c] += v[d];
    v[b] = turned(v[b] ^ v[c], 63);
}

INLINED void mix_round(uint64_t *v, const uint64_t *m, const uint8_t *s)
{
    mix(v, 0, 4, 8, 12, m[s[0]], m[s[1]]);
    mix(v, 1, 5, 9, 13, m[s[2]], m[s[3]]);
    mix(v, 2, 6, 10, 14, m[s[4]], m[s[5]]);
    mix(v, 3, 7, 11, 15, m[s[6]], m[s[7]]);
    mix(v, 0, 5, 10, 15, m[s[8]], m[s[9]]);
    mix(v, 1, 6, 11, 12, m[s[10]], m[s[11]]);
    mix(v, 2, 7, 8, 13, m[s[12]], m[s[13]]);
    mix(v, 3, 4, 9, 14, m[s[14]], m[s[15]]);
}

static void compress(struct blake2b *hash, const uint8_t *block, bool last)
{
    uint64_t v[16], m[16];
    for (unsigned n = 0; n < 16; n++)
        m[n] = little_endian(block + 8 * n);
    memcpy(v, hash->state, sizeof hash->state);
    memcpy(v + 8, IV, sizeof IV);
    v[12] ^= hash->counted; /* the upper half of the counter stays 0: nobody hashes 2**64 bytes */
    if (last)
        v[14] = ~v[14];
    /* Written out, so that a compiler knows which words each round takes: a quarter quicker. */
    mix_round(v, m, SIGMA[0]);
    mix_round(v, m, SIGMA[1]);
    mix_round(v, m, SIGMA[2]);
    mix_round(v, m, SIGMA[3]);
    mix_round(v, m, SIGMA[4]);
    mix_round(v, m, SIGMA[5]);
    mix_round(v, m, SIGMA[6]);
    mix_round(v, m, SIGMA[7]);
    mix_round(v, m, SIGMA[8]);
    mix_round(v, m, SIGMA[9]);
    mix_round(v, m, SIGMA[0]);
    mix_round(v, m, SIGMA[1]);
    for (unsigned n = 0; n < 8; n++)
        hash->state[n] ^= v[n] ^ v[n + 8];
}

void blake2b_begin(struct blake2b *hash, size_t digest_size)
{
    memcpy(hash->state, IV, sizeof IV);
    hash->state[0] ^= 0x01010000 ^ digest_size;
    hash->counted = 0;
    hash->filled = 0;
    hash->digest_size = digest_size;
}

void blake2b_take(struct blake2b *hash, const uint8_t *data, size_t size)
{
    while (size > 0) {
        if (hash->filled == BLOCK) { /* the last block stays here: it is compressed as such */
            hash->counted += BLOCK;
            compress(hash, hash->block, false);
            hash->filled = 0;
        }
        size_t part = BLOCK - hash->filled;
        if (part > size)
            part = size;
        memcpy(hash->block + hash->filled, data, part);
        hash->filled += part;
        data += part;
        size -= part;
    }
}

void blake2b_end(struct blake2b *hash, uint8_t *digest)
{
    hash->counted += hash->filled;
    memset(hash->block + hash->filled, 0, BLOCK - hash->filled);
    compress(hash, hash->block, true);
    for (size_t n = 0; n < hash->digest_size; n++)
        digest[n] = (uint8_t)(hash->state[n / 8] >> (8 * (n % 8)));
}

void blake2b(const uint8_t *data, size_t size, uint8_t *digest, size_t digest_size)
{
    struct blake2b hash;
    blake2b_begin(&hash, digest_size);
    blake2b_take(&hash, data, size);
    blake2b_end(&hash, digest);
}
