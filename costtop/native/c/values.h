/* Values of Python, written as its marshal reads them (version 2 and what later ones added).
 *
 * One `marshal.loads` makes all of them at once. What has no room is counted and not written.
 */
#ifndef COSTTOP_VALUES_H
#define COSTTOP_VALUES_H

#include <stdbool.h>

#include "api.h"

typedef struct {
    uint8_t *out;
    size_t capacity, size;
} values;

void value_none(values *to);
void value_truth(values *to, bool truth);
void value_number(values *to, int64_t number);
void value_bytes(values *to, const uint8_t *bytes, size_t size);

/* A text of ASCII. */
void value_text(values *to, const uint8_t *text, size_t size);

/* A tuple or list of the `count` values that follow; the place at which `value_count` sets another
 * count, for there may be more. */
size_t value_tuple(values *to, size_t count);
size_t value_list(values *to, size_t count);
void value_count(values *to, size_t place, size_t count);

#endif
