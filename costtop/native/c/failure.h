/* The kind of a failure, as `_kind` of sources/fold/fingerprints.py says it. */
#ifndef COSTTOP_FAILURE_H
#define COSTTOP_FAILURE_H

#include "api.h"

/* 4 bytes of an error's first line that says something; false where none does. */
bool failure_kind(const uint8_t *raw, size_t size, uint8_t kind[4]);

#endif
