/* The hashes, ids and times by themselves, for those who try them against their Python. */
#ifndef COSTTOP_LEAVES_H
#define COSTTOP_LEAVES_H

#include "api.h"

COSTTOP_API void costtop_blake2b(const uint8_t *data, size_t size, uint8_t *digest,
                                 size_t digest_size);
COSTTOP_API void costtop_key_half(const uint8_t *text, size_t size, uint8_t *half);
COSTTOP_API int32_t costtop_key_is_global(const uint8_t *name, size_t size);
/* 1 and the time, or 0 where the text is no plain time. */
COSTTOP_API int32_t costtop_moment(const uint8_t *text, size_t size, int64_t seen, int64_t *held);
COSTTOP_API void costtop_fingerprint(const uint8_t *raw, size_t size, const uint8_t *kind,
                                     size_t kind_size, uint8_t *hash);
/* 8 bytes, and 4 of the kind of a failure: gives how many there are. */
COSTTOP_API int32_t costtop_outcome(const uint8_t *raw, size_t size, int32_t error, uint8_t *told);

#endif
