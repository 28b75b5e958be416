/* Takes out of a text what differs between two tries of the same thing; each puts "#" in its place.
 *
 * All work in place, as none makes a text longer, and give its new size. The patterns are those of
 * sources/fold/fingerprints.py.
 */
#ifndef COSTTOP_NORMALISING_H
#define COSTTOP_NORMALISING_H

#include "api.h"

/* _TEMPORARY: /tmp/… and /var/folders/… */
size_t settle_paths(uint8_t *text, size_t size);

/* _MOMENT: dates, and times of a day. */
size_t settle_moments(uint8_t *text, size_t size);

/* _ID: hex and UUIDs with a digit, where eight hex digits stand together anywhere. */
size_t settle_ids(uint8_t *text, size_t size);

/* _settled: all numbers, with what hex or time is around them. */
size_t settle_numbers(uint8_t *text, size_t size);

#endif
