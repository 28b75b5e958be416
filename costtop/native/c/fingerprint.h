/* Hashes of what a tool was asked and answered, as sources/fold/fingerprints.py makes them. */
#ifndef COSTTOP_FINGERPRINT_H
#define COSTTOP_FINGERPRINT_H

#include "api.h"

struct outcome {
    uint8_t hash[8];
    uint8_t kind[4];
    bool has_kind; /* only of a failure, and of one that says something */
};

/* fingerprints.fingerprint of the arguments `raw`, JSON as it stands; `kind` is UTF-8. */
void fingerprint(const uint8_t *raw, size_t size, const uint8_t *kind, size_t kind_size,
                 uint8_t hash[8]);

/* fingerprints.outcome of the result `raw`. */
void outcome(const uint8_t *raw, size_t size, bool error, struct outcome *told);

#endif
