/* BLAKE2b without a key (RFC 7693), for digests of up to 64 bytes: 4, 8 and 16 are used. */
#ifndef COSTTOP_BLAKE2B_H
#define COSTTOP_BLAKE2B_H

#include "api.h"

struct blake2b {
    uint64_t state[8];
    uint64_t counted; /* bytes that went into the state */
    uint8_t block[128];
    size_t filled;
    size_t digest_size;
};

void blake2b_begin(struct blake2b *hash, size_t digest_size);
void blake2b_take(struct blake2b *hash, const uint8_t *data, size_t size);
void blake2b_end(struct blake2b *hash, uint8_t *digest);

/* All three at once. */
void blake2b(const uint8_t *data, size_t size, uint8_t *digest, size_t digest_size);

#endif
