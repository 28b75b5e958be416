/* Times of log records, as sources/fold/times.py reads them. */
#ifndef COSTTOP_MOMENT_H
#define COSTTOP_MOMENT_H

#include "api.h"

/* Milliseconds UTC of 2026-11-23T10:00:00.123Z, with 0 to 6 digits of a second; for "T" a space,
 * for "Z" an offset (+01:00) or nothing; of the years 1970 to 2099. False for any other text, which
 * is not to say that it is no time.
 */
bool moment_ms(const uint8_t *text, size_t size, int64_t *ms);

/* times.held: inside [2023-01-01, seen + 5 minutes]; `seen` 0 is no upper bound. */
int64_t moment_held(int64_t ms, int64_t seen);

#endif
