/* Ids of calls, as sources/fold/keys.py makes them. Texts are UTF-8, as they stand once decoded. */
#ifndef COSTTOP_KEYS_H
#define COSTTOP_KEYS_H

#include "api.h"

/* keys.half: 8 bytes of a text. keys.paired is two of them, one after the other. */
void key_half(const uint8_t *text, size_t size, uint8_t half[8]);

/* keys.is_global: 1 or 0; -1 for a name that is not ASCII, of which Python has more to say. */
int key_is_global(const uint8_t *name, size_t size);

#endif
